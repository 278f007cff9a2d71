"""Methods about documents and commits: ``config.documents``, ``diff``, ``validate``, ``verify``, ``reload``."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from controller.core.desired.documents import mistakes
from controller.home import Home
from controller.ports import Control
from controller.settings import Settings
from schemas.plan import Difference, Plan
from schemas.status import Walk

Params = Mapping[str, Any]
Document = dict[str, Any]
_NOWHERE = "0" * 40
_SECONDS = 15.0


def methods(control: Control, settings: Settings) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""

    def documents(params: Params) -> Document:
        commit, files = control.configuration.documents(str(params.get("ref", "")))
        return {"commit": commit, "files": dict(files)}

    def diff(params: Params) -> Document:
        files = params.get("files")
        wanted = None if files is None else {str(path): str(text) for path, text in files.items()}
        return _difference(control.configuration.difference(str(params.get("ref", "")), wanted))

    def validate(params: Params) -> Document:
        files = {str(path): str(text).encode() for path, text in params["files"].items()}
        return {"problems": [item.document() for item in mistakes(files)]}

    def verify(params: Params) -> Document:
        return _walk(control.configuration.walk(str(params.get("ref", ""))), settings)

    def reload(params: Params) -> Document:
        actor, reason = str(params.get("actor") or settings.operator_name), str(params.get("reason", ""))
        applied = control.reload(actor, reason, float(params.get("timeout", _SECONDS)))
        revision = control.overview().revision.model_dump(mode="json")
        return {"applied": applied.model_dump(mode="json"), "revision": revision}

    return {
        "config.documents": documents,
        "config.diff": diff,
        "config.validate": validate,
        "config.verify": verify,
        "config.reload": reload,
    }


def _difference(found: Difference) -> Document:
    plan = Plan(base=found.base or None, target=found.target or _NOWHERE, changes=found.changes)
    return {
        "base": found.base or None,
        "target": found.target or None,
        "direction": plan.direction.value,
        "changes": [change.model_dump(mode="json") for change in found.changes],
        "text": [line for path, (old, new) in found.texts.items() for line in _unified(path, old, new)],
    }


def _unified(path: str, old: str, new: str) -> list[str]:
    before, after = f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null"
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""))


def _walk(walk: Walk, settings: Settings) -> Document:
    """``attention`` names the first refused commit; ``repair`` are the commands that take the refused ones back."""
    document = walk.model_dump(mode="json")
    refused = [item for item in walk.commits if item.refusal is not None]
    found = [f"{item.commit[:12]} is refused: {item.refusal.reason.value}" for item in refused[:1] if item.refusal]
    return {
        **document,
        "verified": not refused and not walk.left_out,
        "attention": found,
        "repair": _repair(walk, settings) if refused and walk.since else [],
    }


def _repair(walk: Walk, settings: Settings) -> list[str]:
    """Back to the last verified commit, which is no rewrite; the edits themselves stay in the clone."""
    clone, branch = Home(settings.home).clone, settings.pins.branch
    again = [f"git -C {clone} reset --soft {walk.since[:12]}", f"git -C {clone} commit -S"]
    if not settings.source.remote:
        return again
    lease = f"--force-with-lease={branch}:{walk.tip}"
    return [f"git push {lease} {settings.source.remote} {walk.since}:refs/heads/{branch}", *again]
