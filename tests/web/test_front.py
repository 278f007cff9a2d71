"""The browser's libraries: pinned by hash, without an address; a build that fails leaves what was there."""

import json
from pathlib import Path

import pytest

from web.front import build as front

LOCK = json.loads((front.HERE / "package-lock.json").read_text())
PACKAGES = {path.removeprefix("node_modules/"): item for path, item in LOCK["packages"].items() if path}


def test_every_package_is_pinned_by_hash_and_names_no_address() -> None:
    assert PACKAGES
    for item in PACKAGES.values():
        assert item["integrity"].startswith("sha512-")
        assert set(item) <= {
            "version",
            "integrity",
            "license",
            "dependencies",
            "peerDependencies",
            "engines",
            "bin",
            "workspaces",
        }


def test_every_file_that_pages_load_comes_from_a_package_of_the_lock() -> None:
    for source in front.FILES.values():
        assert source.split("/")[0] in PACKAGES


def test_failed_build_says_why_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "htmx.js").write_text("kept")
    broken = tmp_path / "npm"
    broken.write_text("#!/bin/sh\necho 'no network' >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(front.NotBuilt, match="no network"):
        front.build(vendor)
    assert (vendor / "htmx.js").read_text() == "kept"


def test_without_npm_the_reason_is_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(front, "find_spec", lambda _: None)
    with pytest.raises(front.NotBuilt, match="no npm on PATH"):
        front.npm()
