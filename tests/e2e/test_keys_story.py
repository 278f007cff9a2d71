"""Commits by the kinds of keys that people have, pushed to the bare repo of a running service by plain git."""

import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.agents import ssh_agent
from tests.support.folders import short_folder
from tests.support.service import CALM, Service, running_service

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT = "position.max_positions"
HAVE_GPG = shutil.which("gpg") is not None


@dataclass
class World:
    """A service, and a person's keyring and agent in ``env``."""

    service: Service
    folder: Path
    env: dict[str, str]

    def run(self, *argv: str) -> str:
        done = subprocess.run(argv, env={**os.environ, **self.env}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout

    def key(self, name: str, kind: str = "ed25519") -> Path:
        path = self.folder / name
        self.run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path))
        return path

    def change(self, positions: int, *options: str) -> subprocess.CompletedProcess[str]:
        """Change the limit in the clone and commit it there, signed as ``options`` say; its hook pushes."""
        assert self.service.git("pull", "--rebase", "-q").returncode == 0
        file = self.service.clone / "risk_config.yaml"
        lines = [
            f"{line.partition(':')[0]}: {positions}" if line.strip().startswith("max_positions:") else line
            for line in file.read_text().splitlines()
        ]
        file.write_text("\n".join([*lines, ""]))
        argv = ["git", *(word for option in options for word in ("-c", option)), "commit", "-q", "-S", "-am", "Change"]
        env = {**os.environ, **self.env, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(argv, cwd=self.service.clone, env=env, capture_output=True, text=True, check=False)

    def in_force(self) -> float:
        self.service.must("config", "reload")
        return float(self.service.read("limits", "get", LIMIT)["limit"]["value"])

    def signers(self) -> str:
        """Who has signed what was applied last, as the audit log proves it."""
        events = self.service.read("audit", "log", "--type", "config.change")["events"]
        newest = next(item for item in events if item["kind"] == "outcome")
        return str(newest["details"]).partition("signers=")[2].partition(" ")[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("keys")
    with short_folder() as ring, ssh_agent(ring / "agent"):
        env = {"GNUPGHOME": str(ring), "SSH_AUTH_SOCK": str(ring / "agent")}
        try:
            with running_service(env={**CALM, **env}) as service:
                yield World(service, folder, env)
        finally:
            if HAVE_GPG:
                subprocess.run(["gpgconf", "--homedir", ring, "--kill", "all"], check=False, capture_output=True)


@pytest.mark.skipif(not HAVE_GPG, reason="gpg is missing")
def test_push_when_gpg_has_signed_it_then_in_force_in_the_name_of_its_key(world: World) -> None:
    uid = ("--quick-generate-key", "ada@example.org", "ed25519", "sign")
    world.run("gpg", "--batch", "--passphrase", "", *uid)
    listed = world.run("gpg", "--with-colons", "-k").splitlines()
    mark = next(line.split(":")[9] for line in listed if line.startswith("fpr"))
    by_gpg = ("gpg.format=openpgp", f"user.signingkey={mark}")
    unknown = world.change(17, *by_gpg)
    assert "UnknownKey" in unknown.stderr, unknown
    assert world.service.git("reset", "-q", "--hard", "@{upstream}").returncode == 0
    world.service.must("trust", "add", "ada", "--key", mark, "--role", "operator", "--role", "risk-officer", "--yes")
    done = world.change(17, *by_gpg)
    assert done.returncode == 0 and "gt-risk" not in done.stderr, done
    assert (world.in_force(), world.signers()) == (17, "ada")
    weak = world.change(16, *by_gpg, f"gpg.program={weak_gpg(world.folder)}")
    assert "its OpenPGP hash is weak" in weak.stderr, weak
    assert world.service.git("reset", "-q", "--hard", "@{upstream}").returncode == 0


def weak_gpg(folder: Path) -> Path:
    """gpg as an old configuration would have it sign."""
    program = folder / "weak-gpg"
    program.write_text('#!/bin/sh\nexec gpg --digest-algo SHA1 "$@"\n')
    program.chmod(0o700)
    return program


def test_push_when_a_certificate_of_openssh_has_signed_it_then_as_the_key_inside(world: World) -> None:
    authority, cy = world.key("ca"), world.key("cy")
    world.run("ssh-keygen", "-q", "-s", str(authority), "-I", "cy", "-n", "cy", "-V", "always:forever", f"{cy}.pub")
    world.run("ssh-add", "-q", str(cy))
    world.service.must("trust", "add", "cy", "--key", str(cy), "--role", "operator", "--role", "risk-officer", "--yes")
    done = world.change(14, f"user.signingkey={cy}-cert.pub")
    assert done.returncode == 0 and "gt-risk" not in done.stderr, done
    raw = world.service.git("cat-file", "-p", "HEAD").stdout
    armour = raw.partition("gpgsig ")[2].partition("-----END")[0].replace("\n ", "\n")
    assert b"ssh-ed25519-cert-v01@openssh.com" in b64decode("".join(armour.splitlines()[1:]))
    assert (world.in_force(), world.signers()) == (14, "cy")
    stranger = world.key("stranger")
    world.run("ssh-keygen", "-q", "-s", str(authority), "-I", "cy", "-n", "cy", f"{stranger}.pub")
    world.run("ssh-add", "-q", str(stranger))
    refused = world.change(13, f"user.signingkey={stranger}-cert.pub")
    assert "UnknownKey" in refused.stderr, refused
    assert world.service.git("reset", "-q", "--hard", "@{upstream}").returncode == 0
    assert world.in_force() == 14


def test_push_when_an_agent_has_signed_it_then_in_force(world: World) -> None:
    dee = world.key("dee", "ecdsa")
    world.run("ssh-add", "-q", str(dee))
    world.service.must(
        "trust", "add", "dee", "--key", str(dee), "--role", "operator", "--role", "risk-officer", "--yes"
    )
    dee.unlink()
    done = world.change(11, f"user.signingkey={dee}.pub")
    assert done.returncode == 0 and "gt-risk" not in done.stderr, done
    assert (world.in_force(), world.signers()) == (11, "dee")
