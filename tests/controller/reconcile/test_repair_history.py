"""A repair of trust in a real history: it counts where settings pin it, and only what waits for trust ends with it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.core.trust.commits import PLAN
from controller.core.trust.repair import countersigned, statement
from controller.reconcile.verifier import Verified
from controller.settings import Pins
from schemas.status import RefusalReason
from tests.support.config_repo import LANDING, LOOSER, TIGHTER, Site, make_site, reason, trust_text

SIGNERS = ("operator", "bot", "officer")
RULES = "rules:\n  - path: risk_config.yaml\n    direction: loosen\n    roles: [risk-officer]\n    signers: 2\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, SIGNERS, RULES)


def repair(
    site: Site,
    source: GitSource,
    parent: str,
    names: tuple[str, str] = ("one", "two"),
    more: Mapping[str, bytes] | None = None,
) -> str:
    keys = {name: site.line(name) for name in ("officer", "bot")}
    keys["operator"] = site.line("fresh")
    files: dict[str, bytes | None] = {"trust.yaml": trust_text(keys, RULES), **(more or {})}
    payload = source.stage(parent, files, "A Person <a@example.org>", 1_768_818_225, "Repair" + LANDING)
    payload = countersigned(payload, site.key(names[1])(statement(payload)))
    return source.seal(payload, site.key(names[0])(payload))


def pinning(site: Site, *commits: str, keys: tuple[str, ...] = ("one", "two")) -> Pins:
    return replace(site.pins, repairs=commits, repair_keys=tuple(site.key(name).fingerprint for name in keys))


def verified(site: Site, source: GitSource, tip: str, pins: Pins) -> Verified:
    return site.verifier(source, pins).advance("", tip)


def test_repair_when_pinned_then_its_trust_judges_what_follows(site: Site, source: GitSource) -> None:
    commit = repair(site, source, source.tip())
    after = site.commit(source, TIGHTER, "fresh", parent=commit)
    found = verified(site, source, after, pinning(site, commit))
    assert (found.commit, reason(found), found.held) == (after, None, ())
    late = site.commit(source, {"README.md": b"x"}, "operator", parent=after)
    assert reason(verified(site, source, late, pinning(site, commit))) is RefusalReason.UNKNOWN_KEY


def test_repair_when_a_pin_is_missing_then_it_is_a_commit_by_nobody(site: Site, source: GitSource) -> None:
    commit = repair(site, source, source.tip())
    for pins in (site.pins, pinning(site, "c" * 40)):
        assert reason(verified(site, source, commit, pins)) is RefusalReason.UNKNOWN_KEY
    one = verified(site, source, commit, pinning(site, commit, keys=("one",)))
    assert reason(one) is RefusalReason.UNKNOWN_KEY and "it has 1" in (one.refusal.message if one.refusal else "")
    same = repair(site, source, source.tip(), ("one", "one"))
    assert reason(verified(site, source, same, pinning(site, same))) is RefusalReason.UNKNOWN_KEY


def test_repair_when_it_changes_more_than_trust_then_refused(site: Site, source: GitSource) -> None:
    commit = repair(site, source, source.tip(), more={"README.md": b"and more\n"})
    assert reason(verified(site, source, commit, pinning(site, commit))) is RefusalReason.NOT_AUTHORIZED_FOR_PATH


def test_repair_when_its_second_signature_is_over_another_tree_then_refused(site: Site, source: GitSource) -> None:
    files: dict[str, bytes | None] = {"trust.yaml": trust_text({"operator": site.line("fresh")}, RULES)}
    payload = source.stage(source.tip(), files, "A Person <a@example.org>", 1_768_818_225, "Repair" + LANDING)
    other = site.key("two")(statement(payload).replace(b"tree ", b"tree 0"))
    payload = countersigned(payload, other)
    commit = source.seal(payload, site.key("one")(payload))
    assert reason(verified(site, source, commit, pinning(site, commit))) is RefusalReason.UNKNOWN_KEY


def test_repair_when_a_limit_waits_for_approval_then_it_goes_on_waiting(site: Site, source: GitSource) -> None:
    waiting = site.commit(source, LOOSER, "officer")
    commit = repair(site, source, waiting)
    found = verified(site, source, commit, pinning(site, commit))
    assert [item.change.key for item in found.held] == ["position.max_position_pct"]
    verifier = site.verifier(source, pinning(site, commit))
    verifier.advance("", commit)
    message = f"Approve{LANDING}{PLAN}: {verifier.approvals.digest(commit)}\n"
    approved = site.commit(source, {}, "fresh", message, commit)
    assert verified(site, source, approved, pinning(site, commit)).held == ()


def test_repair_when_a_change_of_trust_waits_then_the_repair_ends_it(site: Site, source: GitSource) -> None:
    lines = {name: site.line(name) for name in SIGNERS}
    admins = trust_text(lines, RULES).replace(b"    roles: [risk-officer]\n", b"    roles: [risk-officer, admin]\n")
    first = site.commit(source, {"trust.yaml": admins})
    waiting = site.commit(source, {"trust.yaml": trust_text(lines, "rules: []")}, parent=first)
    assert [item.change.key for item in verified(site, source, waiting, site.pins).held] == ["trust"]
    commit = repair(site, source, waiting)
    found = verified(site, source, commit, pinning(site, commit))
    assert (reason(found), found.held) == (None, ())
    assert site.line("fresh") in {signer.key for signer in found.desired.trust.signers}
