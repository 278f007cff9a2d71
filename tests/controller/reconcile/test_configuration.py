"""Documents and commits on real git: compare, judge, prepare an edit or a rollback, reload."""

import base64
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.control import ControllerControl
from controller.core.plan.edits import BadArgument
from controller.core.plan.effective import evidence_text
from controller.core.policy.compile import compile_policy
from controller.core.trust.authority import is_document
from controller.errors import InvalidDesired, Raced, Refused, SourceUnavailable
from schemas.edits import AddStrategy, Intent, Proposal, Request, Rollback, WriteDocuments
from schemas.halts import Halt
from schemas.status import RefusalReason
from tests.controller.reconcile.test_control import control
from tests.support.book import halt
from tests.support.config_repo import LANDING, Site, documents, latched_site, replaced
from tests.support.desired import UIDS

RISK, VALUE = "risk_config.yaml", "strategies/heuristic-value-1.yaml"
LOOSER = replaced(RISK, "max_positions: 20", "max_positions: 30")
BROKEN = replaced(RISK, "max_positions: 20", "max_positions: many")
GOOD, WAITS, REFUSED = "verified", "waits", "refused"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return latched_site(tmp_path)


@pytest.fixture
def controller(site: Site, source: GitSource) -> ControllerControl:
    return control(site, source, [])


def ask(controller: ControllerControl, intent: Intent) -> Proposal:
    return controller.propose(Request(intent=intent, actor="Ada", author="Ada <ada@example.org>", reason="why"))


def land(site: Site, controller: ControllerControl, proposal: Proposal) -> str:
    payload = base64.b64decode(proposal.payload)
    return controller.land(payload, site.key("operator")(payload))


def land_files(site: Site, source: GitSource, controller: ControllerControl, files: dict[str, bytes | None]) -> str:
    payload = source.stage(source.tip(), files, "Ada <ada@example.org>", 1_768_818_225, "Change" + LANDING)
    return controller.land(payload, site.key("operator")(payload))


def text(content: dict[str, bytes | None], path: str) -> str:
    return (content[path] or b"").decode()


def write(site: Site, files: dict[str, str | None]) -> WriteDocuments:
    return WriteDocuments(base=site.pins.introduction, files=files)


def test_documents_when_asked_then_every_document_and_nothing_else(controller: ControllerControl) -> None:
    commit, files = controller.configuration.documents("")
    assert commit == controller.parts.source.tip()
    assert set(files) == {"trust.yaml", *(path for path in documents() if is_document(path))}
    assert files[RISK].encode() == documents()[RISK]


def test_difference_when_files_are_given_then_keys_with_direction_and_texts(
    site: Site, controller: ControllerControl
) -> None:
    introduction = site.pins.introduction
    memory = controller.parts.memory
    memory.revision = memory.revision.model_copy(update={"last_applied": introduction})
    memory.applied_desired = controller.parts.verifier.desired(introduction)
    _, files = controller.configuration.documents("")
    found = controller.configuration.difference("", {**files, RISK: text(LOOSER, RISK)})
    assert [(item.label, item.old, item.new, item.direction.value) for item in found.changes] == [
        ("position.max_positions", "20", "30", "loosen")
    ]
    assert list(found.texts) == [RISK]
    assert controller.configuration.difference("", None).changes == ()


def test_difference_when_files_have_mistakes_then_every_one_with_its_line(controller: ControllerControl) -> None:
    _, files = controller.configuration.documents("")
    broken = {**files, RISK: text(BROKEN, RISK), VALUE: files[VALUE].replace("version: 1", "version: 2")}
    with pytest.raises(InvalidDesired) as caught:
        controller.configuration.difference("", broken)
    assert [problem.path for problem in caught.value.problems] == [RISK, VALUE]


def test_walk_when_all_is_verified_then_no_commit_is_left(controller: ControllerControl) -> None:
    assert controller.configuration.walk("").commits == ()


def test_walk_when_commits_are_refused_then_each_has_its_own_reason_and_good_ones_wait(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    good = site.commit(source, LOOSER)
    unknown = site.commit(source, replaced(RISK, "max_positions: 20", "max_positions: 25"), "stranger", parent=good)
    invalid = site.commit(source, BROKEN, parent=unknown)
    behind = site.commit(source, LOOSER, parent=invalid)
    late = site.commit(source, {"README.md": b"later"}, parent=behind)
    found = controller.configuration.walk(late).commits
    assert [(item.commit, item.state) for item in found] == [
        (good, GOOD),
        (unknown, REFUSED),
        (invalid, REFUSED),
        (behind, WAITS),
        (late, WAITS),
    ]
    reasons = [item.refusal.reason for item in found if item.refusal]
    assert reasons == [RefusalReason.UNKNOWN_KEY, RefusalReason.SCHEMA_INVALID]
    assert all(item.refusal.fix for item in found if item.refusal)


def test_walk_when_the_refused_commit_is_published_then_no_fix_makes_it_anew(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    foreign = site.commit(source, {"README.md": b"x"}, "stranger")
    broken = site.commit(source, LOOSER, message="No landing\n")
    mine, own = (controller.configuration.walk(commit).commits[0].refusal for commit in (broken, foreign))
    assert mine is not None and own is not None
    assert "--amend" in mine.fix
    memory = controller.parts.memory
    for commit, refusal in ((broken, mine), (foreign, own)):
        memory.revision = memory.revision.model_copy(update={"observed_tip": commit})
        now = controller.configuration.walk(commit).commits[0].refusal
        assert now == refusal.model_copy(update={"fix": "" if refusal is mine else refusal.fix})


def test_walk_when_a_merge_lands_a_draft_then_all_of_it_is_verified(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    draft = site.commit(source, LOOSER, message="Draft\n")
    payload = source.stage(draft, {}, "A <a@b>", 1, "Merge" + LANDING)
    first = f"parent {site.pins.introduction}\nparent {draft}\n"
    payload = payload.replace(f"parent {draft}\n".encode(), first.encode())
    merge = source.seal(payload, site.key("operator")(payload))
    found = controller.configuration.walk(merge).commits
    assert [(item.commit, item.state) for item in found] == [(draft, GOOD), (merge, GOOD)]


def test_walk_when_it_was_asked_before_then_no_refused_commit_has_become_good(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    unknown = site.commit(source, LOOSER, "stranger")
    late = site.commit(source, {"README.md": b"later"}, parent=unknown)
    assert controller.configuration.walk(late) == controller.configuration.walk(late)
    assert controller.parts.verifier.advance(site.pins.introduction, late).commit == site.pins.introduction


def test_walk_when_history_was_rewritten_then_refused_as_no_descendant(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    verified = land_files(site, source, controller, LOOSER)
    memory = controller.parts.memory
    memory.revision = memory.revision.model_copy(update={"last_verified": verified})
    beside = site.commit(source, {"README.md": b"x"}, parent=site.pins.introduction)
    (judged,) = controller.configuration.walk(beside).commits
    assert judged.refusal is not None
    assert judged.refusal.reason is RefusalReason.NOT_DESCENDANT
    assert controller.configuration.walk(site.pins.introduction).commits == ()


def test_edit_when_landed_then_the_text_is_as_it_was_written(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    wanted = "# mine\n" + text(LOOSER, RISK)
    proposal = ask(controller, write(site, {RISK: wanted}))
    assert proposal.subject == f"risk: edit {RISK}"
    commit = land(site, controller, proposal)
    assert source.blob(source.tree(commit)[RISK].id).decode() == wanted


def test_edit_when_it_has_mistakes_then_all_are_told_before_anything_is_signed(
    site: Site, controller: ControllerControl
) -> None:
    strategy = documents()[VALUE].decode().replace("version: 1", "version: 2")
    with pytest.raises(Refused) as caught:
        ask(controller, write(site, {RISK: text(BROKEN, RISK), VALUE: strategy}))
    assert [problem.path for problem in caught.value.refusal.problems] == [RISK, VALUE]


def test_edit_when_no_signature_could_permit_it_then_refused_before_anything_is_signed(
    site: Site, controller: ControllerControl
) -> None:
    new = documents()[VALUE].decode().replace(UIDS["heuristic-value-1"], "9" * 32)
    with pytest.raises(Refused) as caught:
        ask(controller, write(site, {VALUE: new}))
    assert caught.value.refusal.reason is RefusalReason.UID_CHANGED


def test_edit_when_somebody_landed_the_same_document_then_raced_and_theirs_stays(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    theirs = land_files(site, source, controller, LOOSER)
    with pytest.raises(Raced, match=RISK):
        ask(controller, write(site, {RISK: "mine"}))
    assert source.tip() == theirs


def test_edit_when_it_is_large_then_the_proposal_says_what_would_hold_it(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    careful = replaced(RISK, "max_changed_pct: 50%", "max_changed_pct: 1%")
    base, memory = land_files(site, source, controller, careful), controller.parts.memory
    memory.applied_desired = controller.parts.verifier.desired(base)
    memory.applied = compile_policy(memory.applied_desired, {})
    looser = text(careful, RISK).replace("max_positions: 20", "max_positions: 30")
    proposal = ask(controller, WriteDocuments(base=base, files={RISK: looser}))
    assert proposal.hold == "1 of 6 objects (17%) loosen or vanish, over guards.max_changed_pct 1%"


def test_rollback_when_landed_then_documents_are_those_of_the_commit_and_a_new_commit_says_so(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    before = land_files(site, source, controller, LOOSER)
    land_files(site, source, controller, {VALUE: None})
    commit = land(site, controller, ask(controller, Rollback(commit=before)))
    (raw,) = source.commits(before, commit)[-1:]
    assert raw.message.startswith(f"risk: roll back to {before[:12]}\n")
    assert source.tree(commit)[RISK] == source.tree(before)[RISK]
    restored = controller.parts.verifier.desired(commit).strategies["heuristic-value-1"]
    old = controller.parts.verifier.desired(before).strategies["heuristic-value-1"]
    assert (restored.status.value, restored.uid != old.uid) == ("paused", True)


def halted(record: Halt) -> dict[str, bytes | None]:
    cleared = f"version: 1\nid: {record.id}\nhalt_digest: {record.digest()}\nby: Ada\nreason: looked\n"
    paused: dict[str, bytes | None] = {
        path: content.replace(b"status: active", b"status: paused")
        for path, content in documents().items()
        if path.startswith("strategies/")
    }
    records = {f"halts/{record.id}.yaml": evidence_text(record).encode(), f"cleared/{record.id}.yaml": cleared.encode()}
    return {**paused, **records}


def test_rollback_when_a_halt_was_lifted_since_then_its_records_stay(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    land_files(site, source, controller, halted(halt()))
    commit = land(site, controller, ask(controller, Rollback(commit=site.pins.introduction)))
    tree = source.tree(commit)
    assert {f"halts/{halt().id}.yaml", f"cleared/{halt().id}.yaml"} <= set(tree)
    assert tree[VALUE] == source.tree(site.pins.introduction)[VALUE]


def test_rollback_when_the_commit_is_on_no_path_to_the_tip_then_refused(
    site: Site, source: GitSource, controller: ControllerControl
) -> None:
    beside = site.commit(source, LOOSER)
    land_files(site, source, controller, {"README.md": b"x"})
    with pytest.raises(BadArgument, match="no ancestor"):
        ask(controller, Rollback(commit=beside))


def test_add_when_landed_then_paused_with_the_uid_that_was_given(site: Site, controller: ControllerControl) -> None:
    intent = AddStrategy(strategy="my-idea", uid="9" * 32, name="Mine", text=documents()[VALUE].decode())
    commit = land(site, controller, ask(controller, intent))
    added = controller.parts.verifier.desired(commit).strategies["my-idea"]
    assert (added.uid, added.name, added.status.value) == ("9" * 32, "Mine", "paused")


def test_reload_when_asked_then_audited_with_its_outcome(controller: ControllerControl) -> None:
    controller.make_overview = controller.overview
    applied = controller.reload("ada", "looks odd", 1.0)
    assert not applied.in_force
    outcome, intent = controller.parts.store.audit(event="config.reload")
    assert (intent.entry.actor, intent.entry.reason, intent.entry.kind) == ("ada", "looks odd", "intent")
    assert (outcome.entry.outcome, outcome.entry.intent) == ("refused", intent.seq)


def test_reload_when_git_cannot_be_read_then_says_what_stays_in_force(
    site: Site, controller: ControllerControl
) -> None:
    memory = controller.parts.memory
    memory.revision = memory.revision.model_copy(update={"last_applied": site.pins.introduction})
    (site.home.bare / "refs" / "heads" / "main").unlink()
    with pytest.raises(SourceUnavailable, match=f"{site.pins.introduction[:12]} stays in force"):
        controller.reload("ada", "", 1.0)
    assert controller.parts.store.audit(event="config.reload")[0].entry.outcome == "failed"
