"""Trust: each commit is judged by the policy of its parent (safety section 7). Pure; one function, one rule.

The rules stand in tuples, in the order in which they may be asked: ``SIGNER_RULES`` need the commit object alone,
so that nothing else of an unsigned commit is ever read; ``CHANGE_RULES`` need its tree.
"""

from collections.abc import Callable, Sequence

from controller.core.trust.authority import (
    TRUST,
    Need,
    may,
    others,
    roles_for,
    roles_in,
    touchable,
)
from controller.core.trust.case import Case, Pinned, find, undenied
from controller.core.trust.commits import TARGET, malformed, target_text, trailers, two_signatures
from controller.core.trust.keys import SignatureError, key_blob
from controller.core.trust.threshold import count_for
from schemas.plan import Direction
from schemas.status import Refusal, RefusalReason
from schemas.trust import Role, Signer, Trust

__all__ = ["Case", "Pinned", "find", "judge", "published"]
AMEND = "git commit --amend --no-edit -S"
REWRITES = (AMEND, "git rebase", "git reset")
"""How a fix begins that makes a commit anew: right only while nobody else has it."""
WAY_BACK = "gt risk config verify --explain   # it is on the branch already: prints the way back"

Rule = Callable[[Case], Refusal | None]


def judge(rules: Sequence[Rule], case: Case) -> Refusal | None:
    """The refusal of the first rule that refuses, with what every other rule says in the same message."""
    found = [refusal for rule in rules if (refusal := rule(case)) is not None]
    if not found:
        return None
    message = "; ".join(dict.fromkeys(refusal.message for refusal in found))
    return found[0].model_copy(update={"message": message})


def published(refusal: Refusal) -> Refusal:
    """The refusal of a commit that is on the branch already: making it anew would only rewrite what others have."""
    return refusal.model_copy(update={"fix": WAY_BACK}) if refusal.fix.startswith(REWRITES) else refusal


def well_formed(case: Case) -> Refusal | None:
    """A commit object that two programs could read in two ways is refused."""
    problem = malformed(case.payload)
    if not problem:
        return None
    return case.refusal(RefusalReason.BAD_OBJECT, f"the commit is malformed: {problem}", AMEND)


def two_parents(case: Case) -> Refusal | None:
    """A merge joins two lines: of more than two no one could say which value to expect."""
    if len(case.parents) <= 2:
        return None
    message = f"it merges {len(case.parents)} lines at once, at most two are judged"
    return case.refusal(RefusalReason.TOO_LARGE, message, "git reset --hard ORIG_HEAD, then merge one after the other")


def signed(case: Case) -> Refusal | None:
    """Nothing unsigned acts."""
    if case.has_signature:
        return None
    return case.refusal(RefusalReason.UNSIGNED, "the commit is not signed", AMEND)


def one_signature(case: Case) -> Refusal | None:
    """A second signature header would make it a question of who reads it."""
    problem = two_signatures(case.payload)
    return case.refusal(RefusalReason.BAD_SIGNATURE, problem, AMEND) if problem else None


def signature_valid(case: Case) -> Refusal | None:
    """The signature must be good for exactly these bytes."""
    if not case.has_signature or not case.problem:
        return None
    return case.refusal(RefusalReason.BAD_SIGNATURE, case.problem, AMEND)


def key_not_denied(case: Case) -> Refusal | None:
    """The deny list of local settings beats every trust.yaml."""
    if case.signer is None or case.signer.fingerprint not in case.pins.denied_keys:
        return None
    message = f"key {case.signer.fingerprint} is denied by this installation's settings"
    return case.refusal(RefusalReason.KEY_DENIED, message, "sign with another key, then have an admin remove this one")


def key_known(case: Case) -> Refusal | None:
    """The key must be listed by the parent: a key added by a commit cannot sign it, a removed one signs nothing."""
    if case.signer is None or case.standing is not None:
        return None
    message = f"key {case.signer.fingerprint} is not in trust.yaml of the parent commit"
    return case.refusal(
        RefusalReason.UNKNOWN_KEY, message, "sign with a listed key, or have an admin add this one first"
    )


def may_merge(case: Case) -> Refusal | None:
    """A merge by the bot or the web tier would decide what lands: theirs is only what they are listed for."""
    if len(case.parents) < 2 or case.standing is None or set(case.standing[1].roles) - {Role.BOT, Role.WEB}:
        return None
    message = f"{_who(case.standing[1])} may not merge"
    return case.refusal(RefusalReason.NOT_AUTHORIZED_FOR_PATH, message, "let a person or the forge merge")


def introduction_pinned(case: Case) -> Refusal | None:
    """History starts at the commit that settings pin; nothing is trusted on first use."""
    if not case.parents and case.commit == case.pins.introduction:
        return None
    message = f"history starts at {case.commit[:12]}, settings pin {case.pins.introduction[:12] or 'nothing'}"
    return case.refusal(RefusalReason.NOT_DESCENDANT, message, "gt risk doctor   # compares pins and repository")


def introduction_key(case: Case) -> Refusal | None:
    """The introduction must be signed by a key that settings pin."""
    if case.signer is None or case.signer.fingerprint in case.pins.fingerprints:
        return None
    message = f"the introduction is signed by {case.signer.fingerprint}, which settings do not pin"
    return case.refusal(RefusalReason.UNKNOWN_KEY, message, "gt risk doctor   # compares pins and repository")


def target_pinned(case: Case) -> Refusal | None:
    """trust.yaml must speak of the repository, environment and branch that this installation is pinned to."""
    if case.child is None:
        return None
    target, wanted = case.child.trust.target, _wanted(case)
    written = target_text(target.repo, target.environment, target.branch)
    if written == wanted:
        return None
    message = f"trust.yaml is for {written}, this installation is pinned to {wanted}"
    return case.refusal(RefusalReason.WRONG_TARGET, message, "restore target in trust.yaml")


def clears_nothing(case: Case) -> Refusal | None:
    """History begins with every halt as open as it is: to begin anew releases none."""
    if case.child is None or not case.child.cleared:
        return None
    message = f"an introduction clears no halt: cleared/{min(case.child.cleared)}.yaml"
    return case.refusal(RefusalReason.UNSAFE_PLAN, message, "begin without cleared/, then: gt risk emergency resume")


def landing_target(case: Case) -> Refusal | None:
    """A landing trailer for another target means that the commit was signed to act elsewhere."""
    wrong = [value for value in trailers(case.message, TARGET) if value != _wanted(case)]
    if not wrong:
        return None
    message = f"its {TARGET} trailer says {wrong[0]}, this is {_wanted(case)}"
    return case.refusal(
        RefusalReason.WRONG_TARGET, message, f'change the trailer to "{TARGET}: {_wanted(case)}", sign again'
    )


def landed(case: Case) -> Refusal | None:
    """A signature is no intent to land: a loosening needs exactly one landing trailer, here or on its merge.

    The last rule: a refusal for this reason means that all others pass.
    """
    loosening = [need for need in case.needs if need.direction is Direction.LOOSEN]
    values = trailers(case.message, TARGET)
    if not loosening or len(values) == 1:
        return None
    problem = f"it has {len(values)} {TARGET} trailers" if values else f"it has no {TARGET} trailer"
    return case.refusal(
        RefusalReason.NOT_LANDED,
        f"{loosening[0]} loosens and is not landed: {problem}",
        f'{AMEND} --trailer "{TARGET}: {_wanted(case)}"   # as the last paragraph, exactly once',
    )


def path_allowed(case: Case) -> Refusal | None:
    """The signer's roles must allow every path that the commit touches, in some direction."""
    if case.standing is None:
        return None
    trust, signer = case.standing
    barred = [need for need in case.needs if not touchable(trust, need) & roles_in(need, signer)]
    if not barred:
        return None
    message = f"{_who(signer)} may not change {_list([need.path for need in barred])}"
    return case.refusal(RefusalReason.NOT_AUTHORIZED_FOR_PATH, message, _ask(trust, signer, barred[0]))


def direction_allowed(case: Case) -> Refusal | None:
    """The signer's roles must allow the direction of every compiled change."""
    if case.standing is None:
        return None
    trust, signer = case.standing
    barred = [
        need for need in case.needs if touchable(trust, need) & roles_in(need, signer) and not may(trust, need, signer)
    ]
    if not barred:
        return None
    message = f"{_who(signer)} may not make these changes: {_list([str(need) for need in barred])}"
    return case.refusal(RefusalReason.NOT_AUTHORIZED_FOR_DIRECTION, message, _ask(trust, signer, barred[0]))


def admin_left(case: Case) -> Refusal | None:
    """A change of trust is rehearsed: people must remain who can change it again, with keys that are not denied."""
    if case.child is None:
        return None
    trust, need = undenied(case.child.trust, case.pins.denied_keys), Need(TRUST, Direction.LOOSEN, TRUST)
    able, asked = others(trust, need, ()), count_for(trust, need, "", "")
    if able and len(able) >= asked:
        return None
    who = f"it takes {asked} and only {', '.join(able)} may" if able else "no admin would be left"
    message = f"nobody could ever change trust.yaml again: {who}"
    return case.refusal(RefusalReason.UNSAFE_PLAN, message, "keep one signer with role admin in trust.yaml")


def keys_usable(case: Case) -> Refusal | None:
    """Every listed key must be of a kind whose signatures can be verified here."""
    if case.child is None or (case.parent is not None and case.child.trust == case.parent.trust):
        return None
    for signer in case.child.trust.signers:
        problem = _key_problem(case, signer)
        if problem:
            message = f"trust.yaml: the key of {signer.principal}: {problem}"
            return case.refusal(RefusalReason.SCHEMA_INVALID, message, "ssh-keygen -t ed25519, then list its .pub line")
    return None


SIGNER_RULES: tuple[Rule, ...] = (
    well_formed,
    two_parents,
    signed,
    one_signature,
    signature_valid,
    key_not_denied,
    key_known,
    may_merge,
)
INTRODUCTION_RULES: tuple[Rule, ...] = (
    *(rule for rule in SIGNER_RULES if rule not in (two_parents, key_known, may_merge)),
    introduction_pinned,
    introduction_key,
)
TRUST_TREE_RULES: tuple[Rule, ...] = (target_pinned, admin_left, keys_usable)
INTRODUCTION_TREE_RULES: tuple[Rule, ...] = (*TRUST_TREE_RULES, clears_nothing)
CHANGE_RULES: tuple[Rule, ...] = (
    target_pinned,
    landing_target,
    path_allowed,
    direction_allowed,
    admin_left,
    keys_usable,
    landed,
)


def _wanted(case: Case) -> str:
    return target_text(case.pins.repo, case.pins.environment, case.pins.branch)


def _who(signer: Signer) -> str:
    return f"{signer.principal} ({', '.join(role.value for role in signer.roles)})"


def _ask(trust: Trust, signer: Signer, need: Need) -> str:
    roles = roles_for(trust, need)
    people = others(trust, need, (signer.principal,))
    names = " or ".join(sorted(role.value for role in roles)) or "nobody"
    return f"this needs role {names}" + (f": ask {' or '.join(people)} to sign it" if people else "")


def _list(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    return ", ".join(unique[:5]) + (f" and {len(unique) - 5} more" if len(unique) > 5 else "")


def _key_problem(case: Case, signer: Signer) -> str:
    try:
        if case.check_key is not None:
            case.check_key(key_blob(signer.key))
    except SignatureError as error:
        return str(error)
    return ""
