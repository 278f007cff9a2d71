"""``pushes.judge``: the bare repo's hook asks here, because the controller has everything loaded that judges a push."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from controller.adapters.git.receive import Verdict, judge
from controller.errors import StoreUnavailable
from controller.ports import Clock, Store
from controller.settings import Settings, load
from schemas.audit import AuditEntry

_TEXT = 2_000
_log = logging.getLogger(__name__)


def methods(settings: Settings, store: Store, clock: Clock) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """The methods over the home of ``settings``. Each push is judged by the settings as they are in the file then: a
    key that was denied a moment ago counts for nothing. A refused one is in the audit log before its pusher hears."""

    def judged(params: Mapping[str, Any]) -> dict[str, Any]:
        now = load({**os.environ, "GT_RISK_HOME": str(settings.home)})
        updates = [str(line) for line in params["updates"]]
        verdict = judge(now, updates, dict(params["quarantine"]))
        if not verdict.accepted:
            _record(store, _refused(updates, verdict, clock.wall_ns()))
        return {"accepted": verdict.accepted, "said": list(verdict.said)}

    return {"pushes.judge": judged}


def _refused(updates: list[str], verdict: Verdict, at_ns: int) -> AuditEntry:
    """Who pushes is not known: the names in a commit that is refused prove nothing."""
    return AuditEntry(
        at_ns=at_ns,
        event="config.refused",
        actor="unknown",
        channel="git",
        level="error",
        after="; ".join(updates)[:_TEXT],
        revision=(updates[0].split() if updates else ["", ""])[1],
        details="\n".join(verdict.said)[:_TEXT],
    )


def _record(store: Store, entry: AuditEntry) -> None:
    """The push is refused all the same when that cannot be recorded."""
    try:
        store.append_audit(entry)
    except StoreUnavailable as error:
        _log.error("a refused push is not in the audit log: %s", error)
