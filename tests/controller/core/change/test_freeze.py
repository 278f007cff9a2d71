"""Freeze windows: when they are open, until when, and who may pass."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.core.change.freeze import hold, open_windows, seconds_to
from controller.core.plan.guards import Hold
from controller.core.policy.direction import compare_documents
from schemas.change import ChangeControl, FreezeWindow
from schemas.plan import Direction
from schemas.trust import Role
from tests.support import rig


def window(**fields: Any) -> FreezeWindow:
    by_cron = {"cron": "0 9 * * *", "minutes": 60} if "calendar" not in fields else {}
    return FreezeWindow.model_validate({"name": "w", **by_cron, **fields})


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def until(frozen: FreezeWindow, now: datetime) -> str | None:
    found = open_windows([frozen], now)
    return None if not found else f"{found[0].until:%Y-%m-%d %H:%M %Z}" if found[0].until else "no end"


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-01-20T08:59:59.999999", None),
        ("2026-01-20T09:00:00", "2026-01-20 10:00 UTC"),
        ("2026-01-20T09:59:59.999999", "2026-01-20 10:00 UTC"),
        ("2026-01-20T10:00:00", None),
    ],
)
def test_cron_window_when_at_its_edges_then_closed_at_its_end_and_open_at_its_start(now: str, end: str | None) -> None:
    assert until(window(), at(now)) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-01-20T09:29:59", None),
        ("2026-01-20T09:30:00", "2026-01-20 16:00 EST"),
        ("2026-07-20T15:59:59", "2026-07-20 16:00 EDT"),
        ("2026-07-20T16:00:00", None),
        ("2026-11-27T13:00:00", None),
        ("2026-01-19T12:00:00", None),
    ],
)
def test_calendar_window_when_the_exchange_trades_then_open(now: str, end: str | None) -> None:
    assert until(window(calendar="XNYS"), at(now, "America/New_York")) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-29T00:59", None),
        ("2026-03-29T01:00", "2026-03-29 05:00 CEST"),
        ("2026-10-25T00:30", "2026-10-25 03:30 CET"),
    ],
)
def test_cron_window_when_the_clocks_change_then_as_long_as_on_any_day(now: str, end: str | None) -> None:
    frozen = window(cron="30 2 * * *", minutes=120, zone="Europe/Berlin")
    found = open_windows([frozen], datetime.fromisoformat(now).replace(tzinfo=UTC))
    if end is None:
        assert found == ()
    else:
        assert found[0].until is not None
        assert found[0].until.astimezone(UTC) - datetime.fromisoformat(now).replace(tzinfo=UTC) <= timedelta(hours=2)


def test_cron_window_when_it_opens_again_before_it_ends_then_the_end_of_the_last() -> None:
    assert until(window(cron="0,30 9-10 * * *", minutes=45), at("2026-01-20T09:10")) == "2026-01-20 11:15 UTC"


def test_cron_window_when_it_never_ends_then_said_so() -> None:
    frozen = window(cron="* * * * *", minutes=2)
    assert until(frozen, at("2026-01-20T09:10")) == "no end"
    found = hold([frozen], at("2026-01-20T09:10"), ())
    assert found is not None
    assert (found.until_ns, "with no end" in found.why) == (0, True)


@settings(deadline=None, max_examples=60)
@given(
    minutes=st.integers(1, 3_000),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    weekday=st.sampled_from(["*", "1", "5-7"]),
    offset=st.integers(0, 7 * 24 * 60),
)
def test_cron_window_when_stepped_through_by_hand_then_the_same(
    minutes: int, hours: set[int], weekday: str, offset: int
) -> None:
    days = {"*": range(7), "1": [0], "5-7": [4, 5, 6]}[weekday]
    now = at("2026-01-20T00:00") + timedelta(minutes=offset)
    starts = (now - timedelta(minutes=back) for back in range(minutes))
    expected = any(one.minute == 0 and one.hour in hours and one.weekday() in days for one in starts)
    line = f"0 {','.join(map(str, sorted(hours)))} * * {weekday}"
    assert bool(open_windows([window(cron=line, minutes=minutes)], now)) is expected


def test_hold_when_no_window_is_open_then_none() -> None:
    assert hold([window()], at("2026-01-20T08:00"), ()) is None
    assert hold([], at("2026-01-20T09:10"), ()) is None


def test_hold_when_a_window_is_open_then_says_which_until_when_and_the_way_out() -> None:
    found = hold([window(override=["risk-officer"])], at("2026-01-20T09:10"), ())
    assert found is not None
    assert found.reason == "Frozen"
    assert found.message.startswith("freeze window w until 2026-01-20 10:00 UTC; tightening passes; or override, as")
    assert "--trailer 'Freeze-Override: REASON'" in found.fix
    assert found.until_ns == int(at("2026-01-20T10:00").timestamp()) * 1_000_000_000


def test_hold_when_nobody_may_override_then_the_fix_is_to_wait() -> None:
    found = hold([window()], at("2026-01-20T09:10"), frozenset(Role))
    assert found is not None
    assert "by itself" in found.fix


@pytest.mark.parametrize(("roles", "held"), [((Role.RISK_OFFICER,), False), ((Role.OPERATOR,), True), ((), True)])
def test_hold_when_overridden_then_only_by_a_role_of_the_window(roles: tuple[Role, ...], held: bool) -> None:
    frozen = window(override=["risk-officer"])
    assert (hold([frozen], at("2026-01-20T09:10"), roles) is not None) is held


def test_hold_when_two_windows_are_open_then_the_last_end_and_each_needs_its_own_override() -> None:
    short, long = window(name="short", override=["operator"]), window(name="long", minutes=120, override=["admin"])
    found = hold([short, long], at("2026-01-20T09:10"), (Role.OPERATOR,))
    assert found is not None
    assert "long until 2026-01-20 11:00 UTC" in found.why
    assert "short" not in found.why
    both = hold([short, long], at("2026-01-20T09:10"), ())
    assert both is not None
    assert both.until_ns == int(at("2026-01-20T11:00").timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("until_ns", "seconds"), [(0, 0.0), (3_000_000_000, 2.0), (900_000_000, 0.01), (6_100_000_000, 0.0)]
)
def test_seconds_to_when_something_waits_then_the_loop_looks_at_its_end(until_ns: int, seconds: float) -> None:
    assert seconds_to(Hold("Frozen", "why", until_ns=until_ns), 1_000_000_000, 5.0) == pytest.approx(seconds)
    assert seconds_to(None, 1_000_000_000, 5.0) == 0.0


@pytest.mark.parametrize(
    "fields",
    [
        {"cron": "x"},
        {"cron": "0 9 * *"},
        {"cron": "0 0 9 * * *"},
        {"cron": "61 9 * * *"},
        {"minutes": 0},
        {"minutes": 10_081},
        {"zone": "Mars/Base"},
        {"zone": "../etc/passwd"},
        {"zone": ""},
        {"calendar": "XNYS", "cron": "0 9 * * *"},
        {"calendar": "XXXX"},
        {"override": ["nobody"]},
    ],
)
def test_window_when_it_cannot_be_meant_then_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        window(**fields)


def test_windows_when_two_have_one_name_then_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        ChangeControl.model_validate({"freeze": [window().model_dump()] * 2})


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ((), (window(),), Direction.TIGHTEN),
        ((window(),), (), Direction.LOOSEN),
        ((window(),), (window(minutes=120),), Direction.LOOSEN),
        ((window(),), (window(override=["operator"]),), Direction.LOOSEN),
        ((window(),), (window(), window(name="more")), Direction.TIGHTEN),
    ],
)
def test_direction_when_windows_change_then_only_a_new_one_tightens(
    before: Any, after: Any, direction: Direction
) -> None:
    def tree(windows: tuple[FreezeWindow, ...]) -> Any:
        desired = rig.desired(1)
        risk = desired.risk.model_copy(update={"change": ChangeControl(freeze=windows)})
        return desired.model_copy(update={"risk": risk})

    assert [change.direction for change in compare_documents(tree(before), tree(after))] == [direction]
