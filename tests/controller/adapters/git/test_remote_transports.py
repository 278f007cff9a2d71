"""https and ssh, with real servers: followed, written to, and never a question that nobody answers."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from controller.adapters.git.process import Git
from controller.adapters.git.source import GitSource
from controller.errors import SourceUnavailable
from tests.support.config_repo import LANDING, Site, make_site, replaced
from tests.support.forges import https_forge, private_home, ssh_forge

LESS = replaced("risk_config.yaml", "max_positions: 20", "max_positions: 10")
SOON_SECONDS = 60.0


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    subprocess.run(["git", "clone", "-q", "--mirror", str(made.home.bare), str(tmp_path / "forge.git")], check=True)
    subprocess.run(["git", f"--git-dir={tmp_path}/forge.git", "config", "http.receivepack", "true"], check=True)
    return made


def follow_and_land(site: Site, url: str, folder: Path) -> None:
    """A mirror of ``url`` sees the tip, verifies it, and lands a signed commit there."""
    source = GitSource(folder / "mirror.git", "main", site.clock, sign=site.key("bot"), remote=url)
    try:
        assert source.tip() == site.pins.introduction
        payload = source.stage(source.tip(), LESS, "A Person <a@example.org>", 1_768_818_225, "Less" + LANDING)
        landed = source.land(payload, site.key("operator")(payload))
        assert site.advance(source, source.tip()).required().commit == landed
    finally:
        source.close()
    argv = ["git", f"--git-dir={folder}/forge.git", "rev-parse", "refs/heads/main"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == landed


def refused_soon(site: Site, url: str, folder: Path) -> str:
    """What the source says of a remote that lets nobody in; it must not take long."""
    source, begun = GitSource(folder / "mirror.git", "main", site.clock, remote=url), time.monotonic()
    try:
        with pytest.raises(SourceUnavailable) as caught:
            source.tip()
    finally:
        source.close()
    assert time.monotonic() - begun < SOON_SECONDS
    return str(caught.value)


def test_https_when_the_persons_git_knows_the_password_then_followed_and_landed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with https_forge(tmp_path, "secret") as (url, certificate):
        helper = "[credential]\n\thelper = \"!printf 'username=op\\\\npassword=secret\\\\n'; :\"\n"
        private_home(tmp_path / "person", f"[http]\n\tsslCAInfo = {certificate}\n{helper}", monkeypatch)
        follow_and_land(site, f"{url}/forge.git", tmp_path)


def test_https_when_it_asks_for_a_password_that_nobody_knows_then_unavailable_at_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with https_forge(tmp_path, "secret") as (url, certificate):
        asks = "[core]\n\taskPass = sleep 1000;\n"
        private_home(tmp_path / "person", f"[http]\n\tsslCAInfo = {certificate}\n{asks}", monkeypatch)
        assert "terminal prompts disabled" in refused_soon(site, f"{url}/forge.git", tmp_path)


def test_https_when_its_certificate_is_unknown_then_unavailable(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with https_forge(tmp_path, "secret") as (url, _):
        private_home(tmp_path / "person", "", monkeypatch)
        assert "certificate" in refused_soon(site, f"{url}/forge.git", tmp_path)


def test_ssh_when_the_persons_git_has_a_key_then_followed_and_landed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_forge(tmp_path / "ssh") as (url, ssh):
        private_home(tmp_path / "person", f"[core]\n\tsshCommand = {ssh}\n", monkeypatch)
        follow_and_land(site, f"{url}{tmp_path}/forge.git", tmp_path)


@pytest.mark.parametrize("doubt", ["the host", "the key"])
def test_ssh_when_it_would_ask_a_person_then_unavailable_at_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, doubt: str
) -> None:
    with ssh_forge(tmp_path / "ssh") as (url, ssh):
        if doubt == "the host":
            (tmp_path / "ssh" / "known").write_text("")
        else:
            argv = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "phrase", "-f", str(tmp_path / "ssh" / "client")]
            subprocess.run(argv, check=True)
        private_home(tmp_path / "person", f"[core]\n\tsshCommand = {ssh}\n", monkeypatch)
        said = refused_soon(site, f"{url}{tmp_path}/forge.git", tmp_path)
        assert "Host key verification failed" in said or "Permission denied" in said


def test_git_when_run_then_in_a_session_without_the_callers_terminal(site: Site) -> None:
    said = Git(site.home.bare).run(["-c", "alias.session=!ps -o sid= -p $$", "session"])
    assert int(said) != os.getsid(0)
