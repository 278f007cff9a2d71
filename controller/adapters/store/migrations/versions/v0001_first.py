"""The first schema."""

import sqlalchemy as sa
from alembic import op

from controller.adapters.store.dialect import dialect_of

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, and make the audit log append-only."""
    _create_audit()
    _create_control()
    _create_market()
    _create_book()
    for statement in dialect_of(op.get_bind().dialect.name).append_only("audit"):
        op.execute(statement)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        *_integers("at_ns"),
        *_texts("event", "actor", "channel", "level", "kind"),
        *_integers("intent"),
        *_texts("outcome", "scope", "reason", "before", "after", "revision", "audit_id", "details"),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("audit_by_id", "audit", ["audit_id"])
    op.create_index("audit_by_intent", "audit", ["kind", "intent"])


def _create_control() -> None:
    op.create_table("revisions", _key("name", 32), *_texts("commit_id"))
    op.create_table("plans", _key("digest", 64), *_integers("at_ns"), *_texts("target", "outcome", "document"))
    op.create_index("plans_by_time", "plans", ["at_ns"])
    op.create_table(
        "halts",
        _key("id", 32),
        *_texts("scope", "mode"),
        *_integers("opened_ns"),
        *_texts("actor", "source", "reason"),
        sa.Column("word", sa.String(16), nullable=False),
        *_integers("slot"),
        *_flags("durable", "adopted", "evidenced"),
    )
    op.create_table("releases", _key("halt_id", 32), *_integers("at_ns"), *_texts("commit_id"))
    op.create_table("peaks", _key("scope", 64), *_integers("value"))


def _create_market() -> None:
    op.create_table(
        "decisions",
        _key_number("at_ns"),
        _key_number("seq"),
        *_texts("market_time", "kind", "code", "uid", "symbol", "limit"),
        *_integers("observed", "projected", "value"),
        *_texts("revision", "message"),
    )
    op.create_table(
        "samples",
        _key("series", 16),
        sa.Column("resolution", sa.SmallInteger, primary_key=True, autoincrement=False),
        _key_number("at_ns"),
        _key("key", 64),
        *_texts("market_time"),
        *_integers("value", "low", "high"),
        sqlite_with_rowid=False,
    )


def _create_book() -> None:
    op.create_table(
        "positions",
        _key("uid", 32),
        _key("symbol", 12),
        *_integers("quantity", "entry", "mark"),
        *_texts("opened_market"),
        *_integers("realized"),
    )
    op.create_table(
        "orders",
        _key("order", 64),
        *_texts("client_id", "uid", "symbol", "side", "type"),
        *_integers("quantity", "filled", "price"),
        *_texts("state"),
        *_integers("submitted_ns"),
        *_texts("market_time"),
        *_integers("average"),
    )
    op.create_index("orders_by_time", "orders", ["submitted_ns"])
    op.create_table(
        "fills",
        sa.Column("order", sa.String(64), sa.ForeignKey("orders.order"), primary_key=True),
        _key_number("filled"),
        *_texts("uid", "symbol", "side"),
        *_integers("quantity", "price"),
        *_texts("market_time"),
        *_integers("at_ns"),
    )
    op.create_index("fills_by_time", "fills", ["at_ns"])


def _key(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), primary_key=True)


def _key_number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.SmallInteger, nullable=False) for name in names]
