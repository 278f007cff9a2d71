"""Permits that ran out: counted once each, over restarts, and never lost to a kill at any line."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from controller.adapters.clock import SystemClock
from controller.home import Home
from controller.latch import journal, permit
from controller.latch.permit import PermitFile
from controller.latch.raising import create_pair
from controller.reconcile import boot as boot_module
from controller.reconcile import expiries, lease, permit_keeper, publisher
from controller.reconcile.boot import book16, boot
from controller.reconcile.expiries import NAME, Expiries
from controller.reconcile.permit_keeper import PermitKeeper
from tests.support.dying import dies_at

SECOND = 1_000_000_000
BOOK = "0" * 32
STEP = int(os.environ.get("GT_RISK_LINE_STEP", "3"))


def test_expiry_when_over_ten_minutes_then_a_halt_is_due() -> None:
    now = 10_000 * SECOND
    seen = Expiries(None, now, now)
    assert "601 s" in seen.excessive(now - 601 * SECOND, now)
    assert seen.excessive(now - SECOND, now) == ""


def test_expiries_when_restarted_then_each_counts_once_and_after_ten_minutes_none(tmp_path: Path) -> None:
    path, now, wall = tmp_path / NAME, 10_000 * SECOND, 10**18
    for until in (now - 20 * SECOND, now - 20 * SECOND, now - 10 * SECOND):
        assert Expiries(path, now, wall).excessive(until, now) == ""
        Expiries(path, now, wall).note(until, now, wall, followed=True)
    later, then = now + 60 * SECOND, wall + 60 * SECOND
    assert "3 times" in Expiries(path, later, then).excessive(later, later)
    later, then = later + 600 * SECOND, then + 600 * SECOND
    assert Expiries(path, later, then).excessive(later, later) == ""


def test_expiries_when_the_machine_restarted_or_the_wall_clock_was_set_back_then_still_counted(tmp_path: Path) -> None:
    path, now, wall = tmp_path / NAME, 10_000 * SECOND, 10**18
    for until in (now - 20 * SECOND, now - 10 * SECOND):
        Expiries(path, now, wall).note(until, now, wall, followed=True)
    assert "3 times" in Expiries(path, 50 * SECOND, wall + 60 * SECOND).excessive(45 * SECOND, 50 * SECOND)
    assert "3 times" in Expiries(path, now, wall - 3_600 * SECOND).excessive(now - SECOND, now)


def test_expiries_when_a_line_is_damaged_then_the_others_count(tmp_path: Path) -> None:
    path, now, wall = tmp_path / NAME, 10_000 * SECOND, 10**18
    path.write_text(f"what\n{now - 9} {wall - 9}\n\n{now - 8} {wall - 8}\n1 2 3\n")
    assert "3 times" in Expiries(path, now, wall).excessive(now - 1, now)


def home_with_two_expiries(root: Path) -> Home:
    """A home whose permit ran out twice lately, and just now for the third time, as a killed controller leaves it."""
    home = Home(root)
    for folder in (home.raise_file.parent, home.policy, home.run):
        folder.mkdir(parents=True)
    create_pair(str(home.raise_file), str(home.permit_file), book16(BOOK))
    journal.create(str(home.journal), 16)
    clock = SystemClock()
    now, wall = clock.boot_ns(), clock.wall_ns()
    for ago in (60, 30):
        Expiries(home.policy / NAME, now, wall).note(now - ago * SECOND, now, wall, followed=True)
    killed = PermitFile(str(home.permit_file))
    killed.acquire()
    killed.set_until(now - SECOND)
    killed.close()
    return home


def go_on(home: Home, arm: Callable[[], None] = lambda: None) -> None:
    """Boot and issue the first permit; :func:`due` says why a halt was raised."""
    halted = home.root / "halted"

    def halt(reason: str) -> None:
        with halted.open("a") as file:
            file.write(f"{reason}\n")

    arm()
    booted = boot(home, BOOK, "paper")
    keeper = PermitKeeper(
        booted.permit,
        SystemClock(),
        bounds={"monitor": 5.0},
        excessive=halt,
        expiries=home.policy / NAME,
        expired_at=booted.expired_at,
    )
    keeper.progress("monitor")
    keeper.tick()
    booted.permit.close()


def due(home: Home) -> str:
    """Why a halt was raised, over all processes so far."""
    halted = home.root / "halted"
    return halted.read_text() if halted.exists() else ""


def test_third_expiry_when_killed_at_any_line_of_boot_or_renewal_then_halted_in_the_end(tmp_path: Path) -> None:
    modules = (boot_module, expiries, lease, permit, permit_keeper, publisher)
    number, killed = 1 - STEP, True
    while killed:
        number += STEP
        home = home_with_two_expiries(tmp_path / str(number))
        killed = dies_at(number, modules, partial(go_on, home))
        go_on(home)
        assert "3 times" in due(home), f"killed at line {number}"
    assert number > 40


def test_third_expiry_when_the_next_boots_die_before_their_first_permit_then_it_counts_once(tmp_path: Path) -> None:
    home = home_with_two_expiries(tmp_path)
    (home.policy / NAME).write_text("")
    for _ in range(3):
        boot(home, BOOK, "paper").permit.close()
    assert len((home.policy / NAME).read_text().splitlines()) == 1
    go_on(home)
    assert due(home) == ""
    assert time.clock_gettime_ns(time.CLOCK_BOOTTIME) < PermitFile(str(home.permit_file)).until
