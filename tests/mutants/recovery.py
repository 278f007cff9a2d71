# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of backup, restore, versions, permissions and data checks, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits

_SNAPSHOT = "controller.adapters.store.snapshot"
_CARRY = "controller.adapters.store.carry"
_MIGRATIONS = "controller.adapters.store.migrations"
_BACKUP = "controller.host.backup"
_BACKUPS = "controller.host.backups"
_KEEPER = "controller.host.backup_keeper"
_RESTORE = "controller.host.restore"
_VERSIONS = "controller.host.versions"
_BOOKS = "controller.host.book_check"
_GUARDS = "controller.core.plan.guards"
_GOAL = "controller.reconcile.goal"
_SETTINGS = "controller.settings"

RECOVERY = (
    *edits(("test_backup",), (
        (_SNAPSHOT, "small steps", "pages=STEP_PAGES", "pages=-1"),
        (_BACKUP, "the copy is checked", "    if problem := sqlite_file.problem(fresh / STORE):\n", "    if problem := '':\n"),
        (_BACKUP, "its chain is walked", "    if not report.ok:\n", "    if False:\n"),
        (_BACKUP, "one at a time", "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n", ""),
        (_BACKUP, "room first", "    if free < wanted:\n", "    if False:\n"),
        (_BACKUPS, "files are compared", '        if sha256(folder / name) != wanted[name]["sha256"]:\n', "        if False:\n"),
        (_BACKUPS, "missing files are named", "for name in sorted(wanted.keys() - there)]", "for name in []]"),
        (_BACKUPS, "added files are named", "for name in sorted(there - wanted.keys())]", "for name in []]"),
        (_BACKUPS, "a clock set back", "return newest is None or not 0 <= now_ns - newest.at_ns <", "return newest is None or not now_ns - newest.at_ns <"),
    )),
    *edits(("test_backup_keeper",), (
        (_KEEPER, "what a change waits for", "        if any(item.why == why for item in found):\n", "        if found:\n"),
        (_KEEPER, "a failure rests", "        self._not_before = now + RETRY_SECONDS\n", ""),
    )),
    *edits(("test_restore",), (
        (_RESTORE, "nothing runs meanwhile", "    if running:\n", "    if False:\n"),
        (_RESTORE, "the backup is what its manifest says", "    if problems := backups.damage(chosen.folder):\n", "    if problems := []:\n"),
        (_RESTORE, "a release of the journal counts", "if entry.kind == RELEASED)", "if False)"),
        (_RESTORE, "a clear in force counts", "released | known.cleared, known.commit", "released, known.commit"),
        (_CARRY, "no release without a witness", '    connection.execute("DELETE FROM main.releases WHERE', '    connection.execute("DELETE FROM main.releases WHERE 0 AND'),
        (_CARRY, "halts come along", '"INSERT OR REPLACE INTO main.halts ({columns}) SELECT {columns} FROM old.halts"', '"SELECT 1"'),
        (_CARRY, "the higher peak", "max(value, excluded.value)", "min(value, excluded.value)"),
        (_CARRY, "links are checked", "            if problem:\n", "            if False:\n"),
        (_CARRY, "the same log", "        if last != EMPTY and (same is None or", "        if False and (same is None or"),
        (_CARRY, "a cut is told", "    carried.lost += [found[1]] if found is not None else []\n", ""),
    )),
    *edits(("test_versions", "test_home_version"), (
        (_MIGRATIONS, "a newer store is refused", "    if schema and schema not in REVISIONS:\n", "    if False:\n"),
        (_VERSIONS, "a backup before", "backup.make(home, WHY).name if home.store.exists() else", "'' if home.store.exists() else"),
        (_SETTINGS, "a newer home is refused", "    if isinstance(version, int) and version > HOME_VERSION:\n", "    if False:\n"),
    )),
    *edits(("test_brakes", "test_reconciler"), (
        (_GUARDS, "a large change has a backup", 'why = missing() if size.percent > bound else ""', 'why = ""'),
        (_GOAL, "a large change waits for it", "        return hold or unsaved(size, bound, lambda: self._unsaved(goal.desired.commit))\n", "        return hold\n"),
    )),
    *edits(("test_quarantine",), (
        ("controller.host.quarantine", "evidence stays until its halt is cleared", "if _halt_id(item) in cleared]", "]"),
        ("controller.latch.journal_mend", "a record that has changed is left", "        if os.pread(fd, len(data), at).ljust(len(data), b\"\\0\") != data:\n", "        if False:\n"),
        ("controller.latch.journal_mend", "a locked record is left", "    if not try_lock(fd, at, RECORD):\n        return False\n", "    try_lock(fd, at, RECORD)\n"),
    )),
    *edits(("test_rescue",), (
        ("controller.reconcile.rescue", "a halter may still write", "if _is_quiet(path)]", "]"),
        ("controller.reconcile.rescue", "damage is the doctor's", "if journal.examine(str(path))[1] is None]", "]"),
        ("controller.reconcile.rescue", "the audit log has it before it goes", "                self._desk.fold_journal()\n", "                pass\n"),
    )),
    *edits(("test_doctor",), (
        ("controller.adapters.git.provision", "a pinned repo is not introduced anew", "    if pins.introduction:\n        message", "    if False:\n        message"),
    )),
    *edits(("test_book_check",), (
        (_BOOKS, "gaps in the fills", "    if missing:\n", "    if False:\n"),
        (_BOOKS, "fills that nobody made", "    if last > newest:\n", "    if False:\n"),
        (_BOOKS, "fills that differ", "        if store[number] != engine[number]:\n", "        if False:\n"),
        (_BOOKS, "positions by the fills", "        if real != quantity:\n", "        if False:\n"),
        (_BOOKS, "positions by the last reading", "        if said != real:\n", "        if False:\n"),
        (_BOOKS, "orders that are others", "        if said[:4] != real[:4]:\n", "        if False:\n"),
        (_BOOKS, "filled too far", "        elif said.filled > real.filled or (", "        elif False or ("),
        (_BOOKS, "unknown orders", "        if order.open and name not in store.orders and", "        if False and"),
    )),
)
