"""Reviews in a plain checkout: what a branch changes, what its merge would, and who judges."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.render.markdown import code
from cli.render.markdown import review as markdown
from controller.checkout import NO_SERVICE, Figures, checkout
from controller.errors import Refused, SourceUnavailable
from schemas.review import Review
from tests.support.book import HeldControl, overview
from tests.support.branches import Forge, git, make_forge
from tests.support.cli import Ran, gt_risk, served
from tests.support.config_repo import LANDING, make_site, replaced
from tests.support.folders import short_folder


@pytest.fixture(scope="module")
def site() -> Iterator[Forge]:
    with short_folder() as folder:
        yield make_forge(folder)


@pytest.fixture
def forge(site: Forge) -> Forge:
    """The same forge for each test: every one has branches of its own, and the base is put back."""
    if not site.git("tag").strip():
        site.git("tag", "start")
    site.git("update-ref", "refs/remotes/origin/main", "refs/tags/start")
    return site


def onto_main(forge: Forge, path: str, old: str, new: str) -> None:
    """Somebody else's commit lands on the base."""
    forge.git("checkout", "-q", "-B", "landing", "origin/main")
    forge.edit(path, old, new)
    forge.git("update-ref", "refs/remotes/origin/main", forge.commit("risk: theirs"))


def review(forge: Forge, figures: Figures | None = None) -> Review:
    base, head = (forge.git("rev-parse", ref).strip() for ref in ("origin/main", "HEAD"))
    with checkout(forge.checkout / ".git") as found:
        return found.review(base, head) if figures is None else found.review(base, head, figures)


def limit(forge: Forge, old: str, new: str, name: str = "max_position_pct") -> None:
    forge.edit("risk_config.yaml", f"{name}: {old}", f"{name}: {new}")


def command(forge: Forge, *words: str, home: Path | None = None) -> Ran:
    argv = ["--base", "origin/main", "--head", "HEAD"]
    return gt_risk(home or forge.home.root.parent / "none", "config", *words, *argv, cwd=forge.checkout)


def test_review_when_the_base_has_not_moved_then_both_plans_are_one(forge: Forge) -> None:
    forge.branch("wider")
    limit(forge, "15%", "20%")
    forge.commit("risk: wider")
    found = review(forge)
    assert found.landing == found.proposed
    assert [(item.label, item.old, item.new) for item in found.proposed] == [
        ("position.max_position_pct", "15%", "20%")
    ]
    assert found.pinned == "base branch"
    assert found.utilisation == NO_SERVICE


def test_review_when_the_base_has_moved_then_the_merge_is_planned_beside_the_branch(forge: Forge) -> None:
    forge.branch("wider")
    limit(forge, "15%", "20%")
    forge.commit("risk: wider")
    onto_main(forge, "emergency.yaml", "trading_mode: normal", "trading_mode: pause-new-orders")
    forge.git("checkout", "-q", "wider")
    found = review(forge)
    assert [item.label for item in found.proposed] == ["position.max_position_pct"]
    assert found.landing == found.proposed
    assert found.fork != found.base


def test_review_when_the_merge_makes_mistakes_that_no_side_has_then_they_are_shown(forge: Forge) -> None:
    forge.branch("one")
    forge.edit("risk_config.yaml", "sector_warning_pct: 40%", "sector_warning_pct: 48%")
    forge.commit("risk: warn later")
    onto_main(forge, "risk_config.yaml", "sector_reduction_pct: 50%", "sector_reduction_pct: 45%")
    forge.git("checkout", "-q", "one")
    found = review(forge)
    assert found.problems
    assert found.digest == ""


def test_review_when_the_branch_conflicts_then_said_and_no_digest(forge: Forge) -> None:
    forge.branch("theirs")
    limit(forge, "15%", "20%")
    forge.commit("risk: wider")
    onto_main(forge, "risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 12%")
    forge.git("checkout", "-q", "theirs")
    found = review(forge)
    assert (found.landing, found.digest) == (None, "")
    assert "conflicts" in found.conflict
    ran = command(forge, "plan")
    assert ran.code == 3
    assert "cannot be merged" in ran.out


def test_review_when_made_then_the_checkout_is_as_it_was(forge: Forge) -> None:
    forge.branch("left")
    limit(forge, "15%", "14%")
    forge.commit("risk: smaller")
    onto_main(forge, "emergency.yaml", "trading_mode: normal", "trading_mode: pause-new-orders")
    forge.git("checkout", "-q", "left")
    before = _listed(forge.checkout)
    review(forge)
    assert _listed(forge.checkout) == before


def test_review_when_the_clone_is_shallow_then_the_fix_is_named(forge: Forge, tmp_path: Path) -> None:
    forge.branch("deep")
    forge.commit("risk: nothing")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{forge.checkout}", "shallow")
    found = tmp_path / "shallow"
    head = git(found, "rev-parse", "HEAD").strip()
    with checkout(found / ".git") as opened, pytest.raises(SourceUnavailable, match="shallow") as error:
        opened.review(head, head)
    assert error.value.hint == "git fetch --unshallow"


def test_review_when_the_base_has_no_trust_then_refused(forge: Forge) -> None:
    forge.git("checkout", "-q", "--orphan", "empty")
    forge.git("rm", "-rqf", ".")
    forge.commit("nothing")
    forge.git("update-ref", "refs/remotes/origin/main", "HEAD")
    with pytest.raises(Refused):
        review(forge)


def test_review_when_trust_is_changed_on_the_branch_then_the_base_says_who_must_sign(forge: Forge) -> None:
    forge.branch("looser")
    limit(forge, "15%", "20%")
    forge.edit("trust.yaml", "rules: []", "rules:\n  - {path: '*', roles: [emergency]}")
    forge.commit("trust: anybody")
    signing = {item.label: item for item in review(forge).signing}
    assert signing["position.max_position_pct"].roles == ("risk-officer",)
    assert all(item.roles == ("admin",) for item in signing.values() if item.path == "trust.yaml")


def test_review_when_figures_are_known_then_each_change_has_its_use_and_its_breach(forge: Forge) -> None:
    forge.branch("smaller")
    limit(forge, "15%", "10%")
    forge.commit("risk: smaller")
    name = "position.max_position_pct"
    (change,) = review(forge, Figures({name: 147_000}, {name: "NVDA"})).proposed
    assert change.utilisation == "14.7% (NVDA)"
    assert change.breach == "will breach now: 14.7% (NVDA) > 7.5%"


def test_digest_when_figures_move_then_the_same(forge: Forge) -> None:
    forge.branch("same")
    limit(forge, "15%", "10%")
    forge.commit("risk: smaller")
    name = "position.max_position_pct"
    digests = {
        review(forge, figures).digest for figures in (None, Figures({name: 147_000}, {}), Figures({name: 1}, {}))
    }
    assert len(digests) == 1


def test_approval_when_two_must_sign_then_its_digest_lets_the_second_bring_it_into_force(tmp_path: Path) -> None:
    rules = "rules:\n  - {path: risk_config.yaml, direction: loosen, roles: [risk-officer], signers: 2}"
    team = make_site(tmp_path, ("operator", "bot", "officer"), rules)
    source = team.source()
    base = source.tip()
    wider = replaced("risk_config.yaml", "max_position_pct: 15%", "max_position_pct: 20%")
    head = team.commit(source, wider, "officer")
    with checkout(team.home.bare) as opened:
        found = opened.review(base, head)
    assert [(item.signers, item.people) for item in found.signing] == [(2, ("officer", "operator"))]
    assert team.advance(source, head).held
    message = f"Approve{LANDING.rstrip()}\nPlan-Digest: {found.approval}\n"
    approved = team.commit(source, {}, "operator", message, head)
    assert team.advance(source, approved).held == ()
    with checkout(team.home.bare) as opened:
        assert opened.review(base, team.commit(source, {}, "officer")).approval == ""
    source.close()


@pytest.mark.parametrize("words", [("plan",), ("plan", "--format", "markdown"), ("verify",), ("plan", "--json")])
def test_command_when_there_is_no_home_then_it_answers(forge: Forge, words: tuple[str, ...]) -> None:
    forge.branch("alone")
    limit(forge, "15%", "14%")
    forge.commit("risk: smaller")
    ran = command(forge, *words)
    assert ran.code == 0, ran.err
    assert "base" in ran.out


def test_plan_when_a_home_pins_the_repo_then_judged_by_its_settings(forge: Forge) -> None:
    forge.branch("pinned")
    limit(forge, "15%", "14%")
    forge.commit("risk: smaller")
    assert command(forge, "plan", "--json", home=forge.home.root).document["pinned"] == "settings"


def test_plan_when_a_service_of_another_book_runs_then_its_figures_are_not_used(forge: Forge) -> None:
    forge.branch("other")
    limit(forge, "15%", "14%")
    forge.commit("risk: smaller")
    with short_folder() as home, served(HeldControl(overview()), home):
        document = command(forge, "plan", "--json", home=home).document
    assert document["utilisation"] == NO_SERVICE


@pytest.mark.parametrize(
    "argv",
    [("plan", "--head", "HEAD"), ("plan", "abc", "--base", "main"), ("plan", "--base", "nowhere")],
)
def test_plan_when_the_words_cannot_be_meant_then_usage(forge: Forge, argv: tuple[str, ...]) -> None:
    assert gt_risk(forge.home.root.parent / "none", "config", *argv, cwd=forge.checkout).code == 2


def test_plan_when_there_is_no_checkout_then_said(tmp_path: Path) -> None:
    ran = gt_risk(tmp_path / "none", "config", "plan", "--base", "main", cwd=tmp_path)
    assert (ran.code, "no checkout" in ran.err) == (1, True)


def test_validate_when_a_commit_has_mistakes_then_file_and_line(forge: Forge) -> None:
    forge.branch("broken")
    limit(forge, "15%", "yes")
    forge.commit("risk: broken")
    ran = gt_risk(forge.home.root.parent / "none", "config", "validate", "--head", "HEAD", cwd=forge.checkout)
    assert ran.code == 1
    assert "✗ risk_config.yaml:" in ran.out


@pytest.mark.parametrize("text", ["a`b", "x|y", "line\nbreak", "@everyone <img src=x>", "​`", "a" * 10_000])
def test_code_when_a_document_says_anything_then_one_span_of_one_table_cell(text: str) -> None:
    made = code(text)
    assert made.count("`") == 2
    assert "\n" not in made
    assert "|" not in made.replace("\\|", "")
    assert len(made) < 400


def test_markdown_when_there_are_very_many_changes_then_cut_where_a_forge_would_refuse(forge: Forge) -> None:
    forge.branch("many")
    limit(forge, "15%", "14%")
    forge.commit("risk: smaller")
    document = command(forge, "plan", "--json").document
    change = {**document["proposed"][0], "old": "x" * 500, "new": "y" * 500}
    lines = markdown({**document, "proposed": [change] * 5_000, "landing": [change] * 4_999})
    assert len("\n".join(lines).encode()) < 65_536
    assert "and more" in lines[-1]


def _listed(folder: Path) -> dict[str, str]:
    """Every file of the checkout's repository with its content's digest; index and logs move by themselves."""
    files = (path for path in (folder / ".git" / "objects").rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
