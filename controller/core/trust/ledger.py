"""What of a tree nobody with enough authority has approved, as it follows from history alone. Pure.

A ledger holds, for each such key, the commit whose value is in force instead, the commit whose value was last fully
approved (sizes are measured from there), and who has signed the present value. It is folded over history, parents
first: a commit that changes a key starts its entry anew, a landing signature that names the plan adds its signer to
every entry, and what is satisfied leaves. Tightening below the value in force needs no entry. All of trust.yaml is one
key. A key that is denied now counts for nobody, so what it loosened is not approved either.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from controller.core.policy.leaves import ABSENT, Key, LeafValue, move
from controller.core.trust.authority import TRUST, is_person, may, need_of
from controller.core.trust.merge import WHOLE
from controller.core.trust.threshold import Needed, approval_digest, needed
from schemas.limits import Leaf
from schemas.plan import Change, Direction
from schemas.policy import digest_of
from schemas.trust import Signer, Trust

TRUST_KEY: Key = ("account", "trust")
_ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: the commits ``approved`` (its value is in force) and ``base`` (last fully approved), who has signed the
    present value, whether one of them ``named`` the plan, and whether a denied key set it."""

    approved: str
    base: str
    signers: frozenset[str] = frozenset()
    named: bool = False
    denied: bool = False


Ledger = Mapping[Key, Entry]
Leaves = Mapping[Key, LeafValue]
EMPTY: Ledger = {}


@dataclass(frozen=True, slots=True)
class Step:
    """One verified commit as the ledger sees it.

    ``parents``: id and ledger of each; ``changes``: what it changes itself; ``signer`` as the trust in force lists it,
    None when its key is unknown or ``denied``; ``digests``: the plans that its landing signature names, None when it
    lands nothing; ``trusts``: in force at its parents, less denied keys; ``owners`` of strategies by path; ``target``:
    what landing trailers must name.
    """

    commit: str
    parents: tuple[tuple[str, Ledger], ...]
    changes: tuple[Change, ...]
    signer: Signer | None
    trusts: tuple[Trust, ...]
    target: str
    digests: frozenset[str] | None = None
    denied: bool = False
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def signers(self) -> frozenset[str]:
        """Whom its signature stands for: one person, or nobody."""
        return frozenset({self.signer.principal}) if self.signer is not None and is_person(self.signer) else frozenset()


def fold(step: Step, leaves: Callable[[str], Leaves]) -> Ledger:
    """The ledger after ``step``; ``leaves`` gives every leaf of a commit, as :func:`with_trust` makes them."""
    if not any(ledger for _, ledger in step.parents) and _plain(step):
        return EMPTY
    changed = changed_keys(step.changes)
    keys = changed.union(*(ledger for _, ledger in step.parents))
    drafts = {key: _draft(step, key, changed, leaves) for key in keys if not _gone(key, leaves(step.commit))}
    asked = {key: _ask(step, key, entry, leaves) for key, entry in drafts.items()}
    waiting = {key: item for key, item in asked.items() if item is not None and not item.satisfied}
    if step.digests and approval_digest(step.target, waiting.values()) in step.digests:
        drafts |= {key: _approved(step, drafts[key], item) for key, item in waiting.items()}
        asked |= {key: _ask(step, key, drafts[key], leaves) for key in waiting}
    settled = ((key, _settled(step, key, drafts[key], asked[key], leaves)) for key in sorted(drafts))
    return {key: entry for key, entry in settled if entry is not None}


def held(
    commit: str, ledger: Ledger, trust: Trust, owners: Mapping[str, str], leaves: Callable[[str], Leaves]
) -> tuple[Needed, ...]:
    """What of ``commit`` is not in force for want of approval, by ``trust``, sorted; ``ledger`` is that after it."""
    found = (_asked(commit, key, ledger[key], (trust,), owners, leaves) for key in sorted(ledger))
    return tuple(item for item in found if item is not None)


def with_trust(leaves: Leaves, trust: Trust) -> dict[Key, LeafValue]:
    """``leaves`` with all of trust.yaml as one."""
    digest = digest_of(trust.model_dump(mode="json"))
    whole = LeafValue(Leaf.OPAQUE, digest, digest[:12], "trust", TRUST, TRUST, removed=Direction.LOOSEN)
    return {**{key: leaf for key, leaf in leaves.items() if leaf.kind != "trust"}, TRUST_KEY: whole}


def changed_keys(changes: Iterable[Change]) -> frozenset[Key]:
    """The keys of ``changes`` in the ledger's sense."""
    return frozenset(TRUST_KEY if change.kind == "trust" else (change.scope, change.key) for change in changes)


def _plain(step: Step) -> bool:
    """Whether its author alone is enough for all that it loosens."""
    return all(
        item.satisfied and len(item.signed) >= item.full
        for trust in step.trusts
        for item in needed(step.changes, trust, step.signers, step.owners)
    )


def _gone(key: Key, leaves: Leaves) -> bool:
    """Whether the strategy that ``key`` speaks of is there no more; a record of a halt stays."""
    return key[0] != _ACCOUNT and (key[0], WHOLE) not in leaves and key not in leaves and key[1] != WHOLE


def _draft(step: Step, key: Key, changed: frozenset[Key], leaves: Callable[[str], Leaves]) -> Entry:
    """The entry of ``key`` before the signature of ``step`` approves anything."""
    sides = [(ledger.get(key) or Entry(parent, parent), parent, key in ledger) for parent, ledger in step.parents]
    approved = _strictest([entry.approved for entry, *_ in sides], key, leaves)
    base = _strictest([entry.base for entry, *_ in sides], key, leaves)
    if key in changed:
        return Entry(approved, base, step.signers, denied=step.denied)
    now = leaves(step.commit).get(key)
    same = [(entry, known) for entry, parent, known in sides if _same(leaves(parent).get(key), now)]
    if any(not known for _, known in same):
        return Entry(step.commit, step.commit)
    return Entry(
        approved,
        base,
        frozenset[str]().union(*(entry.signers for entry, _ in same)),
        any(entry.named for entry, _ in same),
        any(entry.denied for entry, _ in same),
    )


def _strictest(commits: Iterable[str], key: Key, leaves: Callable[[str], Leaves]) -> str:
    first, *more = commits
    for commit in more:
        if move(leaves(first).get(key), leaves(commit).get(key)) is Direction.TIGHTEN:
            first = commit
    return first


def _same(one: LeafValue | None, other: LeafValue | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.order, one.value) == (other.order, other.value)


def _asked(
    commit: str,
    key: Key,
    entry: Entry,
    trusts: Iterable[Trust],
    owners: Mapping[str, str],
    leaves: Callable[[str], Leaves],
) -> Needed | None:
    """What the value of ``key`` takes to be in force, by the first of ``trusts`` that is not satisfied; None when it is
    no looser than the value in force."""
    before, now = leaves(entry.approved).get(key), leaves(commit).get(key)
    if move(before, now) is not Direction.LOOSEN:
        return None
    bases = {key: _text(leaves(entry.base).get(key))}
    change = _change(key, before, now)
    found = [needed([change], trust, entry.signers, owners, bases, named=entry.named)[0] for trust in trusts]
    return next((item for item in found if not item.satisfied), found[0])


def _ask(step: Step, key: Key, entry: Entry, leaves: Callable[[str], Leaves]) -> Needed | None:
    return _asked(step.commit, key, entry, step.trusts, step.owners, leaves)


def _change(key: Key, before: LeafValue | None, now: LeafValue | None) -> Change:
    shown = now or before
    assert shown is not None
    return Change(
        kind=shown.kind,
        scope=key[0],
        key=key[1],
        label=shown.label,
        old=_text(before),
        new=_text(now),
        direction=Direction.LOOSEN,
        path=shown.path,
    )


def _text(leaf: LeafValue | None) -> str:
    return ABSENT if leaf is None else leaf.text


def _approved(step: Step, entry: Entry, item: Needed) -> Entry:
    """``entry`` with the signer of ``step``, when that is a person who may make the change."""
    need = need_of(item.change, step.owners)
    if step.signer is None or not step.signers or not all(may(trust, need, step.signer) for trust in step.trusts):
        return entry
    return replace(entry, signers=entry.signers | step.signers, named=True)


def _settled(step: Step, key: Key, entry: Entry, item: Needed | None, leaves: Callable[[str], Leaves]) -> Entry | None:
    """What stays of ``entry``: all of it while it waits, the base while sizes are measured, else nothing."""
    if item is not None and not item.satisfied:
        return entry
    now = leaves(step.commit).get(key)
    looser = move(leaves(entry.base).get(key), now) is Direction.LOOSEN
    if not looser or (item is not None and len(item.signed) >= item.full):
        return None
    return Entry(entry.approved if _same(leaves(entry.approved).get(key), now) else step.commit, entry.base)
