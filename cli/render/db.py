"""Text of ``db ping``, ``status``, ``backup``, ``migrate`` and ``restore``."""

from collections.abc import Sequence
from typing import Any

from cli.render.text import ago, clock, count, fields, safe, table

Document = dict[str, Any]
_WIDTH = 11
_SHOWN = 10


def ping(document: Document) -> list[str]:
    """One line."""
    took = f"read {document['read_ms']:.1f} ms, write {document['write_ms']:.1f} ms"
    return [f"✓ The store answers: {took} ({document['kind']}, schema {document['schema']})"]


def status(document: Document) -> list[str]:
    """Store, backups, what needs attention."""
    store, saved = document["store"], document["backups"]
    rows = [
        ("File", safe(store["path"])),
        ("Size", f"{size(store['bytes'])} and {size(store['wal_bytes'])} of newest changes"),
        ("Schema", f"{store['schema'] or 'n/a (cannot be read)'} (this release: {store['schema_wanted']})"),
        ("Audit", "n/a (cannot be read)" if store["audit_records"] is None else f"{store['audit_records']:,} records"),
        ("Disk free", size(document["disk_free_bytes"])),
    ]
    newest = "none yet" if saved["newest_age_seconds"] is None else ago(max(0, saved["newest_age_seconds"]))
    kept = f"{count(saved['count'])} ({size(saved['bytes'])}), the newest {saved['keep_days']} days"
    rhythm = f"every {saved['every_hours']:g} h by the running controller, and before migrations and large changes"
    lines = ["Store:", *fields(rows, _WIDTH), "", "Backups:"]
    lines += fields([("Folder", safe(saved["folder"])), ("Newest", newest), ("Kept", kept), ("Made", rhythm)], _WIDTH)
    lines += ["", *_list(saved["backups"])] if saved["backups"] else []
    if document["replaced"]:
        lines += ["", f"Replaced stores, kept until you delete them: {len(document['replaced'])}"]
        lines += [f"  {safe(path)}" for path in document["replaced"][-_SHOWN:]]
    return lines + ([""] if document["attention"] else []) + [f"⚠️  {safe(text)}" for text in document["attention"]]


def _list(found: Sequence[Document]) -> list[str]:
    rows = [
        (clock(item["time"]), size(item["bytes"]), f"{item['audit_records']:,}", item["tip"][:12], safe(item["why"]))
        for item in found[:_SHOWN]
    ]
    lines = table(("Time (UTC)", "Size", "Audit", "Configuration", "Why"), rows)
    more = len(found) - len(rows)
    return [*lines, *([f"… and {more} older ones (all with --json)"] if more else [])]


def backup(document: Document) -> list[str]:
    """What was made."""
    made = document["backup"]
    return [
        f"✓ Backup {made['name']} ({size(made['bytes'])}, {made['audit_records']:,} audit records), verified",
        f"  {safe(made['folder'])}",
        *_left_out(document),
    ]


def planned(document: Document) -> list[str]:
    """What a backup would be."""
    return [f"Would back up to: {safe(document['folder'])}", *_left_out(document)]


def _left_out(document: Document) -> list[str]:
    return ["  Not in it:", *(f"    {line}" for line in document["left_out"])]


def steps(found: Sequence[str]) -> list[str]:
    """What a migration does."""
    return ["A backup is made first, then:", *(f"  {safe(step)}" for step in found)]


def migrated(document: Document) -> list[str]:
    """What was migrated."""
    if not document["steps"]:
        return ["✓ The home is up to date; nothing was changed"]
    if document["dry_run"]:
        return [f"Would migrate: {safe(step)}" for step in document["steps"]]
    return [f"✓ {safe(step)}" for step in document["done"]]


def plan(document: Document) -> list[str]:
    """What a restore does, before it is confirmed."""
    chosen = document["backup"]
    return [
        f"Restore the store of {clock(chosen['time'])} UTC ({safe(chosen['why'])}, {size(chosen['bytes'])}).",
        f"  {safe(document['store'])} is kept in {safe(document['aside'])}.",
        "  Stays as it is: halts, peaks, audit log (all go on), latch, journal, configuration, policies, venue's book.",
        "  Goes back: series, orders, fills, decisions, plans; the service reads the book again when it starts.",
    ]


def restored(document: Document) -> list[str]:
    """What was restored, what is kept, and what to run next."""
    chosen = document["backup"]
    lines = [
        f"✓ Store of {clock(chosen['time'])} UTC restored (Audit-Id: {document['audit_id']})",
        f"  Replaced store kept in {safe(document['aside'])}",
        f"  {document['audit_records_carried']:,} newer audit records, every halt and the higher peaks came along",
        *(f"⚠️  not carried over: {safe(text)}" for text in document["lost"]),
        f"  Configuration unchanged; back to that of the backup: gt risk config rollback --commit {chosen['tip'][:12]}",
    ]
    return [*lines, "", "Next:", f"  {document['next']}", "  gt risk doctor --verify-data"]


def size(number: int) -> str:
    """``12.3 MiB``."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if number >= 1 << 10 * power:
            return f"{number / (1 << 10 * power):.1f} {unit}"
    return f"{number} B"
