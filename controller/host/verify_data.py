"""``gt risk doctor --verify-data``: what is kept in several places says the same in each of them."""

from collections.abc import Callable, Iterator

from controller.adapters.git.process import Git
from controller.adapters.store import migrations, snapshot
from controller.adapters.store.sqlite_file import problem, reading, schema_of
from controller.core.policy.compile import compile_policy
from controller.errors import GtRiskError
from controller.gate.policy import PolicyKeeper
from controller.home import Home
from controller.host import backups, books
from controller.host.applied import desired_of
from controller.host.book_check import contradictions
from controller.host.finding import Finding
from controller.latch import journal
from controller.latch.journal_record import HALT, RELEASED
from controller.latch.layout import OVERFLOW, LatchError, SlotBody
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile
from controller.marketdata.instruments import load_instruments, sectors
from controller.reconcile.publisher import LastKnownGood, load_last_known_good
from controller.settings import load

Check = Callable[[Home], Iterator[Finding]]
AUDIT, GIT, ENGINE, LATCH, POLICY = "audit", "audit/git", "store/engine", "latch/journal", "policy"
_SHOWN = 5


def verify(home: Home) -> list[Finding]:
    """Every comparison, in turn; one that cannot be made is an error of its own."""
    found: list[Finding] = []
    for name, check in CHECKS:
        try:
            told = list(check(home))
        except (GtRiskError, LatchError, OSError, ValueError) as error:
            hint = getattr(error, "hint", "") or "gt risk doctor"
            told = [Finding(name, "error", f"cannot be compared: {error}", hint)]
        found += _shortened(name, told)
    return found


def _shortened(name: str, told: list[Finding]) -> list[Finding]:
    if len(told) <= _SHOWN:
        return told
    more = f"{len(told) - _SHOWN} more contradictions of this kind"
    return [*told[:_SHOWN], Finding(name, "error", more, told[0].hint)]


def audit(home: Home) -> Iterator[Finding]:
    """The store's file is whole, and the audit chain reaches from its first record to the one that audit.head names."""
    hint = backups.way_back(home)
    if not home.audit_head.exists():
        yield Finding(AUDIT, "error", f"{home.audit_head} is missing: records may have been cut", hint)
        return
    if wrong := problem(home.store):
        yield Finding(AUDIT, "error", wrong, hint)
        return
    report = snapshot.chain_of(home.store, home.audit_head)
    if report.ok:
        yield Finding(AUDIT, "ok", f"{report.records:,} records, each continues the one before; audit.head fits")
    else:
        yield Finding(AUDIT, "error", f"broken at record {report.bad_seq}: {report.problem}", hint)


def history(home: Home) -> Iterator[Finding]:
    """Every revision that the audit log names is in git's history, which begins with the pinned introduction; every one
    that was applied is in the audit log."""
    settings = load({"GT_RISK_HOME": str(home.root)})
    ref = f"refs/heads/{settings.pins.branch}"
    commits = set(Git(home.bare).run(["rev-list", ref, "--"]).decode().split())
    known = load_last_known_good(home.policy)
    with reading(home.store) as connection:
        named = dict(connection.execute("SELECT revision, min(seq) FROM audit WHERE revision != '' GROUP BY 1"))
        applied = {row[0] for row in connection.execute("SELECT target FROM plans WHERE outcome = 'applied'")}
        last = connection.execute("SELECT commit_id FROM revisions WHERE name = 'last_applied'").fetchone()
    applied |= {known.commit} if known is not None else set()
    applied |= {last[0]} if last is not None and last[0] else set()
    wrong = [
        f"audit record {seq} names {commit[:12]}, which {ref} does not have"
        for commit, seq in named.items()
        if commit not in commits
    ]
    wrong += [f"{commit[:12]} was applied, the audit log does not name it" for commit in sorted(applied - named.keys())]
    if settings.pins.introduction not in commits:
        wrong.insert(0, f"the pinned introduction {settings.pins.introduction[:12]} is not in {ref}")
    for text in wrong:
        yield Finding(GIT, "error", text, "gt risk config verify --explain")
    if not wrong:
        yield Finding(
            GIT, "ok", f"{len(named)} revisions in the audit log, all in git; {len(applied)} applied, all audited"
        )


def engine(home: Home) -> Iterator[Finding]:
    """Fills, positions and orders."""
    settings = load({"GT_RISK_HOME": str(home.root)})
    real = books.of_engine(home, settings)
    if real is None:
        yield Finding(ENGINE, "ok", "the engine has no book yet")
        return
    if migrations.is_older(schema_of(home.store), home.store):
        yield Finding(ENGINE, "warning", "the store has an older release's schema", "gt risk db migrate")
        return
    said = books.of_store(home.store, real.id)
    wrong = list(contradictions(said, real))
    for text in wrong:
        yield Finding(ENGINE, "error", text, "gt risk portfolio positions")
    if not wrong:
        counts = f"{len(real.positions)} positions, {len(real.orders)} orders, {len(real.fills)} fills"
        yield Finding(ENGINE, "ok", f"{counts} of the engine agree with the store")


def latch(home: Home) -> Iterator[Finding]:
    """Each open slot has its record, each released one its clear, each halt of the journal its slot or its clear."""
    entries, _ = journal.read_home(str(home.root))
    raised = {entry.halt_id for entry in entries if entry.kind == HALT}
    lifted = {entry.halt_id for entry in entries if entry.kind == RELEASED}
    known = load_last_known_good(home.policy)
    cleared = known.cleared if known is not None else frozenset()
    file = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    try:
        slots = file.slots()
    finally:
        file.close()
    wrong = [item for slot in slots if (item := _slot(slot, raised, lifted))]
    held = {slot.halt_id for slot in slots if slot.open}
    wrong += [
        (f"halt {key[:12]} is open in the journal and not in the latch", "gt risk service start")
        for key in sorted(raised - lifted - held - cleared)
    ]
    wrong += [
        (f"halt {key[:12]} was released, cleared/ in force does not name it", "gt risk emergency status")
        for key in sorted(lifted - cleared)
    ]
    wrong += [
        (f"halt {key[:12]} is released, the journal has no record of its clear", "gt risk emergency status")
        for key in sorted((raised & cleared) - lifted - {slot.halt_id for slot in slots})
    ]
    for text, hint in wrong:
        yield Finding(LATCH, "error", text, hint)
    if not wrong:
        count = sum(slot.open for slot in slots)
        yield Finding(LATCH, "ok", f"{count} open slots have their records, {len(lifted)} released halts their clears")


def _slot(slot: SlotBody, raised: set[str], lifted: set[str]) -> tuple[str, str] | None:
    if slot.slot == OVERFLOW:
        return None
    name = f"slot {slot.slot} (halt {slot.halt_id[:12] or f'{slot.word:016x}'})"
    if slot.open and slot.halt_id not in raised:
        return f"{name} is open, the journal has no record of it", "gt risk emergency status"
    if slot.open and slot.halt_id in lifted:
        return f"{name} binds, the journal says that it was released", "gt risk service start"
    if not slot.open and slot.halt_id not in lifted:
        return f"{name} is released, the journal has no record of its clear", "gt risk emergency status"
    return None


def policy(home: Home) -> Iterator[Finding]:
    """The snapshot that the permit names is the file with its digest; the last-known-good is what its commit says."""
    known = load_last_known_good(home.policy)
    if known is None:
        yield Finding(POLICY, "ok", "nothing was applied yet")
        return
    wrong = [text for text in (_named(home), _compiled(home, known), _applied(home, known)) if text]
    for text in wrong:
        yield Finding(POLICY, "error", text, "gt risk service start")
    if not wrong:
        yield Finding(POLICY, "ok", f"snapshot, last-known-good and store are of {known.commit[:12]}")


def _named(home: Home) -> str:
    permit = PermitFile(str(home.permit_file))
    try:
        (version, digest24), fence = permit.policy, permit.fence
    finally:
        permit.close()
    keeper = PolicyKeeper(home.policy, load({"GT_RISK_HOME": str(home.root)}).pins.environment)
    return "" if keeper.adopt(version, digest24, fence) else f"the snapshot that the permit names: {keeper.problem}"


def _compiled(home: Home, known: LastKnownGood) -> str:
    """Empty when the limits of the commit, compiled again, are those of the last-known-good."""
    compiled = compile_policy(desired_of(home, known.commit), sectors(load_instruments())).model_dump(mode="json")
    kept = known.policies[0]
    names = sorted({*compiled["limits"], *kept["limits"]})
    other = [name for name in names if compiled["limits"].get(name) != kept["limits"].get(name)]
    return f"last-known-good has other limits than {known.commit[:12]}: {', '.join(other)}" if other else ""


def _applied(home: Home, known: LastKnownGood) -> str:
    with reading(home.store) as connection:
        row = connection.execute("SELECT commit_id FROM revisions WHERE name = 'last_applied'").fetchone()
    said = row[0] if row is not None else ""
    if said == known.commit:
        return ""
    return f"the store says that {said[:12] or 'nothing'} was applied last, last-known-good is of {known.commit[:12]}"


CHECKS: tuple[tuple[str, Check], ...] = (
    (AUDIT, audit),
    (GIT, history),
    (ENGINE, engine),
    (LATCH, latch),
    (POLICY, policy),
)
