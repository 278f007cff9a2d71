"""A/B tests: where each stands, its looks, the sessions of paired ones."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "trials",
        sa.Column("test", sa.String(64), primary_key=True),
        *_of(sa.Text, "state"),
        *_of(sa.BigInteger, "decided_ns"),
        *_of(sa.Text, "document"),
    )
    op.create_table(
        "looks",
        sa.Column("test", sa.String(64), primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        *_of(sa.Double, "information", "z", "boundary", "spent", "p", "shown"),
        *_of(sa.Text, "crossed"),
        *_of(sa.BigInteger, "at_ns"),
        *_of(sa.Text, "market_time"),
    )
    op.create_table(
        "shadows",
        sa.Column("book", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        *_of(sa.Text, "uid", "test"),
        *_of(sa.BigInteger, "epoch"),
        *_of(sa.Text, "market_time"),
        *_of(sa.BigInteger, "return_a", "return_b"),
    )
    op.create_index("shadows_by_test", "shadows", ["book", "test", "seq"])


def _of(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]
