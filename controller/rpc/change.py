"""Methods about changes that are not in force: ``config.use``."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.core.policy.utilisation import holders, utilisation
from controller.ports import Control

Params = Mapping[str, Any]
Document = dict[str, Any]


def methods(control: Control) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    return {"config.use": lambda _: _use(control)}


def _use(control: Control) -> Document:
    """``repo`` of the trust in force; ``used`` (compiled units) and ``whose`` by limit, or ``missing``: why neither."""
    overview = control.overview()
    repo = overview.desired.trust.target.repo if overview.desired is not None else ""
    policy, live = overview.effective, overview.live
    if policy is None or live is None:
        return {"repo": repo, "used": {}, "whose": {}, "missing": overview.live_error or "nothing is applied yet"}
    used = utilisation(policy, live, overview.peaks)
    return {"repo": repo, "used": used, "whose": holders(policy, live, overview.peaks), "missing": ""}
