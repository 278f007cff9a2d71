"""``doctor --verify-data`` on a home that was used: nothing to say, and every planted fault found by its kind."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controller.adapters.git.process import Git
from controller.adapters.store.sqlite_file import reading
from controller.home import Home
from controller.host.book_check import GRACE_NS
from controller.host.finding import Finding
from controller.host.verify_data import verify
from controller.latch.journal import Journal
from controller.latch.journal_record import HALT, RECORD, RELEASED, Entry, parse
from controller.latch.layout import SLOTS_AT
from schemas.policy import digest_of
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
STRATEGY = "heuristic-value-1"


@pytest.fixture(scope="module")
def used() -> Iterator[Home]:
    """A home with a changed limit, fills, a halt that was lifted and one that stands; its service is stopped."""
    with running_service() as service:
        home = Home(service.home)
        service.must("limits", "set", "position.max_position_pct", "14%", "--force", "-r", "less")
        service.halt("strategy", "halt", STRATEGY, "-r", "a test", "--yes")
        service.must("strategy", "resume", STRATEGY, "-r", "all well", "--note", "a test", "--yes")
        until(lambda: _fills(service) > 3, "the book has fills")
        service.halt("emergency", "halt-all", "-r", "the end", "--yes")
        until(lambda: _settled(service), "the store has read the book after its last fill")
        service.must("service", "stop")
        yield home


def _fills(service: Service) -> int:
    return _number(service, "SELECT count(*) FROM fills")


def _settled(service: Service) -> bool:
    read = _number(service, "SELECT max(at_ns) FROM samples WHERE series = 'positions'")
    return read > _number(service, "SELECT max(at_ns) FROM fills") + GRACE_NS


def _number(service: Service, query: str) -> int:
    with reading(Home(service.home).store) as connection:
        return int(connection.execute(query).fetchone()[0] or 0)


@pytest.fixture
def home(used: Home) -> Iterator[Home]:
    """The used home; whatever a test does to it is undone, in place, because a copied latch is no latch."""
    paths = [path for path in used.root.rglob("*") if path.is_file() and not path.is_symlink() and _kept(used, path)]
    before = {path: path.read_bytes() for path in paths}
    yield used
    for path in used.root.glob("store.db-*"):
        path.unlink()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            with path.open("r+b" if path.exists() else "wb") as file:
                file.write(content)
                file.truncate()


def _kept(home: Home, path: Path) -> bool:
    return path.parent in (home.root, home.policy, home.raise_file.parent) or home.bare / "refs" in path.parents


def sql(home: Home, *statements: str) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def changed_record(home: Home) -> None:
    sql(home, "DROP TRIGGER audit_no_update", "UPDATE audit SET reason = 'other' WHERE seq = 3")


def cut_log(home: Home) -> None:
    sql(home, "DROP TRIGGER audit_no_delete", "DELETE FROM audit WHERE seq > (SELECT max(seq) - 2 FROM audit)")


def lost_head(home: Home) -> None:
    home.audit_head.unlink()


def damaged_head(home: Home) -> None:
    home.audit_head.write_bytes(b"x" * 44)


def branch_set_back(home: Home) -> None:
    Git(home.bare).run(["update-ref", "refs/heads/main", "refs/heads/main~1"])


def applied_unaudited(home: Home) -> None:
    sql(home, f"INSERT INTO plans VALUES ('{'d' * 64}', 1, '{'c' * 40}', 'applied', '')")


def other_pin(home: Home) -> None:
    lines = home.settings.read_text().splitlines()
    changed = [f'introduction = "{"e" * 40}"' if line.startswith("introduction") else line for line in lines]
    home.settings.write_text("\n".join(changed) + "\n")


def other_position(home: Home) -> None:
    sql(home, "UPDATE positions SET quantity = quantity + 7 WHERE rowid = 1")


def other_fill(home: Home) -> None:
    sql(home, "UPDATE fills SET quantity = quantity + 1 WHERE seq = (SELECT max(seq) FROM fills)")


def lost_fill(home: Home) -> None:
    sql(home, "DELETE FROM fills WHERE seq = (SELECT min(seq) + 1 FROM fills)")


def invented_fill(home: Home) -> None:
    sql(home, "CREATE TEMP TABLE t AS SELECT * FROM fills LIMIT 1", "UPDATE t SET seq = 99999",
        "INSERT INTO fills SELECT * FROM t")  # fmt: skip


def other_order(home: Home) -> None:
    newest = 'SELECT "order" FROM orders ORDER BY submitted_ns DESC LIMIT 1'
    sql(home, f'UPDATE orders SET filled = filled + 1 WHERE "order" = ({newest})')


def records(home: Home) -> list[tuple[int, Entry]]:
    data = home.journal.read_bytes()
    found = ((at, parse(data[at : at + RECORD])) for at in range(RECORD, len(data), RECORD))
    return [(at, entry) for at, entry in found if entry is not None]


def without(home: Home, kind: int) -> None:
    """Overwrite the newest record of a kind with zeros."""
    at = [place for place, entry in records(home) if entry.kind == kind][-1]
    with home.journal.open("r+b") as file:
        file.seek(at)
        file.write(bytes(RECORD))


def unrecorded_halt(home: Home) -> None:
    without(home, HALT)


def unrecorded_clear(home: Home) -> None:
    without(home, RELEASED)


def vanished_word(home: Home) -> None:
    data = home.raise_file.read_bytes()
    with home.raise_file.open("r+b") as file:
        for slot in range(64):
            if any(data[SLOTS_AT + 8 * slot : SLOTS_AT + 8 * slot + 8]):
                file.seek(SLOTS_AT + 8 * slot)
                file.write(bytes(8))


def unrecorded_clear_of_a_slot_used_since(home: Home) -> None:
    unrecorded_clear(home)
    vanished_word(home)


def lost_journal(home: Home) -> None:
    home.journal.unlink()


def empty_raise(home: Home) -> None:
    with home.raise_file.open("r+b") as file:
        file.truncate()


def damaged_store(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit'").fetchone()
    with home.store.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))


def lost_store(home: Home) -> None:
    home.store.unlink()


def lost_snapshot(home: Home) -> None:
    for path in home.policy.glob("[0-9]*.json"):
        path.unlink()


def lost_branch(home: Home) -> None:
    Git(home.bare).run(["update-ref", "-d", "refs/heads/main"])


def forged_release(home: Home) -> None:
    newest = [entry for _, entry in records(home) if entry.kind == HALT][-1]
    journal = Journal(str(home.journal))
    journal.append(Entry(RELEASED, newest.halt_id, 1, actor="nobody", text="c" * 40))
    journal.close()


def changed_snapshot(home: Home) -> None:
    path = max((path for path in home.policy.glob("*.json") if path.stem.isdigit()), key=lambda path: int(path.stem))
    path.write_text(path.read_text().replace('"mode":"', '"mode":"x', 1))


def looser_known_good(home: Home) -> None:
    path = home.policy / "last-known-good.json"
    document = json.loads(path.read_text())
    document["policies"][0]["limits"]["position.max_position_pct"] = 1_000_000
    document["digest"] = digest_of(document["policies"])
    path.write_text(json.dumps(document))


def other_last_applied(home: Home) -> None:
    sql(home, "UPDATE revisions SET commit_id = '' WHERE name = 'last_applied'")


FAULTS: tuple[tuple[Callable[[Home], None], str, str], ...] = (
    (changed_record, "audit", "record 3 was changed"),
    (cut_log, "audit", "the log was cut"),
    (lost_head, "audit", "audit.head is missing"),
    (damaged_head, "audit", "head file is damaged"),
    (branch_set_back, "audit/git", "which refs/heads/main does not have"),
    (applied_unaudited, "audit/git", "was applied, the audit log does not name it"),
    (other_pin, "audit/git", "the pinned introduction"),
    (other_position, "store/engine", "in the store"),
    (other_fill, "store/engine", "in the engine"),
    (lost_fill, "store/engine", "fills are missing in the store"),
    (invented_fill, "store/engine", "the store has fill 99999"),
    (other_order, "store/engine", "filled in the store"),
    (unrecorded_halt, "latch/journal", "is open, the journal has no record of it"),
    (unrecorded_clear, "latch/journal", "slot .* is released, the journal has no record of its clear"),
    (unrecorded_clear_of_a_slot_used_since, "latch/journal", "^halt .* is released, the journal has no record"),
    (forged_release, "latch/journal", "slot .* binds, the journal says that it was released"),
    (lost_journal, "latch/journal", "slot .* is open, the journal has no record of it"),
    (empty_raise, "latch/journal", "cannot be compared: .*raise"),
    (damaged_store, "audit", r"store\.db: .*database"),
    (lost_store, "store/engine", "cannot be compared"),
    (lost_branch, "audit/git", "cannot be compared"),
    (lost_snapshot, "policy", "the snapshot that the permit names"),
    (vanished_word, "latch/journal", "is open in the journal and not in the latch"),
    (forged_release, "latch/journal", "cleared/ in force does not name it"),
    (changed_snapshot, "policy", "the snapshot that the permit names"),
    (looser_known_good, "policy", "other limits"),
    (other_last_applied, "policy", "the store says that nothing was applied last"),
)


def errors(home: Home) -> list[Finding]:
    return [item for item in verify(home) if item.level != "ok"]


@pytest.mark.parametrize(("fault", "check", "told"), FAULTS, ids=lambda item: getattr(item, "__name__", None))
def test_verify_when_a_fault_is_planted_then_found_under_its_name(
    home: Home, fault: Callable[[Home], None], check: str, told: str
) -> None:
    assert errors(home) == []
    fault(home)
    found = [item for item in errors(home) if item.check == check]
    assert any(re.search(told, item.message) for item in found), errors(home)
    assert all(item.hint.startswith("gt risk ") for item in found), found
