"""``gt risk init``: make the home folder. Idempotent: what exists is left as it is, and nothing is overwritten."""

import getpass
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import controller
from controller.adapters.git.folder import check_path
from controller.adapters.git.provision import Person, Place
from controller.adapters.git.provision import provision as provision_git
from controller.adapters.signatures import keys
from controller.adapters.signatures.signer import sign
from controller.core.desired.template import fill
from controller.errors import SettingsError
from controller.home import Home
from controller.host.settings_file import settings_text, with_pins
from controller.host.template import template_root
from controller.latch.journal import Journal, create, read_home
from controller.latch.journal_record import HALT as HALT_RECORD
from controller.latch.journal_record import Entry
from controller.latch.layout import HALT
from controller.latch.raising import RaiseFile, create_pair
from controller.reconcile.boot import book16, synthetic_id
from controller.settings import Pins, Settings, load, refuse_password

MAX_HOME = 80
_SYNTHETIC = 5
_RISK_CONFIG = "risk_config.yaml"


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``init`` is asked for; empty values are taken from git's own configuration and the login.

    ``remote``: URL of the config repo, empty for one in the home; ``path``: the folder of it that the documents are in.
    """

    environment: str = "paper"
    book: str = ""
    name: str = ""
    email: str = ""
    signing_key: str = ""
    branch: str = "main"
    remote: str = ""
    path: str = ""


@dataclass(slots=True)
class Report:
    """What was made and what was there already, in order."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def note(self, path: Path, existed: bool) -> None:
        """Remember one path."""
        if path.exists():
            (self.kept if existed else self.made).append(str(path))


def initialise(home: Home, wish: Wish) -> Report:
    """Make what is missing of a home: folders, keys, settings with pins, config repo and clone, latch pair, journal.

    Raises SettingsError with the next command when the home cannot be one (too long a path, a history without pins).
    """
    if len(os.fsencode(home.root)) > MAX_HOME:
        raise SettingsError(f"{home.root}: too long for its sockets", "export GT_RISK_HOME=<a shorter path>")
    refuse_password(wish.remote, "--remote")
    check_path(wish.path)
    os.umask(0o077)
    report = Report()
    for folder in (home.root, home.keys, home.run, home.logs, home.policy, home.engine, home.raise_file.parent):
        with _noting(report, folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
    person = _person(home, wish)
    public, bot = _keys(home, person, report)
    _settings(home, wish, person, report)
    _repositories(home, wish, person, (public, bot), report)
    _latch(home, report)
    return report


class _noting:
    """Notes whether a path was there before the block."""

    def __init__(self, report: Report, path: Path) -> None:
        self._report, self._path = report, path
        self._existed = path.exists()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._report.note(self._path, self._existed)


def _person(home: Home, wish: Wish) -> Person:
    login = getpass.getuser()
    stored = load({"GT_RISK_HOME": str(home.root)})
    name = stored.operator_name or wish.name or _git_config("user.name") or login
    email = stored.operator_email or wish.email or _git_config("user.email") or f"{login}@localhost"
    key = stored.signing_key or wish.signing_key
    return Person(name, email, Path(key).expanduser().absolute() if key else home.keys / "operator")


def _git_config(key: str) -> str:
    done = subprocess.run(["git", "config", "--global", "--get", key], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _keys(home: Home, person: Person, report: Report) -> tuple[str, str]:
    """Public key lines of operator and bot; a key of the operator's own is only read."""
    own = home.keys / "operator"
    with _noting(report, home.keys / "bot"):
        bot = keys.generate(home.keys / "bot", "gt-risk-bot")
    if person.signing_key == own:
        with _noting(report, own):
            return keys.generate(own, person.email), bot
    public = person.signing_key
    public = public if public.suffix == ".pub" else keys.public_path(public)
    if not public.exists():
        raise SettingsError(f"{public} does not exist", f"ssh-keygen -y -f {person.signing_key} > {public}")
    return public.read_text().strip(), bot


def _settings(home: Home, wish: Wish, person: Person, report: Report) -> None:
    with _noting(report, home.settings):
        if not home.settings.exists():
            pins = Pins(repo=secrets.token_hex(16), environment=wish.environment, branch=wish.branch)
            _write(
                home.settings, settings_text(pins, person.name, person.email, wish.signing_key, wish.remote, wish.path)
            )


def _repositories(home: Home, wish: Wish, person: Person, lines: tuple[str, str], report: Report) -> None:
    settings = load({"GT_RISK_HOME": str(home.root)})
    pins, place = settings.pins, Place(settings.source.remote, settings.source.path)
    files = {} if pins.introduction else _documents(pins, wish, person, lines, _first_day(settings))
    with _noting(report, home.bare), _noting(report, home.clone):
        held = provision_git(home, files, person, pins, lambda payload: sign(payload, person.signing_key), place)
    if held != pins:
        _write(home.settings, with_pins(home.settings.read_text(), held))


def _first_day(settings: Settings) -> str:
    """The market's date when the book begins: of a replay the first session that trades, of a live book today."""
    return date.today().isoformat() if settings.pins.environment == "live" else settings.paper.start


def _documents(pins: Pins, wish: Wish, person: Person, lines: tuple[str, str], started: str) -> dict[str, bytes]:
    """The template with this installation's identity in it, and the schemas that editors check it with."""
    root = template_root()
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(_files(root))}
    count = sum(path.startswith("strategies/") for path in files)
    uids = [secrets.token_hex(16) for _ in range(count)]
    filled = fill(files, pins.repo, pins.environment, pins.branch, person.name, *lines, uids)
    filled[_RISK_CONFIG] = _set(filled[_RISK_CONFIG], ("learning", "started"), json.dumps(started))
    if wish.book:
        filled[_RISK_CONFIG] = _set(filled[_RISK_CONFIG], ("account", "name"), wish.book)
    schemas = Path(controller.__file__).parent.parent / "schemas" / "json"
    return {**filled, **{f".schemas/{path.name}": path.read_bytes() for path in sorted(schemas.glob("*.json"))}}


def _set(content: bytes, pointer: tuple[str, ...], value: str) -> bytes:
    from controller.core.desired.yaml_edit import apply_edit
    from schemas.edits import SetValue

    return apply_edit(content, SetValue(path=_RISK_CONFIG, pointer=pointer, value=value))


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


def _latch(home: Home, report: Report) -> None:
    """The latch pair and the journal of a home that has never run; a live book starts halted, its past is unknown.

    What is missing from a home that has run is not made here: the controller does, and halts, at its boot.
    """
    pins = load({"GT_RISK_HOME": str(home.root)}).pins
    never_ran = not home.store.exists()
    fresh = never_ran and not home.journal.exists()
    live = pins.environment == "live"
    with _noting(report, home.raise_file), _noting(report, home.permit_file):
        if fresh:
            create_pair(str(home.raise_file), str(home.permit_file), book16(pins.repo))
            if live:
                _halt_new_home(home)
    with _noting(report, home.journal):
        if fresh:
            create(str(home.journal))
        if live and never_ran:
            _record_halt(home)


def _first_halt(home: Home) -> tuple[str, str]:
    """(id, evidence) of the halt that a new home of a live book starts with."""
    name = f"init:{home.root}"
    return synthetic_id("init", name), name


def _halt_new_home(home: Home) -> None:
    """Raise it once; before there is a journal, so that an init killed anywhere after this leaves it standing."""
    halt_id, _ = _first_halt(home)
    latch = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    try:
        if all(slot.halt_id != halt_id for slot in latch.slots()):
            latch.raise_halt(bytes.fromhex(halt_id), "account", HALT, _SYNTHETIC, time.time_ns())
    finally:
        latch.close()


def _record_halt(home: Home) -> None:
    """Bring it into the journal, unless it is there or was never raised here."""
    halt_id, name = _first_halt(home)
    entries, _ = read_home(str(home.root))
    latch = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    try:
        found = [slot for slot in latch.slots() if slot.halt_id == halt_id]
    finally:
        latch.close()
    if not found or any(entry.halt_id == halt_id for entry in entries):
        return
    slot = found[0]
    entry = Entry(
        HALT_RECORD,
        halt_id,
        slot.wall_ns,
        scope="account",
        mode=HALT,
        source=_SYNTHETIC,
        actor="gt risk init",
        text=f"{name}: a new home of a live book",
        word=slot.word,
        slot=slot.slot,
    )
    journal = Journal(str(home.journal))
    try:
        journal.append(entry)
    finally:
        journal.close()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, over nothing and over the old content alike."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    temporary.rename(path)
