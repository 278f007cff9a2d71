"""A damaged journal keeps its evidence until its halt is cleared; then the doctor puts it aside, and only then."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.halt import CLI, halt
from controller.home import Home
from controller.host import quarantine
from controller.host.finding import Finding
from controller.latch import journal, journal_mend
from controller.latch.journal import Journal
from controller.latch.journal_record import RECORD, RELEASED, Entry
from controller.latch.raising import create_pair, try_lock
from controller.reconcile.boot import JOURNAL_DAMAGED, book16, boot, synthetic_id

BOOK = "0" * 32


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Home(tmp_path)
    for folder in (place.policy, place.run, place.raise_file.parent, place.keys):
        folder.mkdir()
    place.store.write_text("stands for the store\n")
    create_pair(str(place.raise_file), str(place.permit_file), book16(BOOK))
    journal.create(str(place.journal), 64)
    yield place


def spoil(home: Home, at: int, data: bytes = b"\xfe\xff") -> None:
    with home.journal.open("r+b") as file:
        file.seek(at)
        file.write(data)


def record(home: Home) -> None:
    spoil(home, 9 * RECORD + 40)


def header(home: Home) -> None:
    spoil(home, 0)


def end(home: Home) -> None:
    with home.journal.open("ab") as file:
        file.write(b"half")


def many(home: Home) -> None:
    for number in range(5, 9):
        spoil(home, number * RECORD)
    end(home)


def cut(home: Home) -> None:
    os.truncate(home.journal, 3)


DAMAGES: tuple[Callable[[Home], None], ...] = (record, header, end, many, cut)


def clear(home: Home) -> str:
    """The clear of the damage's halt, as the controller records it; its id."""
    (damage,) = journal.damages(str(home.root))
    halt_id = synthetic_id(JOURNAL_DAMAGED, damage.text)
    book = Journal(str(home.journal))
    book.append(Entry(RELEASED, halt_id, 1, actor="controller", text="c" * 40))
    book.close()
    return halt_id


def told(home: Home) -> list[Finding]:
    return list(quarantine.findings(home))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_when_its_halt_is_not_cleared_then_left_where_it_is(home: Home, damage: Callable[[Home], None]) -> None:
    damage(home)
    before = home.journal.read_bytes()
    assert quarantine.put_aside(home, dry_run=False) == []
    assert (home.journal.read_bytes(), home.replaced.exists()) == (before, False)
    (found,) = told(home)
    assert (found.level, found.hint) == ("error", "gt risk service start")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_when_its_halt_is_cleared_then_put_aside_and_the_journal_is_whole(
    home: Home, damage: Callable[[Home], None]
) -> None:
    halt_id = halt(str(home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    damage(home)
    (found,) = journal.damages(str(home.root))
    clear(home)
    (warned,) = told(home)
    assert (warned.level, warned.hint) == ("warning", "gt risk doctor --fix")
    dry = quarantine.put_aside(home, dry_run=True)
    assert [item.what for item in dry] == [found.text] and not home.replaced.exists()
    (done,) = quarantine.put_aside(home, dry_run=False)
    copies = {path.name: path.read_bytes() for path in done.to.iterdir()}
    assert copies == {f"journal.{at}": data for at, data in found.parts}
    assert {path.stat().st_mode & 0o777 for path in done.to.iterdir()} == {0o600}
    assert [item.level for item in told(home)] == ["ok"]
    assert quarantine.put_aside(home, dry_run=False) == []
    assert damage is cut or halt_id in journal.fold(journal.read(str(home.journal))[0])
    booted = boot(home, BOOK, "paper")
    assert booted.raised == []
    booted.permit.close()


def test_damage_when_halted_at_boot_then_the_way_out_is_named(home: Home) -> None:
    record(home)
    booted = boot(home, BOOK, "paper")
    booted.permit.close()
    (found,) = told(home)
    assert found.hint == "gt risk emergency resume, then gt risk doctor --fix"
    assert booted.raised[0][:12] in found.message


def test_damage_when_the_record_is_locked_or_has_changed_then_left(home: Home) -> None:
    record(home)
    (damage,) = journal.damages(str(home.root))
    halter = os.open(home.journal, os.O_RDWR)
    assert try_lock(halter, 9 * RECORD, RECORD)
    assert not journal_mend.blank(damage)
    os.close(halter)
    spoil(home, 9 * RECORD + 80)
    assert not journal_mend.blank(damage)
    assert journal.damages(str(home.root)) != []


def test_rescue_file_when_it_lies_there_then_only_a_warning_with_the_next_command(home: Home) -> None:
    shutil.copy(home.journal, home.root / "journal-x")
    (found,) = told(home)
    assert (found.level, found.hint) == ("warning", "gt risk service start")
