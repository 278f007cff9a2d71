"""Whether the dashboard's key is listed, by what the controller says of the trust in force."""

from pathlib import Path
from typing import Any

import pytest

from controller.adapters.signatures.keys import generate
from controller.home import Home
from controller.rpc.client import ServiceDown
from web.signer.listing import command, listed, make_key


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    generate(found.keys / "web", "gt-risk-web")
    return found


def trusting(home: Home, **fields: Any) -> Any:
    """A controller whose trust lists the key of ``home``, but for ``fields``."""
    key = (home.keys / "web.pub").read_text().strip()
    signer = {"principal": "web", "key": key, "roles": ["web"], "denied": False, **fields}
    return lambda method, params: {"signers": [signer]}


def test_key_when_the_trust_in_force_has_it_then_listed(home: Home) -> None:
    assert listed(home, trusting(home))


@pytest.mark.parametrize(
    "fields", [{"roles": ["operator"]}, {"denied": True}, {"key": "ssh-ed25519 AAAAother web"}], ids=str
)
def test_key_when_it_may_not_tighten_then_not_listed(home: Home, fields: dict[str, Any]) -> None:
    assert not listed(home, trusting(home, **fields))


def test_key_when_nobody_can_say_then_not_listed(home: Home, tmp_path: Path) -> None:
    def down(method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise ServiceDown("nobody answers")

    assert not listed(home, down)
    assert not listed(Home(tmp_path / "empty"), trusting(home))


def test_command_when_the_home_has_a_space_then_a_shell_takes_it_whole() -> None:
    assert command(Home(Path("/a b"))) == "gt risk trust add web --key '/a b/keys/web.pub' --role web"


def test_key_when_there_is_none_then_the_signer_makes_it_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    make_key(home)
    made = (home.keys / "web.pub").read_text()
    make_key(home)
    assert made.startswith("ssh-ed25519 ")
    assert (home.keys / "web.pub").read_text() == made
