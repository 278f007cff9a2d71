"""What the signer does with one request: ask the controller for the change, look at it, sign it, land it.

It never signs what it is handed. It is told an intent, and the commit is the controller's own; one that would loosen
anything or touch anything but the listed documents is refused here, and again by the verifier, for which this key may
only tighten (docs/trust.md).
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from controller.rpc.client import RpcError

Document = dict[str, Any]
Ask = Callable[[str, Document], Document]
PATHS = ("risk_config.yaml", "emergency.yaml", "strategies/*.yaml")
"""The only documents that it changes: who may do what, and what was cleared, are never among them."""
FIELDS = ("intent", "actor", "author", "reason")
RACES = 3


class Declined(Exception):
    """What was asked for is not this key's to sign; a person may."""


def tighten(ask: Ask, sign: Callable[[bytes], bytes], request: Mapping[str, Any]) -> Document:
    """Land what ``request`` (its FIELDS) asks for: ``commit`` and ``audit_id``. Raises Declined, RpcError."""
    wanted = {**{name: request[name] for name in FIELDS}, "channel": "api"}
    for _ in range(RACES):
        waits = {_named(change) for change in ask("config.plan", {})["changes"]}
        proposal = ask("propose", wanted)
        _check([change for change in proposal["plan"]["changes"] if _named(change) not in waits])
        try:
            signature = sign(b64decode(proposal["payload"])).decode()
            landed = ask("land", {"payload": proposal["payload"], "signature": signature})
        except RpcError as error:
            if error.code != "Raced":
                raise
        else:
            return {"commit": landed["commit"], "audit_id": proposal["audit_id"]}
    raise Declined(f"the branch moved {RACES} times meanwhile")


def _check(changes: list[Document]) -> None:
    """Every change tightens, and stands in a listed document or, as a halt that came meanwhile, in none; nothing at
    all is nothing to sign."""
    if not changes:
        raise Declined("it changes nothing that is enforced")
    for change in changes:
        if change["direction"] != "tighten":
            raise Declined(f"{change['label']} does not tighten ({change['direction']})")
        if change["path"] and not any(fnmatchcase(change["path"], pattern) for pattern in PATHS):
            raise Declined(f"{change['path']} is a person's to change")


def _named(change: Document) -> tuple[str, ...]:
    """What a change is, whatever the book looks like: a plan lists those too that wait at the tip already."""
    return tuple(str(change[name]) for name in ("scope", "key", "old", "new"))
