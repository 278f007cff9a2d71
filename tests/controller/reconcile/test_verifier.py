"""The verifier on real git: what each kind of bad history gets, and how far verification still comes."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.adapters.signatures.sshsig import check_key, verify
from controller.core.trust.keys import Signed
from controller.errors import Refused, SettingsError
from controller.reconcile.verifier import Now, Verifier
from controller.settings import Pins
from schemas.desired import TradingMode
from schemas.halts import Halt, HaltSource
from schemas.status import RefusalReason
from tests.support.config_repo import (
    COMMENT,
    DESK,
    LANDING,
    LOOSER,
    TARGET_VALUE,
    TIGHTER,
    Site,
    make_site,
    reason,
    trust_text,
)
from tests.support.desired import wire


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, DESK)


def test_introduction_when_pinned_then_its_documents_are_desired(site: Site, source: GitSource) -> None:
    verified = site.verifier(source).advance("", source.tip())
    assert verified.refusal is None
    assert verified.commit == verified.desired.commit == site.pins.introduction == source.tip()
    assert verified.commits == (source.tip(),)


def test_introduction_when_not_the_pinned_one_then_raises(site: Site, source: GitSource) -> None:
    with pytest.raises(Refused) as caught:
        site.verifier(source, replace(site.pins, introduction="e" * 40)).advance("", source.tip())
    assert caught.value.refusal.reason is RefusalReason.NOT_DESCENDANT


def test_introduction_when_signed_by_an_unpinned_key_then_raises(site: Site, source: GitSource) -> None:
    with pytest.raises(Refused) as caught:
        site.verifier(source, replace(site.pins, fingerprints=("SHA256:other",))).advance("", source.tip())
    assert caught.value.refusal.reason is RefusalReason.UNKNOWN_KEY


def test_pins_when_absent_then_nothing_is_trusted_on_first_use(site: Site, source: GitSource) -> None:
    with pytest.raises(SettingsError, match="nothing is trusted on first use"):
        site.verifier(source, Pins()).advance("", source.tip())


def test_commit_when_signed_and_landed_then_verified(site: Site, source: GitSource) -> None:
    commit = site.commit(source, LOOSER)
    verified = site.advance(source, commit)
    assert (verified.commit, verified.commits, verified.refusal) == (commit, (commit,), None)
    assert str(verified.desired.risk.hard_limits.position.max_position_pct) == "20"
    assert verified.required() is verified


@pytest.mark.parametrize(
    ("files", "signer", "message", "expected"),
    [
        (LOOSER, "operator", "No trailer\n", RefusalReason.NOT_LANDED),
        (LOOSER, "operator", f"Elsewhere\n\nGt-Target: {TARGET_VALUE}x\n", RefusalReason.WRONG_TARGET),
        (LOOSER, "emergency", "By role" + LANDING, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        (LOOSER, "trader", "By role" + LANDING, RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION),
        (LOOSER, "officer", "By role" + LANDING, None),
        (TIGHTER, "emergency", "Tighter\n", None),
        (TIGHTER, "bot", "By path\n", RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        (TIGHTER, "stranger", "Unknown\n", RefusalReason.UNKNOWN_KEY),
        ({"README.md": b"x"}, "emergency", "By path\n", RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ({"risk_config.yaml": b"version: 1\n"}, "operator", "Broken" + LANDING, RefusalReason.SCHEMA_INVALID),
        ({"emergency.yaml": None}, "operator", "Broken" + LANDING, RefusalReason.SCHEMA_INVALID),
        ({"surprise.yaml": b"x: 1\n"}, "operator", "Unknown" + LANDING, RefusalReason.SCHEMA_INVALID),
    ],
)
def test_commit_when_judged_then_gets_the_reason(
    site: Site,
    source: GitSource,
    files: dict[str, bytes | None],
    signer: str,
    message: str,
    expected: RefusalReason | None,
) -> None:
    verified = site.advance(source, site.commit(source, files, signer, message))
    assert reason(verified) is expected
    if expected is not None:
        assert verified.commit == site.pins.introduction
        assert verified.refusal is not None
        assert verified.refusal.fix
        with pytest.raises(Refused):
            verified.required()


def test_schema_when_several_mistakes_then_all_are_told(site: Site, source: GitSource) -> None:
    broken = {"risk_config.yaml": b"version: 2\nsurprise: 1\n", "emergency.yaml": b"version: 1\ntrading_mode: maybe\n"}
    refusal = site.advance(source, site.commit(source, broken)).refusal
    assert refusal is not None
    assert {problem.path for problem in refusal.problems} == {"risk_config.yaml", "emergency.yaml"}


def test_history_when_a_later_commit_fails_then_comes_as_far_as_the_one_before(site: Site, source: GitSource) -> None:
    first = site.commit(source, TIGHTER)
    second = site.commit(source, COMMENT, "stranger", parent=first)
    third = site.commit(source, LOOSER, parent=second)
    verified = site.advance(source, third)
    assert (verified.commit, verified.commits) == (first, (first,))
    assert verified.refusal is not None
    assert (verified.refusal.commit, verified.refusal.reason) == (second, RefusalReason.UNKNOWN_KEY)
    assert str(verified.desired.risk.hard_limits.position.max_position_pct) == "10"


def test_key_when_denied_locally_then_refused_although_listed(site: Site, source: GitSource) -> None:
    pins = replace(site.pins, denied_keys=(site.key("officer").fingerprint,))
    commit = site.commit(source, LOOSER, "officer")
    assert reason(site.verifier(source, pins).advance(site.pins.introduction, commit)) is RefusalReason.KEY_DENIED


def test_key_when_removed_then_counts_for_nothing_from_the_next_commit_on(site: Site, source: GitSource) -> None:
    left = trust_text({name: site.line(name) for name in DESK if name != "officer"})
    before = site.commit(source, TIGHTER, "officer")
    removed = site.commit(source, {"trust.yaml": left}, parent=before)
    after = site.commit(source, LOOSER, "officer", "Backdated" + LANDING, parent=removed)
    assert site.advance(source, removed).refusal is None
    verified = site.advance(source, after)
    assert (verified.commit, reason(verified)) == (removed, RefusalReason.UNKNOWN_KEY)


def test_key_when_added_then_counts_from_the_next_commit_on(site: Site, source: GitSource) -> None:
    more = trust_text({name: site.line(name) for name in (*DESK, "web")})
    added = site.commit(source, {"trust.yaml": more})
    assert site.advance(source, site.commit(source, TIGHTER, "web", parent=added)).refusal is None
    own = site.commit(source, {"trust.yaml": more}, "web")
    assert reason(site.advance(source, own)) is RefusalReason.UNKNOWN_KEY


def test_trust_when_changed_by_another_role_then_refused(site: Site, source: GitSource) -> None:
    more = trust_text({name: site.line(name) for name in (*DESK, "web")})
    commit = site.commit(source, {"trust.yaml": more}, "officer")
    assert reason(site.advance(source, commit)) is RefusalReason.NOT_AUTHORIZED_FOR_PATH


def test_trust_when_a_certificate_is_listed_then_refused(site: Site, source: GitSource) -> None:
    kind = b"ssh-ed25519-cert-v01@openssh.com"
    odd = f"{kind.decode()} {base64.b64encode(wire(kind, b'k' * 32)).decode()} x"
    lines = {name: site.line(name) for name in DESK} | {"web": odd}
    refusal = site.advance(source, site.commit(source, {"trust.yaml": trust_text(lines)})).refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.SCHEMA_INVALID
    assert "certificate" in refusal.message


def test_trust_when_the_last_usable_admin_goes_then_refused(site: Site, source: GitSource) -> None:
    pins = replace(site.pins, denied_keys=(site.key("web").fingerprint,))
    lines = {name: site.line(name) for name in (*DESK, "web")}
    text = trust_text(lines).replace(b"roles: [admin, risk-officer, operator, emergency]", b"roles: [operator]")
    commit = site.commit(source, {"trust.yaml": text.replace(b"roles: [web]", b"roles: [admin]")})
    verified = site.verifier(source, pins).advance(site.pins.introduction, commit)
    assert reason(verified) is RefusalReason.UNSAFE_PLAN


def test_tip_when_forced_back_to_an_old_signed_commit_then_history_is_rewritten(site: Site, source: GitSource) -> None:
    first = site.commit(source, TIGHTER)
    second = site.commit(source, COMMENT, parent=first)
    verified = site.advance(source, first, since=second)
    assert (verified.commit, reason(verified)) == (second, RefusalReason.NOT_DESCENDANT)
    assert verified.refusal is not None
    assert second in verified.refusal.fix


def test_tip_when_on_another_line_then_history_is_rewritten(site: Site, source: GitSource) -> None:
    mine, other = site.commit(source, TIGHTER), site.commit(source, COMMENT)
    assert reason(site.advance(source, other, since=mine)) is RefusalReason.NOT_DESCENDANT


def test_last_verified_when_unknown_to_the_repo_then_refused(site: Site, source: GitSource) -> None:
    with pytest.raises(Refused):
        site.advance(source, source.tip(), since="1" * 40)


def test_backdated_when_key_was_removed_before_then_position_decides(site: Site, source: GitSource) -> None:
    left = trust_text({name: site.line(name) for name in DESK if name != "officer"})
    removed = site.commit(source, {"trust.yaml": left})
    payload = source.stage(removed, LOOSER, "A <a@b>", 86_400, "From 1970" + LANDING)
    assert reason(site.advance(source, source.seal(payload, site.key("officer")(payload)))) is RefusalReason.UNKNOWN_KEY


def test_strategy_when_new_with_the_uid_of_a_removed_one_then_refused(site: Site, source: GitSource) -> None:
    path = "strategies/disclosure-follower.yaml"
    content = source.blob(source.tree(source.tip())[path].id)
    gone = site.commit(source, {path: None})
    again = content.replace(b"id: disclosure-follower", b"id: another")
    back = site.commit(source, {"strategies/another.yaml": again}, parent=gone)
    verified = site.advance(source, back)
    assert (verified.commit, reason(verified)) == (gone, RefusalReason.UID_CHANGED)


def test_halt_record_when_removed_then_refused_whoever_signs(site: Site, source: GitSource) -> None:
    path = "halts/" + "a" * 32 + ".yaml"
    text = f'version: 1\nid: {"a" * 32}\nscope:\n  kind: account\nmode: halt-all\nopened: "2026-01-19T10:23:45Z"\n'
    added = site.commit(source, {path: (text + 'actor: kim\nchannel: cli\nreason: ""\n').encode()})
    assert site.advance(source, added).refusal is None
    removed = site.commit(source, {path: None}, parent=added)
    assert reason(site.advance(source, removed)) is RefusalReason.HALT_RECORD_REMOVED


def test_accepted_commit_when_a_halt_of_what_it_removes_lands_after_then_the_verdict_stays(
    site: Site, source: GitSource
) -> None:
    path = "strategies/disclosure-follower.yaml"
    before = site.verifier(source).desired(source.tip()).strategies["disclosure-follower"]
    item = Halt(
        id="a" * 32,
        scope=f"strategy:{before.uid}",
        mode=TradingMode.HALT_ALL,
        opened_ns=1_000,
        actor="kim",
        source=HaltSource.CLI,
    )
    gone = site.commit(source, {path: None})
    later = site.commit(source, TIGHTER, parent=gone)
    verifier = site.verifier(source)
    assert reason(verifier.advance(site.pins.introduction, gone, Now((item,)))) is RefusalReason.HALT_OPEN_ON_OBJECT
    assert verifier.advance(site.pins.introduction, gone).refusal is None
    assert reason(verifier.advance(site.pins.introduction, gone, Now((item,)))) is RefusalReason.HALT_OPEN_ON_OBJECT
    assert verifier.advance(site.pins.introduction, later).required().commit == later
    assert verifier.advance(gone, later, Now((item,))).required().commit == later


def test_clear_without_its_record_then_refused_whether_the_halt_is_known_or_not(site: Site, source: GitSource) -> None:
    halt_id = "a" * 32
    item = Halt(
        id=halt_id,
        scope=f"strategy:{'b' * 32}",
        mode=TradingMode.HALT_ALL,
        opened_ns=1_000,
        actor="kim",
        source=HaltSource.CLI,
    )
    text = f'version: 1\nid: {halt_id}\nhalt_digest: {item.digest()}\nby: kim\nreason: ""\n'
    commit = site.commit(source, {f"cleared/{halt_id}.yaml": text.encode()})
    verifier = site.verifier(source)
    assert reason(verifier.advance(site.pins.introduction, commit, Now((item,)))) is RefusalReason.UNSAFE_PLAN
    assert reason(verifier.advance(site.pins.introduction, commit)) is RefusalReason.UNSAFE_PLAN


def test_commit_when_verified_once_then_not_judged_again(site: Site, source: GitSource) -> None:
    commit = site.commit(source, TIGHTER)
    asked: list[bytes] = []

    def check(payload: bytes, signature: bytes) -> Signed:
        asked.append(payload)
        return verify(payload, signature)

    verifier = Verifier(source, site.pins, check, check_key)
    for _ in range(2):
        assert verifier.advance(site.pins.introduction, commit).required().commit == commit
    assert len(asked) == 1
