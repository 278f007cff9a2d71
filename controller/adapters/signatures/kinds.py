"""A commit's signature of whichever kind: SSH in process, OpenPGP through gpg."""

from controller.adapters.signatures import openpgp, sshsig
from controller.adapters.signatures.wire import string
from controller.core.trust.keys import OPENPGP, Signed


def verify(payload: bytes, armoured: bytes) -> Signed:
    """Check that ``armoured`` signs exactly ``payload``, as git makes it. Raises SignatureError with the reason."""
    if armoured.startswith(openpgp.BEGIN):
        return openpgp.verify(payload, armoured)
    return sshsig.verify(payload, armoured)


def check_key(blob: bytes) -> None:
    """Whether signatures of this key can be verified at all. Raises SignatureError."""
    if blob.startswith(string(OPENPGP)):
        openpgp.check_key(blob)
    else:
        sshsig.check_key(blob)
