"""Fills as the venue logs them.

What was kept until now was derived from orders, without number or fee: it is dropped, the venue's log fills the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXTS = ("order", "uid", "symbol", "side", "market_time")
_NUMBERS = ("quantity", "price", "fee", "position", "at_ns")


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("fills")
    op.create_table(
        "fills",
        sa.Column("book", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _NUMBERS),
    )
    op.create_index("fills_by_strategy", "fills", ["book", "uid", "seq"])
