"""Methods about who may do what: ``trust.list`` and ``trust.check``."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from controller.core.trust.authority import Need, is_person, others, owners_of, roles_for, rule_for
from controller.core.trust.case import blob_of, undenied
from controller.core.trust.keys import fingerprint
from controller.core.trust.threshold import count_for
from controller.errors import Temporary
from controller.ports import Control
from controller.settings import Settings, load
from schemas.desired import Desired
from schemas.limits import HARD
from schemas.plan import Direction
from schemas.trust import Signer

Params = Mapping[str, Any]
Document = dict[str, Any]
_HARD = frozenset(limit.name for limit in HARD)


def methods(control: Control, settings: Settings) -> dict[str, Callable[[Params], Document]]:
    """The methods by name; both speak of the trust that is in force, less the keys that settings deny now."""

    def denied() -> tuple[str, ...]:
        return load({**os.environ, "GT_RISK_HOME": str(settings.home)}).pins.denied_keys

    return {
        "trust.list": lambda _: _list(_desired(control), denied()),
        "trust.check": lambda params: _check(_desired(control), denied(), params),
    }


def _desired(control: Control) -> Desired:
    desired = control.overview().desired
    if desired is None:
        raise Temporary("no verified desired state yet", hint="gt risk status")
    return desired


def _list(desired: Desired, denied: tuple[str, ...]) -> Document:
    trust = desired.trust
    need = Need("trust.yaml", Direction.LOOSEN)
    usable = undenied(trust, denied)
    return {
        "commit": desired.commit,
        "target": trust.target.model_dump(mode="json"),
        "signers": [_signer(signer, denied) for signer in trust.signers],
        "rules": [rule.model_dump(mode="json") for rule in trust.rules],
        "trust_takes": {"signers": count_for(usable, need, "", ""), "people": others(usable, need, ())},
        "denied": list(denied),
    }


def _signer(signer: Signer, denied: tuple[str, ...]) -> Document:
    blob = blob_of(signer)
    known = fingerprint(blob) if blob is not None else ""
    return {
        "principal": signer.principal,
        "kind": signer.key.partition(" ")[0],
        "key": signer.key,
        "fingerprint": known,
        "roles": [role.value for role in signer.roles],
        "person": is_person(signer),
        "denied": known in denied,
    }


def _check(desired: Desired, denied: tuple[str, ...], params: Params) -> Document:
    """Who may change ``field`` of ``path`` in ``direction``, and how many of them it takes."""
    trust, path, field = undenied(desired.trust, denied), str(params["path"]), str(params.get("field", ""))
    need = Need(
        path=path,
        direction=Direction(str(params.get("direction") or "loosen")),
        label=field,
        hard=field in _HARD,
        pause=field == "status",
        field=field,
        owner=owners_of(desired).get(path, ""),
    )
    rule, loosens = rule_for(trust, need), need.direction is Direction.LOOSEN
    return {
        "path": path,
        "field": field,
        "direction": need.direction.value,
        "roles": sorted(role.value for role in roles_for(trust, need)),
        "people": list(others(trust, need, ())),
        "signers": count_for(trust, need, "", "") if loosens else 1,
        "plan_digest": bool(rule and rule.plan_digest and loosens),
        "over_pct": str(rule.over_pct) if rule and rule.over_pct is not None and loosens else None,
        "rule": rule.model_dump(mode="json") if rule else None,
    }
