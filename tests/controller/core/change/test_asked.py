"""What a request asks of change control: the trailers of its commit, and what still waits."""

import pytest

from controller.core.change.asked import still_waits, trailers_for
from controller.core.change.schedule import due_of
from controller.core.plan.edits import BadArgument
from controller.core.plan.guards import Hold
from schemas.edits import Request, SetLimit

TIME = "2026-02-01T09:00:00+01:00"
FROZEN = Hold("Frozen", "month-end until 16:00", "")


def request(not_before: str = "", override: str = "") -> Request:
    intent = SetLimit(name="order.max_dollars", value="$1")
    return Request(intent=intent, actor="ada", author="Ada <a@b>", not_before=not_before, override_freeze=override)


def test_trailers_when_asked_then_as_change_control_reads_them() -> None:
    assert trailers_for(request()) == ()
    found = trailers_for(request(TIME, "earnings were moved"))
    assert found == (f"Not-Before: {TIME}", "Freeze-Override: earnings were moved")
    due = due_of("a" * 40, "Change\n\n" + "\n".join(found) + "\n")
    assert due is not None and due.at_ns == 1_769_932_800_000_000_000
    assert trailers_for(request("2026-02-01T08:00Z")) == ("Not-Before: 2026-02-01T08:00:00+00:00",)


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-01T09:00:00", "2026-02-01", "25:00+00:00"])
def test_time_when_it_says_no_moment_then_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="no time with an offset"):
        trailers_for(request(text))


def test_waiting_when_the_freeze_is_overridden_then_only_what_else_holds() -> None:
    assert still_waits(FROZEN, request(), loosens=True) == ("month-end until 16:00",)
    assert still_waits(FROZEN, request(override="moved"), loosens=True) == ()
    other = Hold("RollingOut", "in stages", "")
    assert still_waits(other, request(override="moved"), loosens=True) == ("in stages",)
    assert still_waits(None, request(TIME), loosens=True) == (f"comes into force at {TIME}",)
    assert still_waits(None, request(TIME), loosens=False) == ()
