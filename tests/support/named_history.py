"""Signed histories in memory whose signatures are the names of their signers, and a verifier over them."""

from collections.abc import Mapping

from controller.adapters.clock import ManualClock
from controller.adapters.git.memory import MemorySource
from controller.adapters.git.objects import commit_payload
from controller.core.trust.keys import SignatureError, Signed, key_blob
from controller.reconcile.verifier import Verifier
from controller.settings import Pins
from tests.support import desired
from tests.support.config_repo import REPO

AUTHOR = "A <a@b>"


class NamedHistory:
    """``root`` is the introduction with ``files``, by the operator."""

    def __init__(self, files: Mapping[str, bytes | None]) -> None:
        self.source = MemorySource("main", ManualClock(), lambda _: b"bot\n")
        self.root = self.source.seal(self.source.stage(None, files, AUTHOR, 1, "First"), b"operator\n")
        pinned = by_name(b"", b"operator").fingerprint
        self.verifier = Verifier(self.source, Pins(repo=REPO, introduction=self.root, fingerprints=(pinned,)), by_name)
        self._made = 0

    def commit(self, parents: tuple[str, ...], files: Mapping[str, bytes | None], signer: str, landing: str) -> str:
        """A commit on ``parents``: the tree of the first with ``files`` put in. Nobody's when ``signer`` is empty."""
        self._made += 1
        staged = self.source.stage(parents[0], files, AUTHOR, 1, "x")
        tree = staged.split(b"\n", 1)[0].split()[1].decode()
        payload = commit_payload(tree, parents, AUTHOR, 1, f"Commit {self._made}{landing}")
        return self.source.seal(payload, signer.encode() + b"\n")


def by_name(_payload: bytes, signature: bytes) -> Signed:
    """Whoever's name the signature is. Raises SignatureError when it is nobody's."""
    if not signature.strip():
        raise SignatureError("the signature is empty")
    return Signed(key_blob(desired.key_line(signature.decode().strip())))
