"""Who set each limit in which commit, on real git: by value, over merges, and only what came since."""

import pytest

from controller.adapters.git.source import GitSource
from controller.reconcile.provenance import Provenance
from tests.support.config_repo import Site, make_site, replaced

SIZE = "order.max_dollars"
POSITION = "position.max_position_pct"
PATH = "risk_config.yaml"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


def text(*changes: tuple[str, str]) -> dict[str, bytes | None]:
    content = replaced(PATH, *changes[0])[PATH]
    assert content is not None
    for old, new in changes[1:]:
        assert old.encode() in content
        content = content.replace(old.encode(), new.encode(), 1)
    return {PATH: content}


SMALL = ("max_dollars: $25,000", "max_dollars: $20,000")
NARROW = ("max_position_pct: 15%", "max_position_pct: 12%")
EMERGENCY = replaced("emergency.yaml", 'reason: ""', "reason: x")
SHADE = ("shadow: []", f"shadow: [{SIZE}]")


def test_limits_then_each_is_of_the_commit_that_gave_it_its_value(site: Site, source: GitSource) -> None:
    first = site.commit(source, text(SMALL))
    second = site.commit(source, text(SMALL, NARROW, SHADE), parent=first)
    found = Provenance(source).of(second)
    assert (found[SIZE].commit, found[POSITION].commit) == (first, second)
    assert found["account.margin_multiplier"].commit == site.pins.introduction
    assert (found[f"shadow:{SIZE}"].commit, found[f"shadow:{POSITION}"].commit) == (second, site.pins.introduction)
    assert (found[SIZE].author, found[SIZE].at_ns) == ("A Person", 1_768_818_225_000_000_000)


def test_value_changed_and_changed_back_then_of_who_changed_it_back(site: Site, source: GitSource) -> None:
    first = site.commit(source, text(SMALL))
    back = site.commit(source, replaced(PATH, "version: 1", "version: 1"), parent=first)
    assert Provenance(source).of(back)[SIZE].commit == back


def test_comment_or_another_file_then_nothing_was_set(site: Site, source: GitSource) -> None:
    first = site.commit(source, text(SMALL))
    noted = site.commit(source, text(SMALL, ("shadow: []", "shadow: []  # none yet")), parent=first)
    other = site.commit(source, {"README.md": b"x\n"}, parent=noted)
    assert Provenance(source).of(other)[SIZE].commit == first


def merged(site: Site, source: GitSource, left: str, right: str, files: dict[str, bytes | None]) -> str:
    payload = source.stage(left, files, "A Person <a@example.org>", 1_768_818_225, "Merge")
    both = payload.replace(f"parent {left}\n".encode(), f"parent {left}\nparent {right}\n".encode())
    return source.seal(both, site.key("operator")(both))


def test_merge_that_takes_each_side_s_value_then_set_by_the_sides(site: Site, source: GitSource) -> None:
    left, right = site.commit(source, text(SMALL)), site.commit(source, text(NARROW))
    found = Provenance(source).of(merged(site, source, left, right, text(SMALL, NARROW)))
    assert (found[SIZE].commit, found[POSITION].commit) == (left, right)


def test_asked_again_then_only_newer_commits_are_read_and_another_history_from_its_start(
    site: Site, source: GitSource
) -> None:
    first = site.commit(source, text(SMALL))
    second = site.commit(source, text(SMALL, NARROW), parent=first)
    aside = site.commit(source, text(NARROW))
    made = Provenance(source)
    assert made.of(first)[SIZE].commit == first
    assert made.of(second)[POSITION].commit == second
    assert made.of(second)[SIZE].commit == first
    assert made.of(aside)[POSITION].commit == aside
    assert made.of(aside)[SIZE].commit == site.pins.introduction


def phase(number: int, started: str) -> dict[str, bytes | None]:
    return text(("number: 1", f"number: {number}"), ('started: "2015-06-01"', f'started: "{started}"'))


def told(made: Provenance, commit: str) -> list[tuple[int, str, str]]:
    return [(item.number, str(item.started), item.commit) for item in made.phases(commit)]


def test_phases_then_each_is_of_the_commit_that_entered_it_and_others_add_none(site: Site, source: GitSource) -> None:
    second = site.commit(source, phase(2, "2015-07-02"))
    noted = site.commit(source, phase(2, "2015-07-02") | EMERGENCY, parent=second)
    third = site.commit(source, phase(3, "2015-09-01"), parent=noted)
    back = site.commit(source, phase(2, "2015-10-02"), parent=third)
    made = Provenance(source)
    first = (1, "2015-06-01", site.pins.introduction)
    assert told(made, noted) == [first, (2, "2015-07-02", second)]
    assert told(made, back) == [first, (2, "2015-07-02", second), (3, "2015-09-01", third), (2, "2015-10-02", back)]
    assert made.phases(second)[-1].name == "Refinement"
    assert made.of(third)["phase"].commit == third


def test_phases_when_two_sides_are_merged_then_the_side_that_is_in_the_phase_tells(
    site: Site, source: GitSource
) -> None:
    advanced = site.commit(source, phase(2, "2015-07-02"))
    other = site.commit(source, EMERGENCY)
    merge = merged(site, source, advanced, other, phase(2, "2015-07-02"))
    assert told(Provenance(source), merge)[-1] == (2, "2015-07-02", advanced)


def test_phase_when_forced_then_history_says_why_and_against_what(site: Site, source: GitSource) -> None:
    words = "risk: advance\n\nbody\n\nReason: three ready\nDespite: 12 days remaining\nDespite: no Sharpe ratio"
    commit = site.commit(source, phase(2, "2015-07-02"), message=words)
    found = Provenance(source).phases(commit)[-1]
    assert (found.reason, found.despite) == ("three ready", ("12 days remaining", "no Sharpe ratio"))


def test_commit_then_its_author_and_its_first_parent(site: Site, source: GitSource) -> None:
    provenance = Provenance(source)
    first = site.commit(source, text(SMALL))
    assert provenance.written(first)[1] == site.pins.introduction
    written, parent = provenance.written(site.pins.introduction)
    assert (written.commit, written.author, parent) == (site.pins.introduction, "A Person", "")
