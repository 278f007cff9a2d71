"""The commented ``settings.toml`` that ``gt risk init`` writes. Pure text."""

import json
import tomllib
from collections.abc import Sequence

from controller.settings import HOME_VERSION, BackupSettings, LoopSettings, PaperSettings, Pins, SourceSettings


def settings_text(pins: Pins, name: str, email: str, signing_key: str, remote: str = "", path: str = "") -> str:
    """A new ``settings.toml``; what is commented out shows its default."""
    return _identity(pins, name, email, signing_key) + _rhythm(remote, path)


def _identity(pins: Pins, name: str, email: str, signing_key: str) -> str:
    return f"""\
# Settings of this gt-risk installation. GT_RISK_<NAME> in the environment wins, for example
# GT_RISK_PAPER__BAR_SECONDS=0.5 for paper.bar_seconds. Nothing in here is in the config repo.

# Layout of this folder; gt risk db migrate raises it.
home_version = {HOME_VERSION}

# Who this machine's commits are by.
operator_name = {_quoted(name)}
operator_email = {_quoted(email)}

# Private key that signs, or the .pub of one that the ssh-agent holds; empty: keys/operator.
signing_key = {_quoted(signing_key)}

# Folder with optional data packs (disclosures); empty: none.
data_dir = ""

# debug, info, warning or error.
log_level = "info"

# Root of trust, made by gt risk init. The config repo must begin with this commit, signed by one of these keys.
# Changing a line here is a new root of trust.
[pins]
repo = {_quoted(pins.repo)}
environment = {_quoted(pins.environment)}
branch = {_quoted(pins.branch)}
introduction = {_quoted(pins.introduction)}
fingerprints = {json.dumps(list(pins.fingerprints))}
# Keys that count for nothing although trust.yaml may still list them (fingerprints, SHA256:…).
denied_keys = []
"""


def _rhythm(remote: str, path: str) -> str:
    source, paper, loop, backup = SourceSettings(), PaperSettings(), LoopSettings(), BackupSettings()
    return f"""
[source]
# Any git URL; empty: config.git in this folder.
remote = {_quoted(remote)}
# Folder of that repository which is the config repo, when it holds more; empty: all of it.
path = {_quoted(path)}
# Bound of each git call, seconds.
# timeout_seconds = {source.timeout_seconds}
# How often to look when nothing wakes the controller, seconds.
# poll_seconds = {source.poll_seconds}

[paper]
# First session that trades; the history before it feeds the signals.
# start = {_quoted(paper.start)}
# Wall seconds for one session.
# bar_seconds = {paper.bar_seconds}
# seed = {paper.seed}
# slippage_bps = {paper.slippage_bps}
# fee_bps = {paper.fee_bps}
# Most shares of one order that fill in one session.
# volume_cap_shares = {paper.volume_cap_shares}

[loop]
# Rhythm of the controller, seconds.
# sample_seconds = {loop.sample_seconds}
# drift_seconds = {loop.drift_seconds}
# halt_scan_seconds = {loop.halt_scan_seconds}
# apply_wait_seconds = {loop.apply_wait_seconds}

[backup]
# How old the newest backup may become before the running controller makes another, hours.
# every_hours = {backup.every_hours}
# Days with a backup that are kept, newest first.
# keep_days = {backup.keep_days}
"""


def with_pins(text: str, pins: Pins) -> str:
    """``text`` with the introduction and the fingerprints of ``pins`` filled in; every other line stays."""
    values = {"introduction": _quoted(pins.introduction), "fingerprints": json.dumps(list(pins.fingerprints))}
    lines = []
    for line in text.splitlines():
        key = line.partition("=")[0].strip()
        lines.append(f"{key} = {values[key]}" if key in values else line)
    return "\n".join(lines) + "\n"


def with_repair(text: str, commit: str, fingerprints: Sequence[str]) -> str:
    """``text`` with one more repair of trust among its pins, signed by keys with these ``fingerprints``; every other
    line stays. Raises KeyError for a file without pins."""
    pins = tomllib.loads(text)["pins"]
    values = {
        "repairs": [*pins.get("repairs", ()), commit],
        "repair_keys": list(dict.fromkeys([*pins.get("repair_keys", ()), *fingerprints])),
    }
    lines = [line for line in text.splitlines() if line.partition("=")[0].strip() not in values]
    at = next(number for number, line in enumerate(lines) if line.strip() == "[pins]") + 1
    lines[at:at] = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def with_version(text: str, version: int) -> str:
    """``text`` with its ``home_version`` set, added at the top where there is none; every other line stays."""
    line = f"home_version = {version}"
    lines = text.splitlines()
    found = [number for number, old in enumerate(lines) if old.partition("=")[0].strip() == "home_version"]
    if found:
        lines[found[0]] = line
        return "\n".join(lines) + "\n"
    return f"{line}\n{text}"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
