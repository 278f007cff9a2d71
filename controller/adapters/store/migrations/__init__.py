"""The schema's history. A release adds a file in ``versions`` and its name to :data:`REVISIONS`."""

from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import SettingsError

if TYPE_CHECKING:  # the names alone must cost a reader nothing
    from sqlalchemy import Connection

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
HEAD = REVISIONS[-1]
FOLDER = Path(__file__).parent


def is_older(schema: str, place: object) -> bool:
    """Whether the store at ``place`` needs migrations; a new one, without a schema, does not.

    Raises SettingsError when a newer release wrote it.
    """
    if schema and schema not in REVISIONS:
        message = f"{place} has schema {schema}, newer than this release's {HEAD}"
        raise SettingsError(message, "use the release that wrote it")
    return schema not in ("", HEAD)


def upgrade(connection: "Connection") -> None:
    """Run what is missing in ``connection``'s transaction; two processes at once do it once."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
