"""trust.yaml as text: signers added, taken out and given another key, every other line as people wrote it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.core.desired.yaml_edit import apply_edit
from controller.core.desired.yaml_reader import YamlDocument, read
from controller.core.trust.authority import TRUST
from controller.core.trust.keys import SignatureError, key_blob
from schemas.edits import SetValue

_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of an allowed_signers file: a principal and a public key line."""

    principal: str
    key: str


def entries(content: bytes) -> list[tuple[str, str]]:
    """(principal, key) of each signer, in the order of the document."""
    data = read(TRUST, content).data
    signers = data.get("signers") if isinstance(data, dict) else None
    found = signers if isinstance(signers, list) else []
    return [(str(item.get("principal")), str(item.get("key"))) for item in found if isinstance(item, dict)]


def added(content: bytes, principal: str, key: str, roles: Sequence[str]) -> bytes:
    """``content`` with one more signer behind the last. Raises ValueError where the list is not one entry a line."""
    document = read(TRUST, content)
    lines = content.decode().splitlines(keepends=True)
    last = max((end for _, end in _spans(document)), default=0)
    if not last:
        raise ValueError("trust.yaml lists no signers one below the other")
    entry = f"  - principal: {_QUOTE}{principal}{_QUOTE}\n    key: {key}\n    roles: [{', '.join(roles)}]\n"
    return "".join([*lines[:last], entry, *lines[last:]]).encode()


def removed(content: bytes, index: int) -> bytes:
    """``content`` without the signer at ``index``."""
    lines = content.decode().splitlines(keepends=True)
    start, end = _spans(read(TRUST, content))[index]
    return "".join([*lines[: start - 1], *lines[end:]]).encode()


def rekeyed(content: bytes, index: int, key: str) -> bytes:
    """``content`` with ``key`` in the place of the key of the signer at ``index``. Raises InvalidDesired."""
    return apply_edit(content, SetValue(path=TRUST, pointer=("signers", str(index), "key"), value=key))


def same_key(one: str, other: str) -> bool:
    """Whether two lines name the same key, whatever their comments say."""
    try:
        return key_blob(one) == key_blob(other)
    except SignatureError:
        return False


def allowed_signers(text: str) -> Iterator[Allowed]:
    """The signers of an OpenSSH allowed_signers file, the namespace ``git`` being theirs. Raises ValueError naming the
    line that cannot be taken over: a certificate authority, a pattern, a period."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        at = next((place for place, word in enumerate(words) if place and _is_kind(word)), 0)
        options = " ".join(words[1:at])
        if not at or "cert-authority" in options or "valid-" in options or set("*?!,") & set(words[0]):
            raise ValueError(f"line {number}: only lines of one principal and one plain key are taken over")
        if "namespaces=" in options and "git" not in options:
            continue
        key = " ".join(words[at : at + 2])
        try:
            key_blob(key)
        except SignatureError as error:
            raise ValueError(f"line {number}: {error}") from error
        yield Allowed(words[0], key)


def _is_kind(word: str) -> bool:
    return word.startswith(("ssh-", "ecdsa-", "sk-")) and "=" not in word


def _spans(document: YamlDocument) -> list[tuple[int, int]]:
    """First and last line of each signer."""
    found: dict[int, list[int]] = {}
    for pointer, place in [*document.values.items(), *document.keys.items()]:
        if len(pointer) > 2 and pointer[0] == "signers":
            found.setdefault(int(pointer[1]), []).append(place.line)
    return [(min(lines), max(lines)) for _, lines in sorted(found.items())]
