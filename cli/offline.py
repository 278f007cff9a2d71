"""The commands without a service: the same methods on a stand-in that reads git and store. Heavy; imported last."""

from pathlib import Path
from typing import Any

from cli.output import Failure
from controller.errors import GtRiskError
from controller.rpc.client import RpcError, ServiceDown

_ALONE = "the gate does not answer either, figures of the live book are missing"
_PERMITTED = "the gate goes on alone until its permit runs out"


def answer(root: Path, method: str, params: dict[str, Any], down: ServiceDown) -> dict[str, Any]:
    """The result of ``method`` from git and store of home ``root``. Raises RpcError as the service would, Failure
    without a home."""
    document = _call(root, method, params)
    attention = [f"{_down(document)} (next: {down.hint})", *document.get("attention", [])]
    return {**document, "service": "down", "attention": attention}


def judge_unpushed(root: Path, commit: str) -> dict[str, Any]:
    """``config.verify`` of a commit that only the clone has, which the service does not see."""
    return _call(root, "config.verify", {"ref": commit}, root / "config" / ".git" / "objects")


def _call(root: Path, method: str, params: dict[str, Any], objects: Path | None = None) -> dict[str, Any]:
    if not (root / "settings.toml").exists():
        raise Failure(f"no gt-risk home at {root}", "gt risk init", 1, "NoHome")
    from controller.app import offline_alerts, offline_control, offline_dashboard
    from controller.rpc.methods import Dispatcher, error_data
    from controller.settings import load

    try:
        control, settings = offline_control(root, objects), load()
        more = {**offline_alerts(control, settings), **offline_dashboard(control, settings)}
        dispatcher = Dispatcher(control, settings, more=more)
        return dispatcher.call(method, params)
    except GtRiskError as error:
        data = error_data(error)
        raise RpcError(error.message, data["hint"], data["exit"], data["code"], data.get("problems")) from error


def _down(document: dict[str, Any]) -> str:
    """What a silent controller means for the book, told from the gate's own permit where it answers."""
    if "permit" not in document:
        return "service down"
    permit = document["permit"]
    if permit is None:
        return f"service down: {_ALONE}"
    return f"service down: {_PERMITTED if permit == 'ok' else 'only orders that reduce a position pass'}"
