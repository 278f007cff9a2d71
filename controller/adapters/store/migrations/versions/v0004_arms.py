"""Orders, fills and positions belong to an arm of an A/B test; what came before belongs to none."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("positions", "orders", "fills"):
        for name in ("arm", "test"):
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
        op.add_column(table, sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
