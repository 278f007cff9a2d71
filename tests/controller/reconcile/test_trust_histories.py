"""A key that its commit's parent does not list never acts (design section 2, invariant 6), over random histories."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import Refused
from tests.support import desired
from tests.support.config_repo import LANDING, documents, trust_text
from tests.support.histories import record
from tests.support.named_history import NamedHistory

ALWAYS = frozenset({"operator", "bot"})
COMING_AND_GOING = ("officer", "trader", "emergency")
NOBODY = ""


@dataclass(frozen=True)
class Step:
    """A commit by ``signer``: it lists these beside those who are always listed, or (None) adds a record.

    ``back``: how many commits before the newest its first parent is; ``joins``: the same of a second one, if any.
    """

    signer: str
    listed: frozenset[str] | None = None
    back: int = 0
    joins: int | None = None


@dataclass(frozen=True)
class Made:
    """One commit as the oracle knows it: who signed it, whom its tree lists, what its parents are."""

    id: str
    signer: str
    listed: frozenset[str]
    parents: tuple["Made", ...] = ()

    @property
    def lawful(self) -> bool:
        """Whether every parent lists the signer."""
        return all(self.signer in parent.listed for parent in self.parents)


signers = st.sampled_from(("operator", *COMING_AND_GOING, "stranger", NOBODY))
lists = st.none() | st.frozensets(st.sampled_from(COMING_AND_GOING))
line = st.lists(st.builds(Step, signers, lists), max_size=6)
graph = st.lists(st.builds(Step, signers, lists, st.integers(0, 2), st.none() | st.integers(0, 2)), max_size=8)


def trust(listed: frozenset[str]) -> bytes:
    return trust_text({name: desired.key_line(name) for name in sorted(listed)})


def history(steps: list[Step]) -> tuple[NamedHistory, list[Made]]:
    """The commits of ``steps``, after a root that lists everybody who comes and goes."""
    everybody = ALWAYS.union(COMING_AND_GOING)
    named = NamedHistory({**documents(), "trust.yaml": trust(everybody)})
    commits = [Made(named.root, "operator", everybody)]
    for number, step in enumerate(steps):
        places = [step.back] if step.joins is None else [step.back, step.joins]
        parents = tuple(dict.fromkeys(commits[-1 - min(place, len(commits) - 1)] for place in places))
        listed = parents[0].listed if step.listed is None else ALWAYS | step.listed
        files = record(number) if step.listed is None else {"trust.yaml": trust(listed)}
        ids = tuple(parent.id for parent in parents)
        commits.append(Made(named.commit(ids, files, step.signer, LANDING), step.signer, listed, parents))
    return named, commits


@given(line)
@settings(max_examples=60, deadline=None)
def test_line_when_verified_then_exactly_up_to_the_first_commit_whose_parent_does_not_list_its_signer(
    steps: list[Step],
) -> None:
    named, commits = history(steps)
    lawful = [commits[0].id]
    for commit, step in zip(commits[1:], steps, strict=True):
        if not commit.lawful or (commit.listed != commit.parents[0].listed and step.signer != "operator"):
            break
        lawful.append(commit.id)
    found = named.verifier.advance("", commits[-1].id)
    assert found.commits == tuple(lawful)
    assert (found.commit, found.refusal is None) == (lawful[-1], len(lawful) == len(commits))


@given(graph)
@settings(max_examples=40, deadline=None)
def test_graph_when_verified_then_every_parent_of_what_acts_lists_its_signer(steps: list[Step]) -> None:
    named, commits = history(steps)
    by_id = {commit.id: commit for commit in commits}
    for tip in commits:
        try:
            acting = named.verifier.advance(named.root, tip.id).commits
        except Refused:
            continue
        assert all(by_id[commit].lawful for commit in acting)
