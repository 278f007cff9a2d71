"""The systemd units of an installation: one whose foreground keeps controller, gate and runner, and beside it the
watchdog, which tells people when that one has failed, and looks for itself every minute."""

import pwd
from dataclasses import dataclass
from pathlib import Path

from controller.errors import SettingsError
from controller.home import Home

NAME = "gt-risk.service"
WATCHDOG = "gt-risk-watchdog"
_UNIT = """\
# Written by gt-risk service install. Whatever becomes of these processes, open halts stay in force: they are in the
# latch and the journal, a start only puts them in force again, and nothing but a signed commit lifts one.
[Unit]
Description=gt-risk: controller, gate and strategy runner of {home}
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=5
OnFailure={watchdog}.service

[Service]
Type=exec
{user}Environment={environment}
ExecStart={script} service start --foreground
# The foreground stops runner, controller and gate in the safe order; what is left after that is killed.
KillMode=mixed
TimeoutStopSec=30
# A service that another one replaced or that a person stopped is not started again; a crash is.
Restart=on-failure
RestartSec=5
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={home_path}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy={target}
"""
_WATCH = """\
# Written by gt-risk service install. It needs no running service: it sends by the same channels as the service.
[Unit]
Description=gt-risk: tell people that the service of {home} is down
After=network-online.target

[Service]
Type=oneshot
{user}Environment={environment}
ExecStart={script} watchdog
# 3: something is down, and people were told.
SuccessExitStatus=3
TimeoutStartSec=120
UMask=0077
NoNewPrivileges=yes
"""
_TIMER = """\
# Written by gt-risk service install.
[Unit]
Description=gt-risk: look every minute whether the service of {home} runs

[Timer]
OnActiveSec=60
OnUnitInactiveSec=60

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file: where it goes, its text, the files beside it, and the commands that put it to use."""

    path: Path
    text: str
    next: tuple[str, ...]
    beside: tuple[tuple[Path, str], ...]


def unit(home: Home, script: Path, *, system: bool) -> Unit:
    """The unit of ``home`` run by ``script`` (the installed ``gt-risk``), for systemd itself or for the user's own.

    Raises SettingsError for a path that a unit file cannot hold, or an owner without a name.
    """
    for path in (home.root, script):
        if any(sign in str(path) for sign in "\n\r\0"):
            raise SettingsError(f"{path!s}: a unit file cannot name this path", "export GT_RISK_HOME=<another path>")
    folder = Path("/etc/systemd/system") if system else Path.home() / ".config" / "systemd" / "user"
    words = {
        "home": _escaped(home.root),
        "home_path": _quoted(home.root),
        "environment": _quoted(f"GT_RISK_HOME={home.root}"),
        "script": _quoted(script),
        "user": f"User={_owner(home)}\n" if system else "",
        "target": "multi-user.target" if system else "default.target",
        "watchdog": WATCHDOG,
    }
    control = "systemctl" if system else "systemctl --user"
    commands = (f"{control} daemon-reload", f"{control} enable --now {NAME} {WATCHDOG}.timer")
    beside = tuple(
        (folder / f"{WATCHDOG}.{kind}", text.format(**words)) for kind, text in (("service", _WATCH), ("timer", _TIMER))
    )
    return Unit(
        folder / NAME, _UNIT.format(**words), commands if system else (*commands, "loginctl enable-linger"), beside
    )


def _owner(home: Home) -> str:
    number = home.root.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        raise SettingsError(f"{home.root} belongs to user id {number}, which has no name", "id") from None


def _escaped(value: object) -> str:
    """``%`` begins a specifier in every line of a unit."""
    return str(value).replace("%", "%%")


def _quoted(value: object) -> str:
    """One word of a unit line."""
    text = _escaped(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
