"""What guards one dashboard, put together."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from controller.home import Home
from web.options import Options
from web.registry import Registry, Role
from web.security import login
from web.security.accounts import Accounts
from web.security.guard import Guard, me, needs_login
from web.security.passwords import Passwords
from web.security.rates import Rates
from web.security.tls import Exposed, check


@dataclass(frozen=True, slots=True)
class Security:
    """``desk`` is where people log in, None where everybody may look."""

    guard: Guard
    desk: login.Desk | None

    def declare(self, registry: Registry) -> None:
        """Declare login and logout where there are any."""
        if self.desk is not None:
            login.declare(registry, self.desk)

    def layout(self) -> str:
        """The template around an error: who may not look sees nothing of the book beside it."""
        return "base.html" if self.desk is None or me().holds(Role.VIEWER) else "bare.html"


def make_security(options: Options, clock: Callable[[], int], ticks: Callable[[], float], ends: ExitStack) -> Security:
    """The guard of a dashboard; ``clock`` gives Unix nanoseconds, ``ticks`` seconds, ``ends`` closes its file.

    Raises as :class:`Accounts`.
    """
    if not needs_login(options):
        return Security(Guard(options, None, Rates(ticks), clock), None)
    accounts = ends.enter_context(closing(Accounts(Home(options.home).dashboard)))
    guard = Guard(options, accounts, Rates(ticks), clock)
    return Security(guard, login.Desk(options, accounts, Passwords(), guard))


def may_listen(options: Options) -> None:
    """Raises Exposed where the dashboard would be open to others, or where nobody could log in."""
    users = 0
    if needs_login(options):
        try:
            with closing(Accounts(Home(options.home).dashboard)) as accounts:
                users = sum(not user.disabled for user in accounts.users())
        except (OSError, sqlite3.Error) as error:
            raise Exposed(f"users cannot be read: {error}", "gt risk doctor") from error
    check(options, users)
