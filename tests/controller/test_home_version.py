"""A home of another version is migrated or refused, never misread."""

from pathlib import Path

import pytest

from controller.errors import SettingsError
from controller.host.settings_file import settings_text
from controller.settings import HOME_VERSION, Pins, load
from tests.support.cli import gt_risk


def written(folder: Path, text: str) -> dict[str, str]:
    (folder / "settings.toml").write_text(text)
    return {"GT_RISK_HOME": str(folder)}


def test_load_when_a_newer_release_wrote_the_home_then_refused_before_its_unknown_keys(tmp_path: Path) -> None:
    environ = written(tmp_path, f'home_version = {HOME_VERSION + 1}\nsomething_new = "x"\n')
    with pytest.raises(SettingsError, match="home_version") as caught:
        load(environ)
    assert "halt-all" in caught.value.hint


def test_load_when_the_home_names_no_version_then_it_is_the_oldest(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")).home_version == 0


def test_load_when_init_wrote_the_home_then_it_is_of_this_version(tmp_path: Path) -> None:
    environ = written(tmp_path, settings_text(Pins(), "op", "op@example.org", ""))
    assert load(environ).home_version == HOME_VERSION


def test_load_when_the_environment_claims_another_version_then_the_file_decides(tmp_path: Path) -> None:
    environ = {**written(tmp_path, "home_version = 1\n"), "GT_RISK_HOME_VERSION": "0"}
    assert load(environ).home_version == 1


def test_status_when_the_home_is_newer_then_refused_with_the_file_and_the_next_command(tmp_path: Path) -> None:
    written(tmp_path, f"home_version = {HOME_VERSION + 1}\n")
    ran = gt_risk(tmp_path, "status", "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    assert "settings.toml: home_version" in ran.document["error"]["message"]
    assert "halt-all" in ran.document["error"]["hint"]
