"""A trust.yaml that nobody can change any more, on the real service: two keys and a pin repair it, nothing less."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import CALM, Service, running_service

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(env=CALM) as made:
        yield made


def key(folder: Path, name: str) -> str:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return str(path)


def principals(service: Service) -> list[str]:
    return [item["principal"] for item in service.read("trust", "list")["signers"]]


def test_trust_when_an_admin_is_lost_then_two_keys_and_a_pin_repair_it(service: Service, tmp_path: Path) -> None:
    good = tmp_path / "trust.yaml"
    good.write_text((service.clone / "trust.yaml").read_text())
    service.must("trust", "add", "lost", "--key", key(tmp_path, "lost"), "--role", "admin", "--yes")
    held = service.gt("trust", "add", "eve", "--key", key(tmp_path, "eve"), "--role", "operator", "--yes", "--json")
    assert held.code == 3 and "must also sign: lost" in " ".join(held.document["missing"]), held
    assert service.gt("emergency", "pause-new-orders", "--reason", "meanwhile").code in (0, 5)

    words = ("trust", "repair", str(good), "--key", key(tmp_path, "one"), "--key")
    settings = service.home / "settings.toml"
    before = settings.read_text()
    for last, code in ((key(tmp_path, "one2"), 4), (words[4], 2)):
        refused = service.gt(*words, last, "--yes", "--json")
        assert (refused.code, settings.read_text()) == (code, before), refused
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("admin", "operator"))
    asked = ("--reason", "the key of lost is lost", "--yes")
    wrong = service.gt("trust", "repair", str(bad), *words[3:], key(tmp_path, "two"), *asked, "--json")
    assert (wrong.code, settings.read_text()) == (1, before), wrong

    service.must(*words, str(tmp_path / "two"), *asked)
    assert "lost" not in principals(service) and "repair_keys" in settings.read_text()
    service.must("trust", "add", "dee", "--key", key(tmp_path, "dee"), "--role", "operator", "--yes")
    assert principals(service)[-1] == "dee"
    pinned = service.read("audit", "log", "--type", "trust.pins")["events"]
    assert [item["level"] for item in pinned] == ["critical"] and "repairs: none" in pinned[0]["before"], pinned
    assert service.read("emergency", "status")["mode"] == "pause-new-orders"

    service.must("service", "stop")
    service.start()
    assert principals(service)[-1] == "dee"
    assert len(service.read("audit", "log", "--type", "trust.pins")["events"]) == 1
