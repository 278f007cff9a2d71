"""What a request asks of change control beside its intent, as the trailers of its commit. Pure."""

from datetime import datetime

from controller.core.change import freeze, schedule
from controller.core.plan.edits import BadArgument
from controller.core.plan.guards import Hold
from schemas.edits import Request


def trailers_for(request: Request) -> tuple[str, ...]:
    """The trailers of its commit. Raises BadArgument for a time that cannot be read."""
    found = []
    if request.not_before:
        found.append(f"{schedule.TRAILER}: {_time(request.not_before)}")
    if request.override_freeze:
        found.append(f"{freeze.TRAILER}: {request.override_freeze}")
    return tuple(found)


def still_waits(waits: Hold | None, request: Request, *, loosens: bool) -> tuple[str, ...]:
    """Why what it loosens would wait when it lands: ``waits`` for what knows nothing of its trailers."""
    texts = [waits.why] if waits is not None and not (waits.reason == "Frozen" and request.override_freeze) else []
    later = [f"comes into force at {_time(request.not_before)}"] if request.not_before and loosens else []
    return (*texts, *later)


def _time(text: str) -> str:
    """As the trailer has it: ISO 8601 with its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadArgument(f"{text!r} is no time with an offset", "write it as 2026-02-01T09:00:00+00:00")
    return moment.isoformat()
