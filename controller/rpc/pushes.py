"""``pushes.judge``: the bare repo's hook asks here, because the controller has everything loaded that judges a push."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from controller.adapters.git.receive import judge
from controller.settings import Settings, load


def methods(settings: Settings) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """The methods over the home of ``settings``. Each push is judged by the settings as they are in the file then: a
    key that was denied a moment ago counts for nothing."""

    def judged(params: Mapping[str, Any]) -> dict[str, Any]:
        now = load({**os.environ, "GT_RISK_HOME": str(settings.home)})
        verdict = judge(now, [str(line) for line in params["updates"]], dict(params["quarantine"]))
        return {"accepted": verdict.accepted, "said": list(verdict.said)}

    return {"pushes.judge": judged}
