"""A policy's JSON is made once, and is that of the policy."""

from hypothesis import given
from hypothesis import strategies as st

from controller.core.policy.text import digest_of, text_of
from schemas.policy import canonical
from tests.support.policies import policy


def test_text_when_asked_again_then_is_the_same() -> None:
    found = policy()
    assert text_of(found) is text_of(found)


@given(st.lists(st.integers(0, 9), max_size=20))
def test_text_when_many_policies_take_turns_then_each_has_its_own(turns: list[int]) -> None:
    policies = [policy().model_copy(update={"shadow": (str(number),)}) for number in range(10)]
    for turn in turns:
        assert text_of(policies[turn]) == canonical(policies[turn].model_dump(mode="json"))
        assert digest_of(policies[turn]) == policies[turn].digest()
