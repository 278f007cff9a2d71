"""Logging in and out."""

import logging
from dataclasses import dataclass
from typing import Annotated, cast

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import Field, SecretStr

from schemas.scalars import Model
from web.options import Options
from web.problems import Problem
from web.registry import Rate, Registry, Role
from web.security.accounts import LIFE_NS, Accounts
from web.security.guard import LOGIN, Guard, cookie, me
from web.security.passwords import LONGEST, Busy, Passwords

_log = logging.getLogger(__name__)


class Credentials(Model):
    """What the login's form sends; ``next`` is the page to go on with."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[SecretStr, Field(max_length=LONGEST)]
    next: Annotated[str, Field(max_length=500)] = "/"


@dataclass(frozen=True, slots=True)
class Desk:
    """Checks who logs in against ``accounts``, as often as ``guard`` lets a name try."""

    options: Options
    accounts: Accounts
    passwords: Passwords
    guard: Guard

    def enter(self, given: Credentials) -> Response:
        """A new session with its cookie. Raises Problem for a wrong name or password, which take the same time."""
        if not self.guard.rates.take_login(given.name):
            raise Problem(429, "too-often", "too many logins by this name; wait a minute", retry=60)
        try:
            good = self.passwords.fits(self.accounts.password_of(given.name), given.password.get_secret_value())
        except Busy:
            raise Problem(503, "busy", "too many people log in just now", retry=5) from None
        if not good:
            _log.warning("login of %r from %s refused", given.name, request.remote_addr)
            raise Problem(401, "wrong", "the name or the password is wrong")
        self.leave()
        answer = make_response(redirect(_ours(given.next), 303))
        self._set(answer, self.accounts.begin(given.name, self.guard.clock()), LIFE_NS // 1_000_000_000)
        return answer

    def leave(self) -> None:
        """End the session of the request, if it has one."""
        secret = request.cookies.get(cookie(self.options))
        if secret:
            self.accounts.end(secret)

    def out(self) -> Response:
        """The answer to a logout."""
        self.leave()
        answer = make_response(redirect(LOGIN, 303))
        self._set(answer, "", 0)
        return answer

    def _set(self, answer: Response, value: str, age: int) -> None:
        name = cookie(self.options)
        answer.set_cookie(name, value, max_age=age, secure=self.options.tls, httponly=True, samesite="Strict")


def declare(registry: Registry, desk: Desk) -> None:
    """Declare login and logout."""

    @registry.page(LOGIN, "Log in", name="login", role=Role.ANYONE)
    def login_page() -> ResponseReturnValue:
        if me().via == "session":
            return cast(Response, redirect("/", 303))
        return _form(request.args.get("next", "/"))

    @registry.control(
        LOGIN, "Begin a session", name="login", role=Role.ANYONE, rate=Rate.LOGIN, body=Credentials, statuses=(303,)
    )
    def login(body: Credentials) -> ResponseReturnValue:
        try:
            return desk.enter(body)
        except Problem as problem:
            headers = {"Retry-After": str(problem.retry)} if problem.retry else {}
            return _form(body.next, body.name, problem.detail), problem.status, headers

    @registry.control("/logout", "End the session", name="logout", role=Role.ANYONE, statuses=(303,))
    def logout() -> Response:
        return desk.out()


def _form(back: str, name: str = "", problem: str = "") -> str:
    return render_template("login.html", title="Log in", next=_ours(back), name=name, problem=problem)


def _ours(path: str) -> str:
    """``path`` when it is a page of ours, else the first page: a login sends nobody elsewhere."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"
