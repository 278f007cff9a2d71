"""``gt risk dashboard user`` and ``key``: who may use the dashboard and the API."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import json_option
from cli.output import DECLINED, OK, USAGE, Document, Failure, finish
from cli.remote import ask, home
from cli.render.text import safe, table
from cli.tree import Near

if TYPE_CHECKING:
    from web.security.accounts import Accounts

RANKS = ("read-only", "operator", "emergency")
_USERS, _KEYS = "gt risk dashboard user list", "gt risk dashboard key list"
_NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_NAME_LENGTH = 32
_DAY_NS = 86_400 * 1_000_000_000
user = Near("user", help="Who may log in to the dashboard.", no_args_is_help=True)
key = Near("key", help="API keys of programs.", no_args_is_help=True)
_rank = click.option(
    "--role", "rank", type=click.Choice(RANKS), default="read-only", show_default=True, help="What it may do."
)
_liquidate = click.option("--liquidate", is_flag=True, help="May also ask for a liquidation; no role includes it.")


@user.command("add")
@click.argument("name")
@_rank
@_liquidate
@click.option(
    "--password-file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the password from the first line of a file instead of asking.",
)
@json_option
def add_user(name: str, rank: str, liquidate: bool, file: Path | None, as_json: bool) -> int:
    """Let somebody log in; a disabled user is enabled anew with what is given now. Asks for the password."""
    from web.security.identity import Rank
    from web.security.passwords import Passwords

    if not name or len(name) > _NAME_LENGTH or not _NAME_SIGNS.issuperset(name):
        message = f"{name!r} is no name: up to {_NAME_LENGTH} of a-z, 0-9, dot, dash and underscore"
        raise Failure(message, "gt risk dashboard user add --help", USAGE, "BadArgument")
    with _accounts() as accounts:
        known = accounts.user(name)
        if known is not None and not known.disabled:
            again = f"gt risk dashboard user disable {name}   # then add it again for a new password or role"
            raise Failure(f"there is a user {name!r} already", again, USAGE, "BadArgument")
        try:
            hashed = Passwords().hashed(_password(file))
        except ValueError as error:
            raise Failure(str(error), f"gt risk dashboard user add {name}", USAGE, "BadArgument") from error
        grant = ", may ask for a liquidation" if liquidate else ""
        with recorded("dashboard.user", f"added {name}: {rank}{grant}"):
            accounts.add_user(name, hashed, Rank(rank), liquidate, time.time_ns())
        made = _user(accounts.user(name))
    return finish({"user": made}, OK, as_json, lambda _: [f"✓ User added: {name} ({rank}{grant})"])


@user.command("list")
@json_option
def list_users(as_json: bool) -> int:
    """List who may log in."""
    with _accounts() as accounts:
        found = [_user(item) for item in accounts.users()]
    return finish(
        {"users": found}, OK, as_json, lambda _: _table(found, "No users.", "gt risk dashboard user add NAME")
    )


@user.command()
@click.argument("name")
@json_option
def disable(name: str, as_json: bool) -> int:
    """Shut somebody out, now: every session of theirs ends."""
    from web.security.accounts import NoSuchAccount

    with _accounts() as accounts, recorded("dashboard.user", f"disabled {name}"):
        try:
            accounts.disable(name)
        except NoSuchAccount:
            raise Failure(f"there is no user {name!r}", _USERS, USAGE, "BadArgument") from None
        gone = _user(accounts.user(name))
    return finish({"user": gone}, OK, as_json, lambda _: [f"✓ User disabled, sessions ended: {name}"])


@key.command()
@click.argument("note")
@_rank
@_liquidate
@click.option("--scope", multiple=True, metavar="PATH", help="Only these paths, as /api/portfolio/*; repeatable.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is good.")
@json_option
def create(note: str, rank: str, liquidate: bool, scope: tuple[str, ...], days: int, as_json: bool) -> int:
    """Make an API key for what NOTE says. It is shown once and kept nowhere."""
    from web.security.identity import Rank

    if any(not path.startswith("/") or any(sign.isspace() for sign in path) for path in scope):
        raise Failure(
            "a scope is a path, as /api/portfolio/*", "gt risk dashboard key create --help", USAGE, "BadArgument"
        )
    now = time.time_ns()
    what = f"made for {safe(note)}: {rank}, {days} days{', may ask for a liquidation' if liquidate else ''}"
    with _accounts() as accounts, recorded("dashboard.key", what):
        id, secret = accounts.add_key(note, Rank(rank), liquidate, scope, now, now + days * _DAY_NS)
        made = next(_key(item) for item in accounts.api_keys() if item.id == id)
    lines = [f"✓ Key made: {id} ({rank}, {days} days)", "", secret, "", "It is shown this once. Use it so:"]
    usage = '  curl -H "Authorization: Bearer $KEY" http://localhost:8080/api/portfolio/status'
    return finish({"key": made, "secret": secret}, OK, as_json, lambda _: [*lines, usage])


@key.command("list")
@json_option
def list_keys(as_json: bool) -> int:
    """List the keys, without their secrets."""
    with _accounts() as accounts:
        found = [_key(item) for item in accounts.api_keys()]
    return finish(
        {"keys": found}, OK, as_json, lambda _: _table(found, "No keys.", "gt risk dashboard key create NOTE")
    )


@key.command()
@click.argument("id")
@json_option
def revoke(id: str, as_json: bool) -> int:
    """Make a key worthless, now."""
    from web.security.accounts import NoSuchAccount

    with _accounts() as accounts, recorded("dashboard.key", f"revoked {id}"):
        try:
            accounts.revoke(id)
        except NoSuchAccount:
            raise Failure(f"there is no key {id!r}", _KEYS, USAGE, "BadArgument") from None
        gone = next(_key(item) for item in accounts.api_keys() if item.id == id)
    return finish({"key": gone}, OK, as_json, lambda _: [f"✓ Key revoked: {id}"])


@contextmanager
def recorded(event: str, what: str, reason: str = "") -> Iterator[None]:
    """The block as a control action in the audit log: its intent before, what came of it after."""
    entry = {"event": event, "after": what, "reason": reason}
    begun = ask("dashboard.record", entry)
    entry |= {"intent": begun["seq"], "audit_id": begun["audit_id"]}
    try:
        yield
    except BaseException as error:
        ask("dashboard.record", {**entry, "outcome": "failed", "details": str(getattr(error, "message", error))})
        raise
    ask("dashboard.record", {**entry, "outcome": "done"})


@contextmanager
def _accounts() -> "Iterator[Accounts]":
    import sqlite3

    from controller.home import Home
    from web.security.accounts import Accounts

    place = Home(Path(home()))
    if not place.settings.exists():
        raise Failure(f"no gt-risk home at {place.root}", "gt risk init", code="NoHome")
    try:
        with closing(Accounts(place.dashboard)) as accounts:
            yield accounts
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"users and keys: {error}", f"ls -l {place.dashboard}") from error


def _password(file: Path | None) -> str:
    """From the file or the terminal, never from the line, which others can read."""
    if file is not None:
        return file.read_text().partition("\n")[0]
    if not sys.stdin.isatty():
        hint = "gt risk dashboard user add NAME --password-file FILE"
        raise Failure("there is no terminal to ask for a password", hint, DECLINED, "Declined")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _user(item: Any) -> Document:
    return {
        "name": item.name,
        "role": item.rank.value,
        "liquidate": item.liquidate,
        "disabled": item.disabled,
        "made": _instant(item.made_ns),
    }


def _key(item: Any) -> Document:
    good = not item.revoked and time.time_ns() < item.expires_ns
    return {
        "id": item.id,
        "note": item.note,
        "role": item.rank.value,
        "liquidate": item.liquidate,
        "scope": list(item.scope),
        "made": _instant(item.made_ns),
        "expires": _instant(item.expires_ns),
        "revoked": item.revoked,
        "good": good,
    }


def _table(rows: list[Document], nothing: str, again: str) -> list[str]:
    if not rows:
        return [nothing, f"  next: {again}"]
    return table(list(rows[0]), ([_text(value) for value in row.values()] for row in rows))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return safe(", ".join(value) or "everything" if isinstance(value, list) else value)


def _instant(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
