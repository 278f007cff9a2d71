"""``init``, ``service``, ``db``, ``doctor``, ``watchdog`` and ``completion``."""

from typing import Literal

from pydantic import Field

from schemas.documents.parts import Answer, Trouble
from schemas.scalars import Model
from schemas.status import Revision

Names = tuple[str, ...]
Changing = Field(description="True: nothing was changed, this is what would be")


class InitPlan(Answer):
    """``init --dry-run``: the paths that it would make."""

    dry_run: Literal[True]
    home: str
    make: Names


class Init(Answer):
    """``init``: the paths that it made, those that it kept, and the next command."""

    home: str
    repository: str
    made: Names
    kept: Names
    next: str


class StartPlan(Answer):
    """``service start --dry-run``: the services that it would start."""

    dry_run: Literal[True]
    start: Names


class Started(Answer):
    """``service start``: ``ready`` when the desired state is in force, the gate has its permit and all are up.

    ``already``: the controller was up before. ``problem``: what it waits for; without it and ``revision`` the
    controller has not answered.
    """

    pid: int | None = Field(description="Of the controller")
    ready: bool
    permit: str | None
    revision: Revision | None = None
    problem: str = ""
    already: bool
    seconds: float


class StopPlan(Answer):
    """``service stop --dry-run``: the services that it would stop."""

    dry_run: Literal[True]
    stop: Names


class Stopped(Answer):
    """``service stop``: what became of each service."""

    services: dict[str, str]


class Process(Model):
    """One service; ``pid`` is null when it is down."""

    pid: int | None
    running: bool


class ServiceStatus(Answer):
    """``service status``: ``running`` when every service is up."""

    pid: int | None = Field(description="Of the controller")
    running: bool
    services: dict[str, Process]
    home: str


class Logs(Answer):
    """``service logs``: the newest lines of each service, oldest first."""

    logs: dict[str, Names]


class Installed(Answer):
    """``service install``: the unit's text and that of the files beside it by path, and the next commands."""

    dry_run: bool = Changing
    path: str
    unit: str
    beside: dict[str, str]
    next: Names


class Ping(Answer):
    """``db ping``: the store was read and written, in milliseconds."""

    store: str
    kind: Literal["SQLite"]
    revision: str = Field(alias="schema", description="Revision of the store's schema; empty for an empty database")
    read_ms: float
    write_ms: float


class Saved(Model):
    """One whole backup: ``why`` it was made, ``tip`` the commit of the configuration at that moment."""

    name: str
    folder: str
    time: str = Field(description="ISO 8601 in UTC")
    why: str
    bytes: int
    revision: str = Field(alias="schema", description="Revision of the store's schema")
    audit_records: int
    tip: str


class StoreFile(Model):
    """The store's file; null where it cannot be read."""

    path: str
    bytes: int
    wal_bytes: int
    revision: str | None = Field(alias="schema", description="Revision of the store's schema")
    schema_wanted: str
    audit_records: int | None


class Backups(Model):
    """The backups that there are, newest first."""

    folder: str
    every_hours: float
    keep_days: float
    count: int
    bytes: int
    newest_age_seconds: int | None
    backups: tuple[Saved, ...]


class StoreStatus(Answer):
    """``db status``: store, backups, and the stores that a restore put aside."""

    store: StoreFile
    backups: Backups
    replaced: Names
    disk_free_bytes: int


class BackupPlan(Answer):
    """``db backup --dry-run``: where it would go and what no backup holds."""

    dry_run: Literal[True]
    folder: str
    left_out: Names


class Backup(Answer):
    """``db backup``"""

    backup: Saved
    left_out: Names


class Migrated(Answer):
    """``db migrate``: the ``steps`` to take and what was ``done`` of them, in words."""

    dry_run: bool = Changing
    steps: Names
    done: Names


class RestorePlan(Answer):
    """``db restore --dry-run``: the backup, the store in whose place it goes, and where that would be kept."""

    dry_run: Literal[True]
    backup: Saved
    store: str
    aside: str


class Restored(Answer):
    """``db restore``: ``aside`` is the store that was replaced; ``lost``: audit records that could not be
    carried over."""

    backup: Saved
    aside: str
    audit_records_carried: int
    lost: Names
    audit_id: str
    next: str


class Repair(Model):
    """One thing that ``doctor --fix`` did: a mode closed, or damage put aside."""

    action: Literal["put aside", "close"]
    path: str
    before: str = Field(alias="from", description="File mode in octal, or what was damaged")
    to: str = Field(description="File mode in octal, or where it lies now")


class Check(Model):
    """One finding; ``hint`` is the next command, empty when all is well."""

    check: str
    level: Literal["ok", "warning", "error"]
    message: str
    hint: str


class Doctor(Answer):
    """``doctor``; ``error`` when a check failed."""

    home: str
    dry_run: bool = Changing
    fixed: tuple[Repair, ...]
    checks: tuple[Check, ...]
    error: Trouble | None = None


class Watchdog(Answer):
    """``watchdog``: services that are down, messages sent by channel, and what went wrong in sending."""

    down: Names
    sent: dict[str, int]
    problems: Names


class Completion(Answer):
    """``completion``: the script that a shell reads."""

    shell: Literal["bash", "zsh", "fish"]
    script: str
