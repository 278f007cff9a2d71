"""Whether a request comes from our own pages: nobody else's may act through somebody's browser."""

import hmac
from urllib.parse import urlsplit

from flask import Request

from web.options import LOOPBACK, Options

FIELD, HEADER = "_token", "X-CSRF-Token"


def misaddressed(request: Request, options: Options) -> bool:
    """Whether a name that is not this machine's was made to lead here, as a page of a stranger's can (DNS rebinding).

    Known where only this machine can connect; elsewhere TLS and the login hold.
    """
    return options.loopback and _name(request.host) not in LOOPBACK


def foreign(request: Request, *, browser: bool) -> bool:
    """Whether the page that sends it is somebody else's. ``browser``: it must say where it comes from, as browsers do;
    otherwise only one that says so is refused."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("Origin")
    return browser if origin is None else origin != request.host_url.rstrip("/")


def has_token(request: Request, token: str) -> bool:
    """Whether it carries the session's own ``token``, in a form's field or a header."""
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
