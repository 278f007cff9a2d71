"""What was reviewed is what runs: a plan's digest names every control value and every open halt, and nothing else.

Models are walked field by field, so that a new field is either in the digest or fails here.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.plan.planner import Inputs, changes_between, plan_for
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare
from schemas.change import ChangeControl, FreezeWindow, Stages
from schemas.desired import ClearedDocument, Desired, Peak, StrategyStatus
from schemas.experiments import ABTest, Variant
from schemas.limits import LIMITS, Limit, Unit
from schemas.live import LiveState, OrderView, PositionView, StrategyLive
from schemas.plan import Change, Direction, Plan, Step
from schemas.scalars import Model
from tests.support import desired as template
from tests.support.policies import REVISIONS, UIDS, halt, live, policy

NOTES = {
    "commit",
    "emergency.reason",
    "strategies.ml-momentum-v2.description",
    *(f"cleared.{UIDS[0]}.{name}" for name in ("id", "by", "reason", "reviewer", "note")),
}
"""Fields that say something to people alone; ``commit`` stands in the digest as the plan's target."""
OF_TARGET = {f"strategies.ml-momentum-v2.{field}" for field in ("owner", "tags.0", "added")}
"""Fields for which, while their strategy is new, the plan's target alone stands."""
BOOK = {"live", "peaks", "releases", "rebases", "held", "part", "stands", "settled"}
"""Inputs that say where the engine stands; what must be done about it is for the steps alone."""
OWN = "ml-momentum-v2"


def sample() -> Desired:
    """The template with something in each field: what is empty there could not be seen to change."""
    base = template.desired()
    window = FreezeWindow.model_validate({"name": "night", "cron": "0 16 * * *", "minutes": 60})
    change = ChangeControl(freeze=(window,), rollout=Stages(minutes=60))
    risk = base.risk.model_copy(update={"shadow": (LIMITS[-1].name,), "change": change})
    more = {"max_positions": 5, "universe": ("AAPL",), "tags": ("momentum",), "description": "Holds what rose."}
    more |= {"added": date(2026, 1, 19)}
    clear = {"version": 1, "id": UIDS[0], "halt_digest": "0" * 64, "by": "kim", "reason": "checked"}
    clear |= {"peak": Peak.KEEP, "reviewer": "ada", "note": "found nothing"}
    arm = Variant(name="A", description="as it is", parameters={"lookback": 60})
    test = {"version": 1, "id": "t", "name": "T", "strategy": OWN, "started": "2026-01-19", "duration_days": 30}
    return base.model_copy(
        update={
            "risk": risk,
            "strategies": {OWN: base.strategies[OWN].model_copy(update=more)},
            "cleared": {UIDS[0]: ClearedDocument.model_validate(clear)},
            "ab_tests": {"t": ABTest.model_validate({**test, "variant_a": arm, "variant_b": arm})},
        }
    )


def others(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """``value`` with one thing in it changed, for each thing in it, named by its path."""
    if isinstance(value, Model):
        yield from _of_model(value, at)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from ((path, {**value, key: item}) for path, item in others(inner, f"{at}.{key}"))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            for path, item in others(inner, f"{at}.{number}"):
                yield path, (*value[:number], item, *value[number + 1 :])
    else:
        yield at.removeprefix("."), changed(value)


def _of_model(value: Model, at: str) -> Iterator[tuple[str, Model]]:
    for name, field in type(value).model_fields.items():
        inner, path = getattr(value, name), f"{at}.{name}"
        found = others(inner, path)
        if get_origin(field.annotation) is Literal:
            found = ((path.removeprefix("."), item) for item in get_args(field.annotation) if item != inner)
        yield from ((place, value.model_copy(update={name: item})) for place, item in found)


def changed(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case Enum():
            members = list(type(value))
            return members[members.index(value) - 1]
        case bool():
            return not value
        case date():
            return value + timedelta(days=1)
        case int() | Decimal():
            return value + 1
        case None:
            return 1
        case _:
            return value[:-1] + ("0" if value[-1:] != "0" else "1")


SAMPLE = sample()
CASES = {path: item for path, item in others(SAMPLE) if path not in NOTES and not path.startswith("halts.")}


def inputs(before: Desired | None, after: Desired) -> Inputs:
    """From one tree to the other, as if no commit id told them apart."""
    base = compile_policy(before, {}).model_copy(update={"revision": REVISIONS[0]}) if before else None
    target = compile_policy(after, {}).model_copy(update={"revision": REVISIONS[1]})
    return Inputs(base, target, None, changes_between(base, target, before, after))


def digest(before: Desired | None, after: Desired) -> str:
    return plan_for(inputs(before, after)).digest()


@pytest.mark.parametrize("path", CASES)
def test_control_value_of_base_or_target_when_it_differs_then_another_digest(path: str) -> None:
    other = CASES[path]
    assert digest(SAMPLE, other) != digest(SAMPLE, SAMPLE)
    assert digest(other, SAMPLE) != digest(SAMPLE, SAMPLE)
    assert digest(None, other) != digest(None, SAMPLE) or path in OF_TARGET


@given(
    st.sampled_from([limit for limit in LIMITS if limit.unit is Unit.MONEY]),
    st.lists(st.integers(0, 10**9), unique=True),
)
def test_money_when_a_micro_dollar_differs_then_another_digest(limit: Limit, amounts: list[int]) -> None:
    base = policy()
    targets = [base.model_copy(update={"limits": base.limits | {limit.name: amount}}) for amount in amounts]
    assert len({plan_for(Inputs(base, target, None, compare(base, target))).digest() for target in targets}) == len(
        amounts
    )


@given(st.sets(st.sets(st.sampled_from(UIDS)).map(frozenset)))
def test_open_halts_when_any_differs_then_another_digest(sets: set[frozenset[str]]) -> None:
    plans = [plan_for(Inputs(None, policy().model_copy(update={"halts": tuple(sorted(item))}), None)) for item in sets]
    assert len({plan.digest() for plan in plans}) == len(sets)


def book() -> LiveState:
    """A live state with something in each field."""
    order = OrderView(
        order="g1", client_id="c", uid=UIDS[0], symbol="AAPL", side="buy", type="limit", quantity=5, filled=1,
        price=10**8, state="working", submitted_ns=1, market_time="2008-06-02",
    )  # fmt: skip
    held = PositionView(uid=UIDS[0], symbol="AAPL", quantity=5, entry=10**8, mark=10**8, opened_market="2008-06-02")
    ledger = StrategyLive(uid=UIDS[0], venue_status=StrategyStatus.ACTIVE)
    more = {"positions": (held,), "prices": {"AAPL": 10**8}, "volatility": {"AAPL": 10**5}}
    return live(orders=(order,), ledgers={UIDS[0]: ledger}).model_copy(update=more)


def of_the_book() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each thing in the book changed, and each other input that is not base, target or change."""
    yield from ((f"live.{path}", {"live": item}) for path, item in others(book()))
    more: dict[str, Any] = {"live": None, "peaks": {"account": 1}, "releases": (halt(),), "rebases": ("account",)}
    yield from ((name, {name: item}) for name, item in (more | {"held": True, "settled": True}).items())


@pytest.mark.parametrize(("name", "moved"), list(of_the_book()), ids=lambda item: item if isinstance(item, str) else "")
def test_book_when_anything_in_it_moves_then_the_same_digest(name: str, moved: dict[str, Any]) -> None:
    given_ = replace(inputs(SAMPLE, CASES["risk.hard_limits.position.max_position_pct"]), live=book())
    assert plan_for(replace(given_, **moved)).digest() == plan_for(given_).digest()


def test_inputs_of_a_plan_are_base_target_and_changes_or_of_the_book() -> None:
    assert {field.name for field in fields(Inputs)} - BOOK == {"base", "target", "changes"}


def test_plan_when_any_field_differs_then_another_digest_but_for_what_follows_from_the_book() -> None:
    change = Change(
        kind="limit", scope="account", key="k", label="k", old="1", new="2", direction=Direction.LOOSEN, path="p",
        utilisation="3 %", breach="will breach now",
    )  # fmt: skip
    step = Step(phase="adopt", action="publish", scope="account", value="v")
    plan = Plan(base=REVISIONS[0], target=REVISIONS[1], changes=(change,), steps=(step,), halts=(UIDS[0],))
    same = {path for path, other in others(plan) if other.digest() == plan.digest()}
    assert {path.split(".")[0] if path.startswith("steps") else path for path in same} == {
        "steps",
        "changes.0.utilisation",
        "changes.0.breach",
    }
