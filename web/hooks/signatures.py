"""How each forge proves that a request is its own, by a secret that both know. Compared in constant time."""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from werkzeug.datastructures import Headers


def github(secret: bytes, headers: Headers, body: bytes) -> bool:
    """``X-Hub-Signature-256: sha256=<HMAC-SHA256 of the body in hex>``."""
    return _same(f"sha256={_digest(secret, body)}", headers.get("X-Hub-Signature-256", ""))


def gitea(secret: bytes, headers: Headers, body: bytes) -> bool:
    """``X-Gitea-Signature: <HMAC-SHA256 of the body in hex>``."""
    return _same(_digest(secret, body), headers.get("X-Gitea-Signature", ""))


def gitlab(secret: bytes, headers: Headers, _: bytes) -> bool:
    """``X-Gitlab-Token: <the secret itself>``; GitLab signs no body."""
    return hmac.compare_digest(secret, headers.get("X-Gitlab-Token", "").encode())


FORGES: Mapping[str, Callable[[bytes, Headers, bytes], bool]] = {"github": github, "gitlab": gitlab, "gitea": gitea}


def _digest(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())
