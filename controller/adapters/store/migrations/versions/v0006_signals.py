"""Sessions of A/B tests count the signals that were drawn for each arm."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for name in ("signals_a", "signals_b"):
        op.add_column("shadows", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
