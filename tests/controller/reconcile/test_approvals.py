"""Who must approve what, on real git: what is held, what acts all the same, what approves and what does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from controller.adapters.signatures.sshsig import check_key, verify
from controller.core.trust.commits import PLAN, TARGET
from controller.core.trust.keys import Signed
from controller.reconcile.verifier import Verified, Verifier
from controller.settings import Pins
from schemas.desired import Desired, StrategyStatus
from schemas.status import RefusalReason
from tests.support.config_repo import LANDING, TARGET_VALUE, make_site, replaced, trust_text
from tests.support.histories import Files, Histories

SIGNERS = ("operator", "officer", "trader", "forge", "bot")
TWO = (
    "rules:\n  - path: risk_config.yaml\n    direction: loosen\n    roles: [risk-officer]\n    signers: 2\n"
    "  - path: strategies/*.yaml\n    direction: loosen\n    roles: [operator]\n    signers: 2"
)
PAUSED = "strategies/disclosure-follower.yaml"
RESUMED = {
    **replaced(PAUSED, "status: paused", "status: active"),
    **replaced("strategies/contrarian-swing.yaml", "status: active", "status: paused"),
}


def position(percent: str) -> tuple[str, str]:
    return "max_position_pct: 15%", f"max_position_pct: {percent}"


def risk(*edits: tuple[str, str]) -> Files:
    content = replaced("risk_config.yaml", "version: 1", "version: 1")["risk_config.yaml"] or b""
    for old, new in edits:
        assert old.encode() in content
        content = content.replace(old.encode(), new.encode(), 1)
    return {"risk_config.yaml": content}


def named(digest: str, *, landing: bool = True) -> str:
    target = f"{TARGET}: {TARGET_VALUE}\n" if landing else ""
    return f"Approve\n\n{target}{PLAN}: {digest}\n"


@dataclass
class Repo(Histories):
    """A site's bare repo; ``verified`` is the verdict on a tip, from the introduction on."""

    def verifier(self, pins: Pins | None = None, file: Path | None = None) -> Verifier:
        return Verifier(self.source, pins or self.site.pins, verify, check_key, ledger=file)

    def verified(self, tip: str, pins: Pins | None = None) -> Verified:
        found = self.verifier(pins).advance("", tip)
        assert found.refusal is None, found.refusal
        return found

    def digest(self, tip: str) -> str:
        verifier = self.verifier()
        verifier.advance("", tip)
        return verifier.approvals.digest(tip)

    def approve(self, tip: str, signer: str, digest: str = "", *, landing: bool = True) -> str:
        return self.commit(tip, {}, signer, named(digest or self.digest(tip), landing=landing))


def made(folder: Path, rules: str = TWO, signers: tuple[str, ...] = SIGNERS) -> Iterator[Repo]:
    site = make_site(folder, signers, rules)
    source = site.source()
    yield Repo(site, source)
    source.close()


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repo]:
    yield from made(tmp_path)


def root(repo: Repo) -> str:
    return repo.site.pins.introduction


def limit_of(verified: Verified) -> str:
    acting = verified.acting or verified.desired
    return f"{acting.risk.hard_limits.position.max_position_pct.normalize():f}"


def status(desired: Desired) -> StrategyStatus:
    return desired.strategies["disclosure-follower"].status


def test_change_when_one_of_two_signed_then_is_held_while_tightening_applies(repo: Repo) -> None:
    both = risk(position("20%"), ("max_positions: 20", "max_positions: 10"))
    verified = repo.verified(repo.commit(root(repo), both, "officer"))
    assert [str(item) for item in verified.held] == [
        "position.max_position_pct 15% → 20%: signed by officer, needs 2; must also sign: operator"
    ]
    assert limit_of(verified) == "15"
    assert verified.acting is not None
    assert verified.acting.risk.hard_limits.position.max_positions == 10
    assert str(verified.desired.risk.hard_limits.position.max_position_pct) == "20"


def test_approval_when_another_person_names_the_plan_then_the_change_acts(repo: Repo) -> None:
    tip = repo.approve(repo.commit(root(repo), risk(position("20%")), "officer"), "operator")
    verified = repo.verified(tip)
    assert (verified.held, verified.acting, limit_of(verified)) == ((), None, "20")


@pytest.mark.parametrize(
    ("signer", "digest", "landing"),
    [("officer", "", True), ("operator", "0" * 64, True), ("operator", "", False), ("trader", "", True)],
    ids=["the author again", "another plan", "no landing", "without the right"],
)
def test_approval_when_it_does_not_count_then_the_change_stays_held(
    repo: Repo, signer: str, digest: str, landing: bool
) -> None:
    changed = repo.commit(root(repo), risk(position("20%")), "officer")
    verified = repo.verified(repo.approve(changed, signer, digest, landing=landing))
    assert (len(verified.held), limit_of(verified)) == (1, "15")
    assert verified.held[0].signed == ("officer",)


def test_approval_when_the_same_person_signs_with_another_key_then_the_change_stays_held(tmp_path: Path) -> None:
    for repo in made(tmp_path):
        text = trust_text({name: repo.site.line(name) for name in SIGNERS}, TWO)
        same = text.replace(b"principal: operator", b"principal: officer")
        base = repo.commit(root(repo), {"trust.yaml": same})
        verified = repo.verified(repo.approve(repo.commit(base, risk(position("20%")), "officer"), "operator"))
        assert (verified.held[0].signed, verified.held[0].candidates) == (("officer",), ())


def test_merge_when_another_person_names_the_plan_then_the_change_acts(repo: Repo) -> None:
    work = repo.commit(root(repo), risk(position("20%")), "officer")
    beside = repo.commit(root(repo), {"README.md": b"more\n"})
    digest = repo.digest(work)
    merge = repo.merge(beside, work, files=risk(position("20%")), signer="operator", message=named(digest))
    assert repo.verified(merge).held == ()
    plain = repo.merge(beside, work, files=risk(position("20%")), signer="operator", message="Merge" + LANDING)
    assert limit_of(repo.verified(plain)) == "15"


def test_merge_when_the_forge_signs_then_it_adds_nobody(repo: Repo) -> None:
    work = repo.commit(root(repo), risk(position("20%")), "officer")
    beside = repo.commit(root(repo), {"README.md": b"more\n"})
    merge = repo.merge(beside, work, files=risk(position("20%")), signer="forge", message=named(repo.digest(work)))
    verified = repo.verified(merge)
    assert (verified.held[0].signed, limit_of(verified)) == (("officer",), "15")


def test_merge_when_the_other_side_tightened_meanwhile_then_that_value_stays_in_force(repo: Repo) -> None:
    work = repo.commit(root(repo), risk(position("20%")), "officer")
    tighter = repo.commit(root(repo), risk(position("10%")), "operator")
    for parents in ((tighter, work), (work, tighter)):
        merge = repo.merge(*parents, files=risk(position("20%")), signer="operator", message="Merge" + LANDING)
        verified = repo.verified(merge)
        assert (verified.held[0].change.old, limit_of(verified)) == ("10%", "10")


def test_value_when_it_is_changed_again_then_signatures_start_anew(repo: Repo) -> None:
    first = repo.commit(root(repo), risk(position("20%")), "officer")
    other = repo.commit(first, risk(position("30%")), "operator")
    verified = repo.verified(other)
    assert (verified.held[0].change.old, verified.held[0].signed) == ("15%", ("operator",))
    back = repo.commit(other, risk(position("12%")), "officer")
    assert (repo.verified(back).held, limit_of(repo.verified(back))) == ((), "12")


def test_plan_when_another_change_came_between_then_the_old_digest_names_nothing(repo: Repo) -> None:
    first = repo.commit(root(repo), risk(position("20%")), "officer")
    digest = repo.digest(first)
    more = repo.commit(first, RESUMED, "trader")
    verified = repo.verified(repo.approve(more, "operator", digest))
    assert {item.change.label for item in verified.held} == {
        "position.max_position_pct",
        "disclosure-follower.status",
    }


def test_status_when_a_resume_is_held_then_the_strategy_stays_paused(repo: Repo) -> None:
    assert status(repo.verified(root(repo)).desired) is StrategyStatus.PAUSED
    verified = repo.verified(repo.commit(root(repo), RESUMED, "trader"))
    assert verified.acting is not None
    assert status(verified.acting) is StrategyStatus.PAUSED


def test_strategy_when_a_new_one_is_held_then_it_is_not_there(repo: Repo) -> None:
    text = replaced(PAUSED, "d" * 32, "9" * 32)[PAUSED] or b""
    added = {"strategies/copy.yaml": text.replace(b"id: disclosure-follower", b"id: copy")}
    tip = repo.commit(root(repo), added, "trader")
    verified = repo.verified(tip)
    assert verified.acting is not None
    assert "copy" not in verified.acting.strategies
    assert "copy" in (repo.verified(repo.approve(tip, "operator")).desired.strategies)
    gone = repo.commit(tip, {"strategies/copy.yaml": None}, "trader")
    assert repo.verified(gone).held == ()


def test_size_when_small_steps_add_up_then_they_are_measured_from_the_last_approved(tmp_path: Path) -> None:
    for repo in made(tmp_path, TWO.replace("signers: 2\n", "signers: 2\n    over_pct: 20%\n", 1)):
        one = repo.commit(root(repo), risk(position("17%")), "officer")
        assert (repo.verified(one).held, limit_of(repo.verified(one))) == ((), "17")
        two = repo.commit(one, risk(position("19%")), "officer")
        verified = repo.verified(two)
        assert (verified.held[0].change.old, verified.held[0].signers, limit_of(verified)) == ("17%", 2, "17")
        approved = repo.approve(two, "operator")
        assert limit_of(repo.verified(approved)) == "19"
        assert repo.verified(repo.commit(approved, risk(position("22%")), "officer")).held == ()


def test_plan_digest_when_a_rule_asks_for_it_then_the_loosening_waits_for_it(tmp_path: Path) -> None:
    rule = "rules:\n  - path: risk_config.yaml\n    roles: [risk-officer]\n    plan_digest: true"
    for repo in made(tmp_path, rule):
        tip = repo.commit(root(repo), risk(position("20%")), "officer")
        verified = repo.verified(tip)
        assert (verified.held[0].missing, verified.held[0].plan, limit_of(verified)) == (0, True, "15")
        whole = repo.commit(root(repo), risk(position("20%")), "officer", named(repo.digest(tip)))
        assert repo.verified(whole).held == ()
        assert repo.verified(repo.approve(tip, "officer")).held == ()
        assert repo.verified(repo.approve(tip, "trader")).held[0].plan


def two_admins(repo: Repo) -> bytes:
    roles = b"roles: [risk-officer]"
    text = trust_text({name: repo.site.line(name) for name in SIGNERS}, TWO)
    return text.replace(roles, b"roles: [admin, risk-officer]")


def test_trust_when_there_are_two_admins_then_one_changes_nothing_and_both_do(repo: Repo) -> None:
    base = repo.commit(root(repo), {"trust.yaml": two_admins(repo)})
    assert repo.verified(base).held == ()
    added = repo.commit(base, {"trust.yaml": with_web(repo)}, "officer")
    verified = repo.verified(added)
    assert verified.held[0].candidates == ("operator",)
    assert verified.acting is not None
    assert verified.acting.trust == repo.verified(base).desired.trust
    unknown = repo.verifier().advance("", repo.commit(added, risk(position("10%")), "web", "Tighter\n"))
    assert unknown.refusal is not None
    assert unknown.refusal.reason is RefusalReason.UNKNOWN_KEY
    approved = repo.approve(added, "operator")
    assert repo.verified(repo.commit(approved, risk(position("10%")), "web", "Tighter\n")).held == ()


def with_web(repo: Repo) -> bytes:
    lines = trust_text({"web": repo.site.line("web")}).split(b"signers:\n")[1].replace(b"rules: []\n", b"")
    return two_admins(repo).replace(b"rules:", lines + b"rules:", 1)


def test_key_when_it_is_denied_then_what_it_loosened_is_undone(repo: Repo) -> None:
    kept = "  - path: risk_config.yaml\n    direction: loosen\n    roles: [risk-officer]\n"
    base = repo.commit(
        root(repo), {"trust.yaml": trust_text({name: repo.site.line(name) for name in SIGNERS}, f"rules:\n{kept}")}
    )
    looser = repo.commit(base, risk(position("20%"), ("max_positions: 20", "max_positions: 10")), "officer")
    later = repo.commit(looser, {"README.md": b"later\n"}, "trader")
    assert repo.verified(later).held == ()
    pins = replace(repo.site.pins, denied_keys=(repo.site.key("officer").fingerprint,))
    found = repo.verifier(pins).advance(later, later)
    assert (limit_of(found), found.denied) == ("15", True)
    assert found.acting is not None
    assert found.acting.risk.hard_limits.position.max_positions == 10
    verifier = repo.verifier(pins)
    verifier.advance(later, later)
    approved = repo.commit(later, {}, "operator", named(verifier.approvals.digest(later)))
    found = verifier.advance(later, approved)
    assert (found.refusal, found.held, found.denied, limit_of(found)) == (None, (), False, "20")


def test_key_when_it_is_denied_then_its_owner_must_sign_again_with_another(repo: Repo) -> None:
    text = trust_text({name: repo.site.line(name) for name in SIGNERS})
    base = repo.commit(root(repo), {"trust.yaml": text.replace(b"principal: operator", b"principal: officer")})
    looser = repo.commit(base, risk(position("20%")), "officer")
    pins = replace(repo.site.pins, denied_keys=(repo.site.key("officer").fingerprint,))
    found = repo.verifier(pins).advance(looser, looser)
    assert (found.held[0].signed, found.held[0].candidates, limit_of(found)) == ((), ("officer",), "15")


def test_ledger_when_verification_starts_anywhere_then_is_the_same(repo: Repo, tmp_path: Path) -> None:
    tip = repo.commit(root(repo), risk(position("20%")), "officer")
    more = repo.commit(tip, {"README.md": b"later\n"}, "trader")
    file = tmp_path / "approvals"
    first = repo.verifier(file=file)
    first.advance("", more)
    first.remember(more)
    assert file.exists()
    for verifier in (repo.verifier(), repo.verifier(file=file)):
        assert verifier.approvals.after(more) == first.approvals.after(more)
        assert verifier.acting(more) == first.acting(more)
    approved = repo.approve(more, "operator")
    assert repo.verifier(file=file).advance(more, approved).held == ()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"root": 1}'])
def test_ledger_when_its_file_is_broken_then_history_tells(repo: Repo, tmp_path: Path, content: str) -> None:
    tip = repo.commit(root(repo), risk(position("20%")), "officer")
    file = tmp_path / "approvals"
    file.write_text(content)
    assert len(repo.verifier(file=file).advance(tip, tip).held) == 1


def test_ledger_when_its_file_is_of_other_pins_then_history_tells(repo: Repo, tmp_path: Path) -> None:
    tip = repo.commit(root(repo), {"README.md": b"x\n"}, "trader")
    file = tmp_path / "approvals"
    verifier = repo.verifier(file=file)
    verifier.advance("", tip)
    verifier.remember(tip)
    text = file.read_text()
    looser = repo.commit(tip, risk(position("20%")), "officer")
    file.write_text(text.replace(tip, looser))
    assert repo.verifier(file=file).advance(looser, looser).held == ()
    pins = replace(repo.site.pins, denied_keys=("SHA256:somebody",))
    assert len(repo.verifier(pins, file).advance(looser, looser).held) == 1


def test_ledger_when_a_commit_is_only_looked_at_then_nothing_is_kept(repo: Repo, tmp_path: Path) -> None:
    file = tmp_path / "approvals"
    repo.verifier(file=file).advance("", repo.commit(root(repo), risk(position("20%")), "officer"))
    assert not file.exists()


def test_preview_when_not_naming_then_what_others_left_is_not_approved_along(repo: Repo) -> None:
    tip = repo.commit(root(repo), risk(position("20%")), "officer")
    draft = repo.source.stage(tip, {"README.md": b"x\n"}, "A <a@b>", 1, "Read me" + LANDING)
    tree = draft.split(b"\n", 1)[0].split()[1].decode()
    signer = Signed(repo.site.key("operator").blob)
    verifier = repo.verifier()
    digest, waiting = verifier.preview(tip, tree, "Read me" + LANDING, signer, naming=False)
    assert (digest, [item.signed for item in waiting]) == ("", [("officer",)])
    digest, waiting = verifier.preview(tip, tree, "Read me" + LANDING, signer, naming=True)
    assert (digest, waiting) == (repo.digest(tip), ())
