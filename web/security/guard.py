"""The guard before every endpoint: where from, how often, who, whether they may, whether they meant it."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import cast
from urllib.parse import quote

from flask import Response, g, redirect, request

from web.options import LOOPBACK, Options
from web.problems import Problem, for_programs
from web.registry import Endpoint, Kind, Rate, Role
from web.security.accounts import Accounts
from web.security.identity import EVERYBODY, STRANGER, Identity
from web.security.origin import foreign, has_token, misaddressed
from web.security.rates import Rates, neighbourhood

LOGIN = "/login"
READ_ONLY = "this dashboard was started to look only"
_START = "gt risk dashboard start --controls"
_SAFE = ("GET", "HEAD")


def me() -> Identity:
    """Who asks, once the guard has let the request through."""
    return cast(Identity, g.get("identity", STRANGER))


@dataclass(slots=True)
class Guard:
    """Called with the endpoint before its view. ``clock`` gives Unix nanoseconds."""

    options: Options
    accounts: Accounts | None
    rates: Rates
    clock: Callable[[], int]
    _networks: list[IPv4Network | IPv6Network] = field(init=False)

    def __post_init__(self) -> None:
        self._networks = [ip_network(text, strict=False) for text in self.options.allow]

    def __call__(self, endpoint: Endpoint) -> Response | None:
        """None lets the request through; a stranger who wants a page is sent to the login. Raises Problem."""
        self._place()
        who = self._who()
        self._often(endpoint, who)
        g.identity = who
        if endpoint.role is not Role.ANYONE and not _watched_here(endpoint):
            if endpoint.kind is Kind.CONTROL and not self.options.controls:
                raise Problem(403, "read-only", READ_ONLY, _START)
            if not who.holds(Role.VIEWER):
                return _log_in()
            _may(endpoint, who)
        _meant(endpoint, who)
        return None

    def _place(self) -> None:
        """From an allowed network, to an address of ours."""
        if misaddressed(request, self.options):
            raise Problem(421, "misdirected", f"{request.host} is no name of this dashboard", self.options.url)
        if self._networks and not self._allowed(request.remote_addr or ""):
            raise Problem(403, "not-from-here", f"{request.remote_addr} is in no network that may connect")

    def _allowed(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def _often(self, endpoint: Endpoint, who: Identity) -> None:
        """Strangers share what their address has; whoever is known has buckets of their own."""
        asker = neighbourhood(request.remote_addr or "") if who.via == "open" else f"{who.via} {who.name}"
        if not self.rates.take(endpoint.rate, asker):
            raise Problem(429, "too-often", f"too many requests of the class {endpoint.rate.value}", retry=2)

    def _who(self) -> Identity:
        if self.accounts is None:
            return EVERYBODY
        given = request.headers.get("Authorization", "")
        try:
            if given:
                return self._by_key(given)
            return self.accounts.by_session(request.cookies.get(cookie(self.options), ""), self.clock()) or STRANGER
        except sqlite3.Error as error:
            raise Problem(503, "no-accounts", f"users and keys cannot be read: {error}", "gt risk doctor") from error

    def _by_key(self, given: str) -> Identity:
        assert self.accounts is not None
        kind, _, text = given.partition(" ")
        found = self.accounts.by_key(text.strip(), self.clock()) if kind.lower() == "bearer" else None
        if found is None:
            raise Problem(401, "bad-key", "this is no key that is good now", "gt risk dashboard key list", headers=_ASK)
        return found


def cookie(options: Options) -> str:
    """The name of the session's cookie; with TLS one that no other host or path can set."""
    return "__Host-gt-risk" if options.tls else "gt-risk"


def needs_login(options: Options) -> bool:
    """Whether people must say who they are: where they can act, and where others can connect."""
    return options.controls or not options.loopback


_ASK = {"WWW-Authenticate": "Bearer"}


def _watched_here(endpoint: Endpoint) -> bool:
    """Whether a monitor on this machine asks for a probe, which takes no login. What a proxy sends on is no such."""
    sent_on = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    return endpoint.kind is Kind.PROBE and not sent_on and request.remote_addr in LOOPBACK


def _may(endpoint: Endpoint, who: Identity) -> None:
    if not who.holds(endpoint.role):
        raise Problem(403, "not-yours", f"{who.name} does not have the role {endpoint.role.value}", _more(endpoint))
    if not who.reaches(request.path):
        raise Problem(403, "out-of-scope", f"{who.name} is for {', '.join(who.scope)} alone")


def _meant(endpoint: Endpoint, who: Identity) -> None:
    """What acts must come from our own page, with the token of a session; a key needs no token."""
    if endpoint.method in _SAFE and endpoint.kind is not Kind.SOCKET:
        return
    if foreign(request, browser=who.via != "key" and endpoint.kind is not Kind.SOCKET):
        raise Problem(403, "foreign-origin", "another site's page may not act here")
    formal = who.via == "session" and endpoint.method not in _SAFE and endpoint.rate is not Rate.LOGIN
    if formal and not has_token(request, who.token):
        raise Problem(403, "no-token", "the form is of an earlier session: open it again")


def _log_in() -> Response:
    if for_programs():
        raise Problem(401, "who-are-you", "log in, or send a key: Authorization: Bearer ID.SECRET", LOGIN, headers=_ASK)
    back = request.full_path if request.method == "GET" else "/"
    target = f"{LOGIN}?next={quote(back.rstrip('?'))}"
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": LOGIN})
    return cast(Response, redirect(target, 303))


def _more(endpoint: Endpoint) -> str:
    grant = " --liquidate" if endpoint.role is Role.LIQUIDATOR else ""
    return f"gt risk dashboard user add NAME --role operator{grant}"
