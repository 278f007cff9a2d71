"""Whether the dashboard's key may sign what tightens yet: an admin lists it once in trust.yaml."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from controller.home import Home
from controller.rpc.client import RpcError

Document = dict[str, Any]
Ask = Callable[[str, Document], Document]


def make_key(home: Home) -> None:
    """Have the signer make the key of ``home`` unless there is one: it is then there to be listed."""
    if not _public(home).exists():
        subprocess.run(
            [sys.executable, "-P", "-m", "web.signer", str(home.root)], stdin=subprocess.DEVNULL, check=False
        )


def command(home: Home) -> str:
    """What an admin runs once, so that the key of ``home`` may tighten."""
    return f"gt risk trust add web --key {quote(str(_public(home)))} --role web"


def listed(home: Home, ask: Ask) -> bool:
    """Whether the trust in force lets the key of ``home`` sign; not where that cannot be known."""
    try:
        own, signers = _public(home).read_text().split()[:2], ask("trust.list", {})["signers"]
    except (OSError, RpcError):
        return False
    return any(_key(item) == own and "web" in item["roles"] and not item["denied"] for item in signers)


def _key(signer: Mapping[str, Any]) -> list[str]:
    return str(signer["key"]).split()[:2]


def _public(home: Home) -> Path:
    return home.keys / "web.pub"
