"""Settings of one installation: ``settings.toml`` in the home folder, overridden by ``GT_RISK_*``.

Standard library only, so that gate, runner and the CLI's fast path can read them. Every setting has a
unit, a default and the reason for it. ``GT_RISK_PAPER__BAR_SECONDS=0.5`` overrides ``paper.bar_seconds``.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from controller.errors import SettingsError

PREFIX = "GT_RISK_"
HOME_VERSION = 1
"""Version of the home's layout that this release writes. A home without the setting has version 0."""


@dataclass(frozen=True, slots=True)
class Pins:
    """Root of trust, outside the repo: what ``gt risk init`` pinned. Nothing is trusted on first use.

    ``denied_keys`` count for nothing; ``repairs`` are commits that replaced a trust.yaml which nobody could change any
    more, each signed by two of ``repair_keys`` (fingerprints, as the others).
    """

    repo: str = ""
    environment: str = "paper"
    branch: str = "main"
    introduction: str = ""
    fingerprints: tuple[str, ...] = ()
    denied_keys: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    repair_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where desired state comes from.

    ``remote``: empty for the embedded bare repo, else any git URL. ``path``: the folder of a larger repository that is
    the config repo, empty for all of it; as ``pins`` it says what is trusted. ``timeout_seconds`` bounds each git call
    (a remote that hangs must not hold the loop). ``poll_seconds`` is the slow path behind watching (jittered by a
    fifth).
    """

    remote: str = ""
    path: str = ""
    timeout_seconds: float = 20.0
    poll_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """The paper venue: replay of real daily bars.

    ``bar_seconds``: wall seconds for one session; 1 s shows a year in four minutes. ``start``: first session that
    trades (history before it feeds signals); in spring 2012 three years of prices come before it, and an ordinary
    market follows in which single limits bind without the whole account being lost, as it is from 2008 on.
    ``slippage_bps`` and ``fee_bps`` are charged on every fill; ``volume_cap_shares`` bounds what one order may fill
    in one session, so large orders fill in parts. ``faults`` names injected faults for tests (``drop-ack``,
    ``duplicate-fill``, ``late-504``, ``stall-cancel``, ``crash@n``).
    """

    start: str = "2015-06-01"
    bar_seconds: float = 1.0
    seed: int = 1
    slippage_bps: int = 5
    fee_bps: int = 1
    volume_cap_shares: int = 2_000
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """Rhythm of the controller, seconds. ``sample`` follows spec 7.2; ``drift`` is how often live is re-read."""

    sample_seconds: float = 1.0
    drift_seconds: float = 5.0
    halt_scan_seconds: float = 0.25
    apply_wait_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Backups of the embedded home.

    ``every_hours``: how old the newest may become before the running controller makes another (spec 10.4: daily).
    ``keep_days``: days with a backup that are kept, newest first; a month covers a mistake found at its end.
    """

    every_hours: float = 24.0
    keep_days: int = 30


@dataclass(frozen=True, slots=True)
class ForgeSettings:
    """The forge that has ``source.remote``, for the doctor to ask what protects the branch there.

    ``kind``: ``github`` or ``gitlab``; ``api``: where its API is (https), empty: nobody is asked; ``project``:
    ``owner/name``; ``token``: ``env:NAME`` or ``file:/PATH`` of one that may read the project's settings.
    """

    kind: str = "github"
    api: str = ""
    project: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The webhook that wakes the controller.

    ``secret_file``: a file (in the home, unless absolute) with the secret that the forge knows too; empty: no webhook.
    ``listen``: address and port; only this machine by default, because TLS is a reverse proxy's.
    """

    secret_file: str = ""
    listen: str = "127.0.0.1:8441"


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """The dashboard that the service keeps alive beside itself.

    ``listen``: address and port; empty: none, as ``gt risk dashboard start`` shows one at any time. ``controls``:
    people who log in may act on it.
    """

    listen: str = ""
    controls: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. ``home`` is absolute; every other path is derived from it by :mod:`controller.home`."""

    home: Path
    home_version: int = 0
    pins: Pins = field(default_factory=Pins)
    source: SourceSettings = field(default_factory=SourceSettings)
    paper: PaperSettings = field(default_factory=PaperSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    forge: ForgeSettings = field(default_factory=ForgeSettings)
    hooks: HookSettings = field(default_factory=HookSettings)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    operator_name: str = ""
    operator_email: str = ""
    signing_key: str = ""
    data_dir: str = ""
    log_level: str = "info"


T = TypeVar("T")


def home_from(environ: Mapping[str, str]) -> Path:
    """``GT_RISK_HOME`` or ``~/.gt-risk``, absolute."""
    return Path(environ.get(f"{PREFIX}HOME") or Path.home() / ".gt-risk").expanduser().absolute()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read ``settings.toml`` (absent: defaults) and the environment. Raises SettingsError naming file and key, and for
    a home that a newer release has written."""
    environ = os.environ if environ is None else environ
    home = home_from(environ)
    path = home / "settings.toml"
    try:
        document = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}", f"$EDITOR {path}") from error
    _refuse_newer(document.get("home_version", 0), path)
    settings = _build(Settings(home=home), document, str(path))
    settings = _build(settings, _from_environ(environ), "environment")
    refuse_password(settings.source.remote, "source.remote")
    return settings


def refuse_password(url: str, where: str) -> None:
    """A URL stands in messages, logs and argument lists. Raises SettingsError, which does not repeat it."""
    if ":" in url.partition("://")[2].partition("/")[0].rpartition("@")[0]:
        message = f"{where} has a password in it: it would show in logs and in lists of processes"
        raise SettingsError(message, "git credential approve (git asks its helper for it), or an ssh URL")


def _refuse_newer(version: object, path: Path) -> None:
    """Before any other key is read: a newer release may have keys that this one does not know."""
    if isinstance(version, int) and version > HOME_VERSION:
        raise SettingsError(
            f"{path}: home_version = {version}, and this release knows up to {HOME_VERSION}",
            "use the release that wrote this home (halts work with any: gt-risk emergency halt-all)",
        )


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    known = {item.name for item in fields(Settings)} - {"home", "home_version"}
    for name, value in sorted(environ.items()):
        keys = name.removeprefix(PREFIX).lower().split("__")
        if name.startswith(PREFIX) and keys[0] in known:
            node = tree
            for key in keys[:-1]:
                node = node.setdefault(key, {})
            node[keys[-1]] = value
    return tree


def _build(base: T, values: Mapping[str, Any], where: str) -> T:
    hints = get_type_hints(type(base))
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints or key == "home":
            raise SettingsError(f"{where}: unknown setting {key!r}; known: {', '.join(sorted(hints))}")
        current = getattr(base, key)
        if is_dataclass(current):
            changes[key] = _build(current, value, f"{where}: {key}")
        else:
            changes[key] = _convert(hints[key], value, f"{where}: {key}")
    return replace(base, **changes)  # type: ignore[type-var]  # base is one of the frozen dataclasses above


def _convert(hint: Any, value: Any, where: str) -> Any:
    try:
        if get_origin(hint) is tuple:
            items = value.split(",") if isinstance(value, str) else value
            return tuple(get_args(hint)[0](item) for item in items if item != "")
        if isinstance(value, bool):
            raise ValueError
        return hint(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{where} = {value!r} is not {getattr(hint, '__name__', hint)}") from None
