"""Pins as settings.toml has them now: a denied key counts for nothing from the next look on, without a restart."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.adapters.signatures.sshsig import check_key, verify
from controller.errors import StoreUnavailable
from controller.host.settings_file import settings_text, with_repair
from controller.reconcile.pinning import LivePins
from controller.reconcile.record import pins_entry, pins_text
from controller.reconcile.verifier import Verified, Verifier
from controller.settings import Pins, load
from tests.support.config_repo import Site, make_site, replaced, write_settings

LOOSER = replaced("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 20%")


@dataclass
class World:
    site: Site
    source: GitSource
    told: list[tuple[Pins, Pins]] = field(default_factory=list)
    pins: LivePins = field(init=False)
    verifier: Verifier = field(init=False)

    def __post_init__(self) -> None:
        settings = load({"GT_RISK_HOME": str(self.site.home.root)})
        self.pins = LivePins(settings, lambda before, after: self.told.append((before, after)))
        self.verifier = Verifier(self.source, self.pins, verify, check_key, renewed=self.pins.renew)

    def write(self, **pins: tuple[str, ...]) -> None:
        self.site.pins = replace(self.site.pins, **pins)  # type: ignore[arg-type]  # tuples of strings alone
        write_settings(self.site)

    def fingerprint(self, name: str) -> str:
        return self.site.key(name).fingerprint

    def look(self, commit: str) -> Verified:
        return self.verifier.advance(commit, commit)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    site = make_site(tmp_path, ("operator", "bot", "officer"))
    source = site.source()
    yield World(site, source)
    source.close()


def limit(verified: Verified) -> str:
    return str((verified.acting or verified.desired).risk.hard_limits.position.max_position_pct)


def test_key_when_denied_in_the_file_then_what_it_loosened_no_longer_acts(world: World) -> None:
    commit = world.site.commit(world.source, LOOSER, "officer")
    assert limit(world.verifier.advance(world.site.pins.introduction, commit)) == "20"
    world.write(denied_keys=(world.fingerprint("officer"),))
    assert world.pins.stale()
    seen = world.look(commit)
    assert (seen.denied, limit(seen)) == (True, "15")
    assert [(before.denied_keys, after.denied_keys) for before, after in world.told] == [
        ((), (world.fingerprint("officer"),))
    ]
    world.write(denied_keys=())
    assert (world.look(commit).denied, limit(world.look(commit))) == (False, "20")


def test_pins_when_the_change_cannot_be_recorded_then_it_does_not_count_yet(world: World) -> None:
    def full(_: Pins, __: Pins) -> None:
        raise StoreUnavailable("the disk is full")

    pins = LivePins(load({"GT_RISK_HOME": str(world.site.home.root)}), full)
    world.write(denied_keys=("SHA256:x",))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            pins.renew()
        assert (pins.denied_keys, pins.stale()) == ((), True)


def test_settings_when_they_cannot_be_read_then_the_pins_of_before_stay_and_it_is_told(world: World) -> None:
    world.write(denied_keys=("SHA256:x",))
    assert world.pins.renew()
    world.site.home.settings.write_text("[pins\n")
    assert not world.pins.renew()
    assert world.pins.denied_keys == ("SHA256:x",) and "the pins of before stay" in world.pins.problem
    world.write(denied_keys=("SHA256:x",))
    assert not world.pins.renew() and world.pins.problem == ""


def test_pins_when_what_roots_history_is_edited_then_only_a_start_takes_it(world: World) -> None:
    before = world.pins.introduction
    world.write(fingerprints=("SHA256:other",), denied_keys=("SHA256:x",))
    assert world.pins.renew()
    assert (world.pins.introduction, world.pins.fingerprints) == (before, (world.fingerprint("operator"),))


def test_entry_when_pins_change_then_it_says_what_stood_and_what_stands() -> None:
    after = Pins(denied_keys=("SHA256:x",), repairs=("c" * 40,), repair_keys=("SHA256:y",))
    entry = pins_entry(pins_text(Pins()), pins_text(after), 1)
    assert (entry.event, entry.level) == ("trust.pins", "critical")
    assert entry.before == "denied: none; repairs: none; repair keys: none"
    assert entry.after == f"denied: SHA256:x; repairs: {'c' * 40}; repair keys: SHA256:y"


def test_repair_when_written_into_settings_then_both_lines_grow_and_all_else_stays(world: World) -> None:
    file = world.site.home.settings
    text = settings_text(world.site.pins, "Kim", "kim@example.org", "")
    file.write_text(with_repair(with_repair(text, "a" * 40, ("SHA256:x", "SHA256:y")), "b" * 40, ("SHA256:y",)))
    assert world.pins.renew()
    assert world.pins.repairs == ("a" * 40, "b" * 40) and world.pins.repair_keys == ("SHA256:x", "SHA256:y")
    lines = [line for line in file.read_text().splitlines() if not line.startswith("repair")]
    assert lines == text.splitlines()
