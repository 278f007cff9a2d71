"""Whose word counts on the bot's branch: only commits that a bot has signed."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from controller.core.trust.case import find
from controller.core.trust.keys import SignatureError, Signed
from controller.errors import Refused
from controller.ports import RawCommit
from schemas.status import Refusal, RefusalReason
from schemas.trust import Role, Trust


@dataclass(frozen=True, slots=True)
class Bots:
    """The bots of ``trust`` less the keys whose fingerprints are ``denied``.

    ``check`` verifies a signature over a payload and raises SignatureError. ``earlier`` gives the trust documents
    before: what a bot wrote that has a new key since is still its word. A key that leaked is denied.
    """

    trust: Trust
    check: Callable[[bytes, bytes], Signed]
    denied: Collection[str] = ()
    earlier: Callable[[], Iterable[Trust]] = tuple

    def own(self, commit: RawCommit) -> bool:
        """Whether one of them signed ``commit``."""
        try:
            self.require(commit)
        except Refused:
            return False
        return True

    def require(self, commit: RawCommit) -> None:
        """Raises Refused unless one of them signed ``commit``."""
        if commit.signature is None:
            raise _refused(commit, RefusalReason.BAD_SIGNATURE, "the commit is not signed")
        try:
            signed = self.check(commit.payload, commit.signature)
        except SignatureError as error:
            raise _refused(commit, RefusalReason.BAD_SIGNATURE, str(error)) from error
        if signed.fingerprint in self.denied or not self._names(signed.key):
            message = "only the bot's key writes evidence of halts"
            raise _refused(commit, RefusalReason.NOT_AUTHORIZED_FOR_PATH, message, "push to your own branch")

    def _names(self, key: bytes) -> bool:
        return _is_bot(self.trust, key) or any(_is_bot(trust, key) for trust in self.earlier())


def _is_bot(trust: Trust, key: bytes) -> bool:
    signer = find(trust, key)
    return signer is not None and Role.BOT in signer.roles


def _refused(commit: RawCommit, reason: RefusalReason, message: str, fix: str = "") -> Refused:
    return Refused(Refusal(commit=commit.id, reason=reason, message=message, fix=fix))
