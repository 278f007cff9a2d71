"""What a picture of the controller says against the one before. One function for each kind."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from controller.core.alerts.found import Findings, Found
from controller.core.alerts.rules import RULES
from controller.core.learning.demotion import is_demoted
from controller.core.learning.evidence import checkpoint
from controller.core.plan.drawdown import ACCOUNT_LIMIT, STRATEGY_LIMIT
from schemas.halts import ACCOUNT, Halt
from schemas.overview import Overview
from schemas.risk import Level
from schemas.scalars import MICROS
from schemas.status import Condition, ConditionType

_CONDITIONS: Mapping[ConditionType, str] = {
    ConditionType.RECONCILING: "reconciling",
    ConditionType.STALLED: "stalled",
    ConditionType.DRIFTED: "drifted",
    ConditionType.SOURCE_STALE: "source_stale",
    ConditionType.HISTORY_REWRITTEN: "history_rewritten",
    ConditionType.TARGET_MISMATCH: "target_mismatch",
    ConditionType.BYPASS_ACTIVE: "bypass_active",
    ConditionType.NO_DATA: "no_data",
}
_LEVELS = {"info": "limit_info", "warn": "limit_warn", "error": "limit_error", "halt": "limit_breach"}
FAILURES = 3
"""So often in a row a channel must fail before the others tell of it."""
_LIVE = frozenset({"permit_ended", "data_stale", "phase_checkpoint"})
_BOOK = frozenset(_LEVELS.values())
_CAPS = frozenset({"phase_demoted"})
_OWN = frozenset({"disk_low", "database_lost", "api_errors", "channel_failure", "service_down"})
_PICTURE = frozenset(name for name, rule in RULES.items() if rule.standing) - _LIVE - _BOOK - _CAPS - _OWN


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not in a picture. ``free_mib`` is None when there is room enough; ``failing``: channels by what they
    last said; ``failed``: requests that failed inside of ``requests``, in five minutes."""

    store_error: str = ""
    free_mib: int | None = None
    place: str = ""
    failed: int = 0
    requests: int = 0
    failing: Mapping[str, str] = field(default_factory=dict)


def look(picture: Overview | None, around: Surroundings) -> Findings:
    """Every standing finding. Without a picture nothing of it was looked for, and so nothing of it is over."""
    found = list(_around(around))
    judged = _OWN
    if picture is not None:
        judged |= _PICTURE
        found += [item for look_at in PICTURES for item in look_at(picture)]
        if picture.effective is not None:
            judged |= _CAPS
        if _answers(picture):
            judged |= _LIVE
        if picture.analysis is not None and _answers(picture):
            judged |= _BOOK
    return Findings(tuple(found), judged)


def lasting(findings: Findings, before: Mapping[str, int], boot_ns: int) -> tuple[Findings, Mapping[str, int]]:
    """Only what has been found in every picture for as long as its rule asks; and since when each was found.

    ``before`` is the second value of the look before; times are of a clock that never jumps.
    """
    since = {item.fingerprint: before.get(item.fingerprint, boot_ns) for item in findings.found}
    kept = tuple(
        item for item in findings.found if boot_ns - since[item.fingerprint] >= RULES[item.rule].after * 1_000_000_000
    )
    return Findings(kept, findings.judged), since


def _answers(picture: Overview) -> bool:
    return picture.live is not None and not picture.live_error


def _around(around: Surroundings) -> Iterator[Found]:
    if around.store_error:
        yield Found("database_lost", fields={"reason": around.store_error})
    if around.free_mib is not None:
        yield Found("disk_low", fields={"free": f"{around.free_mib:,}", "place": around.place})
    if around.requests >= 10 and around.failed * 5 >= around.requests:
        yield Found("api_errors", fields={"errors": str(around.failed), "requests": str(around.requests)})
    for channel, reason in sorted(around.failing.items()):
        yield Found("channel_failure", (channel,), {"channel": channel, "reason": reason})


def halts(picture: Overview) -> Iterator[Found]:
    """Every open halt."""
    for halt in picture.halts:
        reason = halt.reason or "no reason given yet"
        fields = {"reason": reason, "mode": halt.mode.value, "actor": halt.actor, "halt_id": halt.id[:12]}
        if halt.scope == ACCOUNT:
            yield Found("emergency_halt", (halt.id,), fields)
        else:
            yield Found("strategy_halt", (halt.id,), {**fields, "strategy_id": _name(picture, halt)}, halt.scope)


def conditions(picture: Overview) -> Iterator[Found]:
    """Every condition that holds, and Ready when it does not."""
    for item in picture.conditions:
        if item.type is ConditionType.READY:
            if item.status != "True" and picture.refusal is None:
                yield _stated("not_ready", picture, item)
        elif item.status == "True" and not _told_otherwise(picture, item):
            yield _stated(_CONDITIONS[item.type], picture, item)


def _told_otherwise(picture: Overview, item: Condition) -> bool:
    """Open halts and a refused tip have rules of their own."""
    if item.type is ConditionType.BYPASS_ACTIVE:
        return item.reason == "HaltOpen"
    refused = picture.refusal is not None and item.reason == picture.refusal.reason.value
    return item.type is ConditionType.STALLED and refused


def _stated(rule: str, picture: Overview, item: Condition) -> Found:
    names = _names(picture)
    fields = {"reason": item.reason, "message": item.message, "strategy_id": names.get(item.scope, item.scope)}
    scope = f"strategy:{item.scope}" if item.scope in names else ACCOUNT
    return Found(rule, (item.scope, item.reason), fields, scope)


def refused(picture: Overview) -> Iterator[Found]:
    """A tip that is not followed."""
    refusal = picture.refusal
    if refusal is not None:
        reason = f"{refusal.reason.value}: {refusal.message}"
        yield Found("commit_refused", (refusal.commit,), {"revision": refusal.commit[:12], "reason": reason})


def gate(picture: Overview) -> Iterator[Found]:
    """A gate that does not answer, has no permit, or has no fresh price."""
    live = picture.live
    if live is None or picture.live_error:
        yield Found("gate_silent", fields={"reason": picture.live_error or "no reading yet"})
        return
    if live.gate.permit != "ok":
        yield Found("permit_ended", fields={"reason": live.gate.permit})
    if live.feed == "stale":
        yield Found("data_stale", fields={"age": str(live.feed_age_ms // 1_000)})


def levels(picture: Overview) -> Iterator[Found]:
    """How near the book stands to each limit."""
    if picture.analysis is None or not _answers(picture):
        return
    for level in picture.analysis.levels:
        rule = _LEVELS.get(level.level)
        if rule is not None:
            yield _level(rule, picture, level)


def _level(rule: str, picture: Overview, level: Level) -> Found:
    """A limit in shadow blocks nothing, so nobody is called for it. A limit on the book is at ``error`` from its breach
    until that level is left, a drawdown from nine tenths of it on."""
    if rule in ("limit_error", "limit_breach"):
        breached = rule == "limit_breach" or level.key not in (ACCOUNT_LIMIT, STRATEGY_LIMIT)
        rule = "limit_warn" if level.shadow else "limit_breach" if breached else "limit_error"
    strategy = _names(picture).get(level.scope.removeprefix("strategy:"), "")
    used = "n/a (the limit is 0)" if level.utilisation is None else _percent(level.utilisation)
    fields = {
        "limit_name": level.key,
        "subject": level.what or strategy or "account",
        "value": _figure(level.value, level.unit),
        "limit": _figure(level.limit, level.unit) + (" in shadow" if level.shadow else ""),
        "utilisation": used,
        "strategy_id": strategy,
    }
    key = (level.scope, level.key, level.what)
    return Found(rule, key, fields, level.scope, level.key.partition(".")[0])


def _figure(value: int, unit: str) -> str:
    if unit == "money":
        return f"{'-' if value < 0 else ''}${abs(value) // MICROS:,}"
    if unit == "percent":
        return _percent(value)
    return str(value) if unit == "count" else f"{value // 10_000 / 100:g}x"


def _percent(ppm: int) -> str:
    return f"{ppm // 1_000 / 10:g}%"


def _name(picture: Overview, halt: Halt) -> str:
    uid = halt.scope.removeprefix("strategy:")
    return _names(picture).get(uid, uid[:8])


def _names(picture: Overview) -> Mapping[str, str]:
    """Ids of strategies by uid."""
    return {item.uid: item.id for item in picture.desired.strategies.values()} if picture.desired else {}


def caps(picture: Overview) -> Iterator[Found]:
    """That the learning phase is demoted."""
    if picture.desired is None or picture.effective is None:
        return
    learning = picture.desired.risk.learning
    if is_demoted(picture.effective, learning):
        fields = {"phase": str(learning.number), "name": learning.phase.name}
        yield Found("phase_demoted", (str(learning.number), str(learning.started)), fields)


def phase(picture: Overview) -> Iterator[Found]:
    """The newest checkpoint of the learning phase, by the market's clock; it stands until the next."""
    if picture.desired is None or picture.live is None or not picture.live.market_time:
        return
    learning = picture.desired.risk.learning
    reached = checkpoint(learning, date.fromisoformat(picture.live.market_time[:10]))
    if reached:
        fields = {"phase": str(learning.number), "name": learning.phase.name, "days": str(learning.phase.days)}
        key = (str(learning.number), str(learning.started), str(reached))
        yield Found("phase_checkpoint", key, {**fields, "day": str(reached)})


PICTURES: tuple[Callable[[Overview], Iterator[Found]], ...] = (halts, conditions, refused, gate, levels, caps, phase)
