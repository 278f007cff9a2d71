"""The template filled in for tests, ways to change it, and keys that only look like keys."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from controller.core.desired.documents import DocumentCache, assemble
from controller.core.desired.template import fill
from schemas.desired import Desired

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "desired-state"
COMMITS = ("a" * 40, "b" * 40)
UIDS = {
    "contrarian-swing": "c" * 32,
    "disclosure-follower": "d" * 32,
    "heuristic-value-1": "e" * 32,
    "ml-momentum-v2": "f" * 32,
}
_CACHE = DocumentCache()


def wire(*parts: bytes) -> bytes:
    """The parts of an OpenSSH key, each behind its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def key_line(name: str) -> str:
    """A well-formed ed25519 public key line, another one for each name."""
    blob = wire(b"ssh-ed25519", hashlib.sha256(name.encode()).digest())
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}"


@cache
def template() -> dict[str, bytes]:
    """The template's files as they are in the checkout, by path."""
    return {str(path.relative_to(TEMPLATE)): path.read_bytes() for path in TEMPLATE.rglob("*") if path.is_file()}


@cache
def _filled() -> dict[str, bytes]:
    uids = [UIDS[key] for key in sorted(UIDS)]
    return fill(template(), "0" * 31 + "1", "paper", "main", "kim", key_line("kim"), key_line("bot"), uids)


def files(**changes: tuple[str, str]) -> dict[str, bytes]:
    """The filled template with text replaced: ``risk_config=(old, new)``, ``strategies__ml_momentum_v2=…``."""
    result = dict(_filled())
    for name, (old, new) in changes.items():
        path = name.replace("__", "/") + ".yaml"
        path = path if path in result else path.replace("_", "-")
        path = path if path in result else name + ".yaml"
        text = result[path].decode()
        assert old in text, (path, old)
        result[path] = text.replace(old, new, 1).encode()
    return result


def read(tree: dict[str, bytes], commit: str = COMMITS[0]) -> Desired:
    """``read_desired`` with a cache that the tests share."""
    return cached(_CACHE, tree, commit)


def cached(cache: DocumentCache, tree: dict[str, bytes], commit: str = COMMITS[0]) -> Desired:
    """``read_desired`` of the documents that ``cache`` has, or reads now."""
    ids = {path: hashlib.sha256(content).hexdigest() for path, content in tree.items()}
    contents = {ids[path]: content for path, content in tree.items()}
    return assemble(commit, tree, cache.parse_all(ids, contents.__getitem__))


def desired(commit: str = COMMITS[0]) -> Desired:
    """The filled template as desired state."""
    return read(files(), commit)
