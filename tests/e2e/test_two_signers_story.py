"""Two people and one limit on the real service: held, named, approved by plain git, and a key that is denied later."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.kinds import check_key, verify
from controller.home import Home
from controller.reconcile.verifier import Verifier
from controller.settings import load
from tests.support.service import CALM, Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT = "position.max_position_pct"
RULES = """rules:
  - path: risk_config.yaml
    direction: loosen
    roles: [risk-officer]
    signers: 2
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(env=CALM) as made:
        yield made


def value(service: Service) -> str:
    return str(service.read("limits", "get", LIMIT)["limit"]["text"])


def digest(service: Service) -> str:
    """What an approval of the tip must name, as anybody with the repository finds it."""
    settings = load({**os.environ, "GT_RISK_HOME": str(service.home)})
    source = GitSource(Home(service.home).bare, "main", SystemClock())
    try:
        verifier = Verifier(source, settings.pins, verify, check_key)
        return verifier.approvals.digest(source.tip())
    finally:
        source.close()


def sign_as(service: Service, key: Path, *message: str) -> subprocess.CompletedProcess[str]:
    trailers = [word for line in message[1:] for word in ("--trailer", line)]
    key_of = ("-c", f"user.signingkey={key}")
    return service.git(*key_of, "commit", "--allow-empty", "-q", "-S", "-m", message[0], *trailers)


def stalled(service: Service) -> list[str]:
    return [item["reason"] for item in service.read("config", "show")["conditions"] if item["type"] == "Stalled"]


def test_limit_when_two_must_sign_then_waits_for_the_second_and_tightening_does_not(
    service: Service, tmp_path: Path
) -> None:
    ben = tmp_path / "ben"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ben)], check=True)
    service.must("trust", "add", "ben", "--key", str(ben), "--role", "risk-officer", "--yes")
    pulled = service.git("pull", "--rebase", "-q")
    assert pulled.returncode == 0, pulled.stderr
    file = service.clone / "trust.yaml"
    file.write_text(file.read_text().replace("rules: []\n", RULES))
    assert service.git("commit", "-q", "-S", "-am", "Ask for two").returncode == 0
    assert [item["principal"] for item in service.read("trust", "list")["signers"]][-1] == "ben"

    held = service.gt("limits", "set", LIMIT, "16%", "--yes", "--json")
    assert (held.code, value(service)) == (3, "15%"), held
    assert "must also sign: ben" in " ".join(held.document["missing"])
    assert "HeldForApproval" in stalled(service)
    again = service.gt("config", "approve", "--yes", "--json")
    assert (again.code, again.document["error"]["code"]) == (2, "BadArgument"), again
    service.must("limits", "set", "position.max_positions", "12", "--yes")

    assert service.git("pull", "--rebase", "-q").returncode == 0
    done = sign_as(service, ben, "Approve", f"Plan-Digest: {digest(service)}")
    assert done.returncode == 0, done.stderr
    reload = service.must("config", "reload", "--json").document
    assert reload["applied"]["in_force"], reload
    assert (value(service), stalled(service)) == ("16%", [])


def test_key_when_it_is_denied_then_its_loosening_is_undone_and_new_orders_pause(
    service: Service, tmp_path: Path
) -> None:
    cy = tmp_path / "cy"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(cy)], check=True)
    service.must("trust", "add", "cy", "--key", str(cy), "--role", "operator", "--yes")
    assert service.git("pull", "--rebase", "-q").returncode == 0
    name = "volatility.portfolio_target"
    before = service.read("limits", "get", name)["limit"]["text"]
    config = service.clone / "strategies" / "ml-momentum-v2.yaml"
    config.write_text(config.read_text().replace("max_positions: null\n", "") + "max_positions: 3\n")
    assert service.git("commit", "-q", "-S", "-am", "Bound").returncode == 0
    assert before
    config.write_text(config.read_text().replace("max_positions: 3\n", "max_positions: 9\n"))
    service.git("add", "-A")
    done = sign_as(service, cy, "Loosen")
    assert done.returncode == 0, done.stderr
    service.must("config", "reload")
    listed = service.read("trust", "list")["signers"]
    mark = next(item["fingerprint"] for item in listed if item["principal"] == "cy")
    settings = service.home / "settings.toml"
    settings.write_text(settings.read_text().replace("denied_keys = []", f'denied_keys = ["{mark}"]'))
    until(lambda: "KeyDenied" in stalled(service), "the key is denied without a restart")
    shown = service.read("strategy", "show", "ml-momentum-v2")
    assert shown["mode"] == "pause-new-orders", shown
    assert service.read("config", "show")["config"]["strategies"]["ml-momentum-v2"]["max_positions"] == 3
