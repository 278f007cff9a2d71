"""Alerts with their outbox. What happened before was not judged when it happened and never will be."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_alerts()
    _create_deliveries()
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("fingerprint", "rule"),
        *_integers("until_ns"),
        *_texts("actor", "reason"),
        *_integers("made_ns"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alert_channels",
        sa.Column("channel", sa.String(16), primary_key=True),
        *_integers("ok_ns", "failed_ns", "failures"),
        *_texts("error"),
    )
    op.create_table("alert_marks", sa.Column("name", sa.String(16), primary_key=True), *_integers("value"))
    for name, column, table in (
        ("record", "seq", "audit"),
        ("decision_ns", "at_ns", "decisions"),
        ("decision", "seq", "decisions"),
    ):
        op.execute(f"INSERT INTO alert_marks (name, value) SELECT '{name}', coalesce(max({column}), 0) FROM {table}")


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        *_texts("rule", "level"),
        *_flags("severity"),
        *_texts("source", "scope", "message"),
        *_flags("standing"),
        *_integers("record", "first_ns", "last_ns", "count", "withheld", "reminded", "sent_ns", "acked_ns"),
        *_texts("acked_by", "note"),
        *_integers("resolved_ns", "change"),
        sqlite_autoincrement=True,
    )
    op.create_index("alerts_by_fingerprint", "alerts", ["fingerprint", "id"])
    op.create_index("alerts_by_state", "alerts", ["resolved_ns", "severity"])
    op.create_index("alerts_by_time", "alerts", ["first_ns"])
    op.create_index("alerts_by_change", "alerts", ["change"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        *_integers("alert"),
        *_texts("channel", "kind", "state"),
        *_flags("critical"),
        *_integers("due_ns", "made_ns", "begun_ns", "sent_ns", "attempts"),
        *_texts("error", "note", "title", "text"),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "channel"])
    op.create_index("deliveries_by_alert", "deliveries", ["alert"])
    op.create_index("deliveries_by_time", "deliveries", ["channel", "made_ns"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.SmallInteger, nullable=False) for name in names]
