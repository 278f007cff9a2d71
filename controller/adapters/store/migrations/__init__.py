"""The schema's history. A release adds a file in ``versions`` and its name to :data:`REVISIONS`."""

from pathlib import Path

from sqlalchemy import Connection

REVISIONS = ("0001",)
HEAD = REVISIONS[-1]


def upgrade(connection: Connection) -> None:
    """Run what is missing in ``connection``'s transaction; two processes at once do it once."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
