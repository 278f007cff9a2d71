"""Break glass: a trust.yaml that nobody can change any more is replaced by two keys that local settings pin. Pure.

The commit is pinned by its id, changes trust.yaml alone, and carries two signatures: its own, and one over
:func:`statement` in a trailer. So settings alone repair nothing, and neither do the keys.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from controller.core.trust.authority import TRUST
from controller.core.trust.case import Case
from controller.core.trust.commits import trailers
from controller.core.trust.rules import (
    TRUST_TREE_RULES,
    Rule,
    key_not_denied,
    landing_target,
    one_signature,
    signature_valid,
    signed,
    well_formed,
)
from schemas.status import Refusal, RefusalReason

TRAILER = "Repair-Signature"
AGAIN = "gt risk trust repair FILE --key KEY --key ANOTHER-KEY"


def statement(payload: bytes) -> bytes:
    """What the second key signs of a commit's payload: its tree and parents. No git object begins like this."""
    named = [line for line in payload.partition(b"\n\n")[0].split(b"\n") if line.startswith((b"tree ", b"parent "))]
    return b"\n".join([b"gt-risk trust repair", *named, b""])


def countersigned(payload: bytes, signature: bytes) -> bytes:
    """``payload``, whose message ends with trailers, with the armoured ``signature`` of its statement as one more."""
    return payload.rstrip(b"\n") + f"\n{TRAILER}: {b64encode(signature).decode()}\n".encode()


def countersignature(message: str) -> bytes:
    """The armoured second signature that a commit carries; empty without exactly one that can be read."""
    found = trailers(message, TRAILER)
    try:
        return b64decode(found[0], validate=True) if len(found) == 1 else b""
    except Base64Error:
        return b""


def one_parent(case: Case) -> Refusal | None:
    """A repair stands on the line that it repairs: it is no merge and no introduction."""
    if len(case.parents) == 1:
        return None
    return case.refusal(RefusalReason.NOT_DESCENDANT, "a repair of trust has one parent", AGAIN)


def two_keys(case: Case) -> Refusal | None:
    """Two different keys that settings pin for repairs, neither of them denied, must have signed it."""
    signers = [item.fingerprint for item in (case.signer, case.countersigned) if item is not None]
    good = set(signers) & set(case.pins.repair_keys) - set(case.pins.denied_keys)
    if len(good) == 2:
        return None
    message = f"a repair of trust takes two keys of repair_keys in settings.toml, it has {len(good)}"
    return case.refusal(RefusalReason.UNKNOWN_KEY, message, AGAIN)


def trust_alone(case: Case) -> Refusal | None:
    """A repair changes who may do what and nothing else: it clears no halt and moves no limit."""
    others = sorted(case.paths - {TRUST})
    if not others:
        return None
    message = f"a repair of trust changes {TRUST} alone, not {others[0]}"
    return case.refusal(RefusalReason.NOT_AUTHORIZED_FOR_PATH, message, AGAIN)


REPAIR_RULES: tuple[Rule, ...] = (
    well_formed,
    one_parent,
    signed,
    one_signature,
    signature_valid,
    key_not_denied,
    two_keys,
)
REPAIR_TREE_RULES: tuple[Rule, ...] = (trust_alone, landing_target, *TRUST_TREE_RULES)
