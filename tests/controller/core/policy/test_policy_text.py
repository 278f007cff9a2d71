"""A policy's JSON is made once, and is that of the policy."""

from hypothesis import given
from hypothesis import strategies as st

from controller.core.policy.text import policy_digest, text_of
from schemas.policy import TestPolicy, canonical
from tests.support.policies import UIDS, policy, strategy


def test_text_when_asked_again_then_is_the_same() -> None:
    found = policy()
    assert text_of(found) is text_of(found)


@given(st.lists(st.integers(0, 9), max_size=20))
def test_text_when_many_policies_take_turns_then_each_has_its_own(turns: list[int]) -> None:
    policies = [policy().model_copy(update={"shadow": (str(number),)}) for number in range(10)]
    for turn in turns:
        assert text_of(policies[turn]) == canonical(policies[turn].model_dump(mode="json"))
        assert policy_digest(policies[turn]) == policies[turn].digest()


TEST = TestPolicy(id="t", seed=1, share_b_ppm=500_000, parameters_b={"é": "ü", "n": True})
VARIANTS = [strategy(UIDS[0]).model_copy(update=fields) for fields in ({}, {"name": 'A "Ü"'}, {"test": TEST})]
BOOKS = st.dictionaries(st.sampled_from([*UIDS, "é", '"']), st.integers(0, len(VARIANTS) - 1))


@given(st.lists(BOOKS, max_size=6))
def test_text_when_policies_share_strategies_then_is_that_of_a_policy_made_alone(books: list[dict[str, int]]) -> None:
    for book in books:
        found = policy().model_copy(update={"strategies": {key: VARIANTS[number] for key, number in book.items()}})
        assert text_of(found) == canonical(found.model_dump(mode="json"))
