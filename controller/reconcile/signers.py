"""Who signed what is being applied: for the evidence of an apply."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.trust.case import find
from controller.core.trust.keys import SignatureError, Signed
from controller.ports import RawCommit, Source
from schemas.desired import Desired


@dataclass(frozen=True, slots=True)
class Signers:
    """``desired`` gives the documents of a verified commit, ``check`` verifies a signature over a payload."""

    source: Source
    desired: Callable[[str], Desired]
    check: Callable[[bytes, bytes], Signed]

    def of(self, since: str, commit: str) -> tuple[str, ...]:
        """The principals who signed the verified commits after ``since``, oldest first, each once, as the parent of
        what they signed names them; nobody when nothing is new. Raises Refused, SourceUnavailable."""
        commits = self.source.history(since, commit) if since not in ("", commit) else ()
        return tuple(dict.fromkeys(name for name in map(self._principal, commits) if name))

    def _principal(self, commit: RawCommit) -> str:
        try:
            signed = self.check(commit.payload, commit.signature or b"")
        except SignatureError:
            return ""
        trusts = (self.desired(parent).trust for parent in commit.parents)
        named = (find(trust, signed.key) for trust in trusts)
        return next((signer.principal for signer in named if signer is not None), "")
