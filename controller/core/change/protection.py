"""What a forge says of the protection of the target branch, against what a config repo needs. Pure.

The controller refuses whatever does not verify, so nothing here lets anything through: what a forge does not keep out
blocks the branch until a person takes it back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
CHECK = "review"
"""The name of the status check that the workflow of a config repo reports."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is needed: whether it is so, None when the forge does not tell."""

    wanted: str
    holds: bool | None


def github(protection: Document | None, rules: Sequence[Document] | None, project: Document | None) -> Iterator[Told]:
    """From the answers of ``/branches/{branch}/protection``, ``/rules/branches/{branch}`` and the repository itself.

    None for an answer that this token does not get; an empty ``protection`` for a branch that has none.
    """
    kinds = {str(rule.get("type")): rule for rule in rules or ()}
    known = protection is not None and rules is not None
    branch = protection or {}

    def kept(rule: str, field: str, *, forbids: bool) -> bool | None:
        said = (branch.get(field) or {}).get("enabled")
        so = rule in kinds or (bool(branch) and said is (not forbids))
        return so if so or known else None

    yield Told("no force push", kept("non_fast_forward", "allow_force_pushes", forbids=True))
    yield Told("no deletion", kept("deletion", "allow_deletions", forbids=True))
    yield Told("signed commits required", kept("required_signatures", "required_signatures", forbids=False))
    checked = _checked(branch, kinds)
    yield Told(f"the check {CHECK} required, on the newest base", checked if checked or known else None)
    yield from _merges(project, "allow_squash_merge", "allow_rebase_merge")


def gitlab(protected: Document | None, rule: Document | None, project: Document | None) -> Iterator[Told]:
    """From the answers of ``/protected_branches/{branch}``, ``/push_rule`` and the project itself, as :func:`github`.

    GitLab lets nobody delete a protected branch by a push.
    """
    force = None if protected is None else bool(protected) and protected.get("allow_force_push") is False
    yield Told("no force push", force)
    yield Told("no deletion", None if protected is None else bool(protected))
    yield Told("signed commits required", None if rule is None else rule.get("reject_unsigned_commits") is True)
    pipeline = None if project is None else project.get("only_allow_merge_if_pipeline_succeeds") is True
    yield Told("merges only when the pipeline succeeds", pipeline)
    method = None if project is None else project.get("merge_method") == "merge"
    squash = None if project is None else project.get("squash_option") == "never"
    yield Told("merge commits only: no fast-forward, no squash", None if method is None else bool(method and squash))


def _checked(branch: Document, kinds: Mapping[str, Document]) -> bool:
    """Whether the review must have passed, against the base as it is."""
    old = branch.get("required_status_checks") or {}
    new = kinds.get("required_status_checks", {}).get("parameters", {})
    names = [*old.get("contexts", ()), *(item.get("context") for item in old.get("checks", ()))]
    others = [item.get("context") for item in new.get("required_status_checks", ())]
    strict, strictly = old.get("strict") is True, new.get("strict_required_status_checks_policy") is True
    return (strict and CHECK in names) or (strictly and CHECK in others)


def _merges(project: Document | None, *ways: str) -> Iterator[Told]:
    """A squash or a rebase by the forge makes commits that nobody of trust.yaml has signed."""
    said = [None if project is None else project.get(way) for way in ways]
    holds = None if any(item is None for item in said) else not any(said)
    yield Told("merge commits only: no squash, no rebase", holds)
