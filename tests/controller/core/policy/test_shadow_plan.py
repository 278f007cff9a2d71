"""What a plan says of a limit that goes into the shadow or comes out of it."""

import pytest

from controller.core.plan.drawdown import ACCOUNT_LIMIT
from controller.core.policy.direction import compare
from controller.core.policy.utilisation import annotate, holders, utilisation
from schemas.plan import Change, Direction
from schemas.policy import Policy
from tests.support.policies import REVISIONS, live, policy

PEAKS = {"account": 140_000_000_000}


def changed(before: tuple[str, ...], after: tuple[str, ...], percent: int = 25) -> list[Change]:
    old, new = policy(), policy(REVISIONS[1], drawdown__account_emergency_pct=percent * 10_000)
    old, new = old.model_copy(update={"shadow": before}), new.model_copy(update={"shadow": after})
    return [annotated(change, new) for change in compare(old, new)]


def annotated(change: Change, target: Policy) -> Change:
    return annotate(change, target, utilisation(target, live(), PEAKS), holders(target, live(), PEAKS))


def test_limit_that_leaves_the_shadow_while_it_is_exceeded_then_the_plan_says_that_it_halts_now() -> None:
    (change,) = changed((ACCOUNT_LIMIT, "order.max_dollars"), ("order.max_dollars",))
    assert (change.direction, change.breach) == (Direction.TIGHTEN, "will halt now: 28.6% > 25.0%")


@pytest.mark.parametrize("after", [(ACCOUNT_LIMIT,), (ACCOUNT_LIMIT, "exposure.max_gross_pct")])
def test_limit_that_goes_into_the_shadow_then_a_loosening_and_no_breach(after: tuple[str, ...]) -> None:
    (change,) = changed((), after)
    assert (change.direction, change.breach) == (Direction.LOOSEN, "")


def test_limit_changed_in_the_shadow_then_its_use_is_told_and_no_breach() -> None:
    (change,) = changed((ACCOUNT_LIMIT,), (ACCOUNT_LIMIT,), percent=20)
    assert (change.utilisation, change.breach) == ("28.6%", "")
    (lit,) = changed((), (), percent=20)
    assert lit.breach == "will halt now: 28.6% > 20.0%"
