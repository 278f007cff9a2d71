"""One commit before its judge: what the rules of trust may look at."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from controller.core.trust.authority import Need, needs
from controller.core.trust.keys import SignatureError, Signed, fingerprint, key_blob
from schemas.desired import Desired
from schemas.plan import Change
from schemas.status import Refusal, RefusalReason
from schemas.trust import Signer, Trust


class Pinned(Protocol):
    """The root of trust outside the repo, as :class:`controller.settings.Pins` holds it."""

    @property
    def repo(self) -> str:
        """Repository id, 32 hex digits."""
        ...

    @property
    def environment(self) -> str:
        """``paper`` or ``live``."""
        ...

    @property
    def branch(self) -> str:
        """Target branch."""
        ...

    @property
    def introduction(self) -> str:
        """Commit id of the introduction."""
        ...

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Keys that may have signed the introduction."""
        ...

    @property
    def denied_keys(self) -> tuple[str, ...]:
        """Fingerprints that count for nothing, whatever trust.yaml says."""
        ...

    @property
    def repairs(self) -> tuple[str, ...]:
        """Commits that put a new trust.yaml in the place of one that nobody could change any more."""
        ...

    @property
    def repair_keys(self) -> tuple[str, ...]:
        """Fingerprints, two of which sign a repair together."""
        ...


@dataclass(frozen=True)
class Case:
    """One commit before its judge. ``problem`` says why its signature is not valid; then ``signer`` is None.

    ``parent`` is the desired state of its parent, whose trust.yaml judges (None: an introduction); a merge is a case
    for the trust of each parent. ``child``, ``changes`` (compiled, with their direction; of a merge what it changes
    itself) and ``paths`` (all that differ) are known once its tree has been read. ``check_key`` raises SignatureError
    for a key whose signatures could not be verified. ``countersigned``: whose second signature a repair carries.
    """

    commit: str
    parents: tuple[str, ...]
    payload: bytes
    message: str
    has_signature: bool
    signer: Signed | None
    problem: str
    pins: Pinned
    parent: Desired | None = None
    child: Desired | None = None
    changes: tuple[Change, ...] = ()
    paths: frozenset[str] = frozenset()
    check_key: Callable[[bytes], None] | None = None
    countersigned: Signed | None = None

    @cached_property
    def standing(self) -> tuple[Trust, Signer] | None:
        """The parent's trust and the signer as it lists them; None for an unknown key."""
        if self.signer is None or self.parent is None:
            return None
        signer = find(self.parent.trust, self.signer.key)
        return None if signer is None else (self.parent.trust, signer)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What the commit does."""
        return needs(self.paths, self.changes, self.parent)

    def refusal(self, reason: RefusalReason, message: str, fix: str) -> Refusal:
        """A refusal of this commit."""
        return Refusal(commit=self.commit, reason=reason, message=message, fix=fix)


def find(trust: Trust, key: bytes) -> Signer | None:
    """The signer of ``trust`` who holds ``key``."""
    return next((signer for signer in trust.signers if blob_of(signer) == key), None)


def undenied(trust: Trust, denied: Collection[str]) -> Trust:
    """``trust`` less the keys whose fingerprints are ``denied``: they count for nothing."""
    if not denied:
        return trust
    kept = tuple(item for item in trust.signers if (blob := blob_of(item)) is None or fingerprint(blob) not in denied)
    return trust.model_copy(update={"signers": kept})


def blob_of(signer: Signer) -> bytes | None:
    """The key blob of ``signer``, None when its line is broken (it then holds nothing)."""
    try:
        return key_blob(signer.key)
    except SignatureError:
        return None
