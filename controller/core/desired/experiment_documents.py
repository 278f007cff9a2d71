"""What ab_tests/<id>.yaml may not say: a test that cannot decide, or that would change under its own observations."""

from collections.abc import Iterator
from typing import Protocol

from schemas.desired import Desired
from schemas.experiments import ABTest
from schemas.status import Problem

MOST = 5_000
"""Observations of a test at most: so many are analysed in a second or two."""


class Written(Protocol):
    """A snapshot as far as these rules need it."""

    @property
    def desired(self) -> Desired:
        """The documents."""
        ...

    @property
    def broken(self) -> frozenset[str]:
        """Paths with mistakes of their own."""
        ...

    def problem(self, path: str, pointer: tuple[str, ...], message: str, fix: str) -> Problem:
        """A problem at ``pointer`` of ``path``."""
        ...


def _tests(snapshot: Written) -> Iterator[tuple[str, ABTest]]:
    for test in snapshot.desired.ab_tests.values():
        yield f"ab_tests/{test.id}.yaml", test


def strategies_exist(snapshot: Written) -> Iterator[Problem]:
    """A test belongs to a strategy that exists."""
    for path, test in _tests(snapshot):
        strategies = snapshot.desired.strategies
        if test.strategy not in strategies and f"strategies/{test.strategy}.yaml" not in snapshot.broken:
            known = ", ".join(sorted(strategies))
            yield snapshot.problem(path, ("strategy",), f"there is no strategy {test.strategy}", f"one of: {known}")


def split_is_whole(snapshot: Written) -> Iterator[Problem]:
    """The traffic split of a test sums to 100 and leaves something for both."""
    for path, test in _tests(snapshot):
        a, b = (int(part) for part in test.traffic_split.split("/"))
        if a + b != 100:
            message = f"{test.traffic_split} sums to {a + b}, not 100"
            yield snapshot.problem(path, ("traffic_split",), message, f"write {a}/{100 - a}")


def pairs_are_days(snapshot: Written) -> Iterator[Problem]:
    """Pairs are sessions in which both variants run, each for itself."""
    for path, test in _tests(snapshot):
        if test.paired and test.unit != "day":
            message = "a paired test runs both variants each day, its unit cannot be the trade"
            yield snapshot.problem(path, ("paired",), message, "write `unit: day`, or `paired: false`")
        if test.block > 1 and not test.paired:
            message = f"block {test.block} keeps pairs together, and this test has none"
            yield snapshot.problem(path, ("block",), message, "leave `block` out, or write `paired: true`")


def even_where_it_must_be(snapshot: Written) -> Iterator[Problem]:
    """Pairs and permuted blocks give both variants as much."""
    for path, test in _tests(snapshot):
        if (test.paired or test.assignment == "blocks") and test.traffic_split != "50/50":
            why = "pairs" if test.paired else "permuted blocks of four"
            message = f"{why} are split 50/50, not {test.traffic_split}"
            yield snapshot.problem(path, ("traffic_split",), message, "write 50/50, or `assignment: hash`")


def large_enough(snapshot: Written) -> Iterator[Problem]:
    """The largest sample has room for both arms' smallest."""
    for path, test in _tests(snapshot):
        least = test.n_min if test.paired else 2 * test.n_min
        if test.n_max < least:
            message = f"n_max {test.n_max} ends the test before a first look, which takes {least}"
            yield snapshot.problem(path, ("n_max",), message, f"write {least} or more; gt-risk says what it can see")


def small_enough(snapshot: Written) -> Iterator[Problem]:
    """The largest sample is one that the service can look at again and again."""
    for path, test in _tests(snapshot):
        if test.n_max > MOST:
            message = f"n_max {test.n_max} is more than the {MOST} observations that a test may have"
            yield snapshot.problem(path, ("n_max",), message, f"write {MOST} or fewer; gt-risk says what it can see")


def levels_in_range(snapshot: Written) -> Iterator[Problem]:
    """A level between 0.1 % and 20 %, margins of more than nothing."""
    for path, test in _tests(snapshot):
        if not 0 < test.alpha <= 20:
            message = f"alpha {test.alpha}% is not a level to decide by"
            yield snapshot.problem(path, ("alpha",), message, "write 5%, at most 20%")
        for index, rail in enumerate(test.guardrails):
            if not 0 < rail.margin < 100:
                message = f"a margin of {rail.margin}% guards nothing"
                yield snapshot.problem(path, ("guardrails", str(index), "margin"), message, "write it like 1%")


def variants_differ(snapshot: Written) -> Iterator[Problem]:
    """Two variants with the same parameters cannot differ."""
    for path, test in _tests(snapshot):
        if test.variant_a.parameters == test.variant_b.parameters:
            message = "both variants have the same parameters"
            yield snapshot.problem(path, ("variant_b",), message, "give variant_b the parameter that is to be tried")


def one_at_a_time(snapshot: Written) -> Iterator[Problem]:
    """A strategy has one running test: two would share each other's trades."""
    first: dict[str, str] = {}
    for path, test in _tests(snapshot):
        if test.runs and first.setdefault(test.strategy, test.id) != test.id:
            message = f"{test.strategy} is in the running test {first[test.strategy]} already"
            yield snapshot.problem(path, ("strategy",), message, f"gt risk ab-test stop {first[test.strategy]}")


def rolls_out_when_complete(snapshot: Written) -> Iterator[Problem]:
    """A rollout follows a test that is complete."""
    for path, test in _tests(snapshot):
        if test.rollout and test.status != "complete":
            message = f"it is {test.status} and rolls out: a rollout follows a test that is complete"
            yield snapshot.problem(path, ("rollout",), message, f"gt risk ab-test analyze {test.id}")


EXPERIMENT_RULES = (
    strategies_exist,
    split_is_whole,
    pairs_are_days,
    even_where_it_must_be,
    large_enough,
    small_enough,
    levels_in_range,
    variants_differ,
    one_at_a_time,
    rolls_out_when_complete,
)
