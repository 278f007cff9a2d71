"""Bring a home that an older release made to this release's layout and schema, a backup first."""

import time

from controller.adapters.git import hook_files
from controller.adapters.git.hook_files import State
from controller.adapters.store import migrations, sqlite_file
from controller.home import Home
from controller.host.settings_file import with_version
from controller.settings import HOME_VERSION, load
from schemas.audit import AuditEntry

WHY = "before migration"


def outstanding(home: Home) -> list[str]:
    """What :func:`migrate` would do, in words; empty when the home is up to date.

    Raises SettingsError when a newer release wrote the home, StoreUnavailable when the store cannot be read.
    """
    steps = []
    schema = sqlite_file.schema_of(home.store) if home.store.exists() else ""
    if migrations.is_older(schema, home.store):
        steps.append(f"store: schema {schema} → {migrations.HEAD}")
    settings = load({"GT_RISK_HOME": str(home.root)})
    if settings.home_version < HOME_VERSION:
        steps.append(f"settings: home_version {settings.home_version} → {HOME_VERSION}")
    old = [path for path, state in hook_files.look(home, settings.pins) if state is State.OLD]
    return steps + [f"hook of an older release: {path}" for path in old]


def migrate(home: Home, actor: str) -> list[str]:
    """Do what is outstanding and say what was done; killed anywhere, the next call does the rest.

    The caller makes sure that no service writes meanwhile. Raises SettingsError, StoreUnavailable, OSError.
    """
    steps = outstanding(home)
    if not steps:
        return []
    from controller.adapters.store.database import Database
    from controller.adapters.store.sql import SqlStore
    from controller.host import backup
    from controller.reconcile.publisher import write_durably

    saved = backup.make(home, WHY).name if home.store.exists() else "no store yet, so no backup"
    Database(home.store, upgrade=True).close()
    write_durably(home.settings, with_version(home.settings.read_text(), HOME_VERSION))
    hook_files.renew(home, load({"GT_RISK_HOME": str(home.root)}).pins)
    store = SqlStore(home.store, home.audit_head)
    try:
        store.append_audit(
            AuditEntry(
                at_ns=time.time_ns(),
                event="home.migrate",
                actor=actor,
                channel="controller",
                level="warn",
                details=f"{'; '.join(steps)}; backup: {saved}",
            )
        )
    finally:
        store.close()
    return [*steps, f"backup: {saved}"]
