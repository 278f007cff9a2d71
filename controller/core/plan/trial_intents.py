"""``ab-test create``, ``stop``, ``analyze`` and ``rollout``: the documents of A/B tests. Pure."""

import json
import re
from typing import assert_never

from controller.core.desired.yaml_edit import apply_edit
from controller.core.plan.edits import BadArgument, Edits, NothingToDo, Situation, unknown
from schemas.desired import Desired
from schemas.edits import AddTest, Edit, EndTest, PutFile, RollOut, SetValue
from schemas.experiments import ROLLOUT, ABTest, Variant
from schemas.trials import State

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_PAIRED = re.compile(r"^paired:\s*true\b", re.MULTILINE)
_SHARED = "Share the strategy's new signals between A and B"
_LENGTH = 64
_OPEN: frozenset[State] = frozenset({"collecting", "running"})


def of_a_test(intent: AddTest | EndTest | RollOut, desired: Desired, situation: Situation) -> Edits:
    """The edits that express ``intent``. Raises BadArgument, NothingToDo, each with the next command."""
    match intent:
        case AddTest():
            return _add(intent, desired, situation)
        case EndTest():
            return _end(intent, desired, situation)
        case RollOut():
            return _roll_out(intent, desired, situation)
        case _:
            assert_never(intent)


def trial_named(name: str, desired: Desired) -> ABTest:
    """The test of that id. Raises BadArgument that suggests the nearest ids."""
    test = desired.ab_tests.get(name)
    if test is None:
        raise unknown("test", name, desired.ab_tests, "gt risk ab-test list")
    return test


def _path(name: str) -> str:
    return f"ab_tests/{name}.yaml"


def _add(intent: AddTest, desired: Desired, situation: Situation) -> Edits:
    name = intent.test
    if not _ID.fullmatch(name):
        raise BadArgument(f"{name!r} cannot be the id of a test", "write small letters, digits and dashes")
    if name in desired.ab_tests or name in situation.trials:
        raise BadArgument(f"there was a test {name} already: an id is given once", "gt risk ab-test list")
    both = "Play both variants in shadow: the book trades as A" if _PAIRED.search(intent.text) else _SHARED
    notes = (f"Write {_path(name)}", both, "Look at each new result")
    put = PutFile(path=_path(name), text=intent.text)
    return Edits((put,), f"risk: begin A/B test {name}", "none", "active", notes)


def _end(intent: EndTest, desired: Desired, situation: Situation) -> Edits:
    test = trial_named(intent.test, desired)
    if test.status != "active":
        raise NothingToDo(f"{test.id} is {test.status} already", f"gt risk ab-test status {test.id}")
    state = _state(test, situation)
    complete = intent.status == "complete"
    if complete and state in _OPEN:
        raise BadArgument(f"{test.id} is not decided yet", f"gt risk ab-test stop {test.id}")
    edits: list[Edit] = [SetValue(path=_path(test.id), pointer=("status",), value=intent.status)]
    notes = ["Send every new signal to A", "Leave open positions to the strategy as it is"]
    saved = _saved(test, desired, situation) if complete and state == "winner_b" else None
    if saved is not None:
        edits.append(saved)
        notes.append(f"Write {saved.path}: paused, without capital")
    verb = "archive" if complete else "stop"
    return Edits(tuple(edits), f"risk: {verb} A/B test {test.id}", test.status, intent.status, tuple(notes))


def _saved(test: ABTest, desired: Desired, situation: Situation) -> PutFile | None:
    """The winner's configuration as a strategy document; None where there is one of that name."""
    name = saved_name(test)
    source = f"strategies/{test.strategy}.yaml"
    history = situation.history
    documents = history.documents(desired.commit)
    if name in desired.strategies or source not in documents:
        return None
    content = history.text(documents[source]).encode()
    words = {"id": name, "name": f"{desired.strategies[test.strategy].name}: {test.variant_b.name}"}
    values = {"uid": situation.new_uid(), **words}
    edits = [SetValue(path=source, pointer=(key,), value=_yaml(value)) for key, value in values.items()]
    edits += [SetValue(path=source, pointer=(key,), value=value) for key, value in _ASLEEP.items()]
    for edit in (*edits, *_parameters(source, test.variant_b)):
        content = apply_edit(content, edit)
    return PutFile(path=f"strategies/{name}.yaml", text=content.decode())


_ASLEEP = {"status": "paused", "allocation_pct": "0%"}


def saved_name(test: ABTest) -> str:
    """The id of the strategy document that keeps what B was: the strategy's and the variant's name."""
    words = re.sub(r"[^a-z0-9]+", "-", test.variant_b.name.lower()).strip("-")
    return f"{test.strategy}-{words or 'b'}"[:_LENGTH].strip("-")


def _roll_out(intent: RollOut, desired: Desired, situation: Situation) -> Edits:
    test, percent = trial_named(intent.test, desired), intent.percent
    if test.rollout == percent:
        raise NothingToDo(f"{test.id} is at {percent}% already", f"gt risk ab-test status {test.id}")
    if percent:
        _may_roll_out(test, percent, situation)
    path = _path(test.id)
    edits: list[Edit] = [SetValue(path=path, pointer=("rollout",), value=str(percent))]
    notes = [f"Send {percent}% of new signals of {test.strategy} to B"]
    if percent == ROLLOUT[-1]:
        edits += _parameters(f"strategies/{test.strategy}.yaml", test.variant_b)
        notes = [f"Write B's parameters into strategies/{test.strategy}.yaml: the strategy trades as B"]
    elif not percent:
        notes = ["Send every new signal to A"]
    else:
        notes.append("Take B back to 0% by itself as soon as it is shown to lose against A")
    subject = f"risk: roll out {test.id} to {percent}%"
    return Edits(tuple(edits), subject, f"{test.rollout}%", f"{percent}%", tuple(notes))


def _may_roll_out(test: ABTest, percent: int, situation: Situation) -> None:
    state = _state(test, situation)
    if state == "returned":
        raise BadArgument(f"the rollout of {test.id} was taken back: ask again by a new test", "gt risk ab-test list")
    if state != "winner_b":
        raise BadArgument(f"B has not won {test.id}, which is {state}", f"gt risk ab-test status {test.id}")
    if test.status != "complete":
        raise BadArgument(f"{test.id} is not archived yet", f"gt risk ab-test analyze {test.id}")
    step = ROLLOUT[min(ROLLOUT.index(test.rollout) + 1, len(ROLLOUT) - 1)]
    if percent != step:
        raise BadArgument(f"after {test.rollout}% comes {step}%", f"gt risk ab-test rollout {test.id} --to {step}")


def _parameters(path: str, variant: Variant) -> list[SetValue]:
    return [
        SetValue(path=path, pointer=("parameters", name), value=_yaml(value))
        for name, value in sorted(variant.parameters.items())
    ]


def _state(test: ABTest, situation: Situation) -> State:
    trial = situation.trials.get(test.id)
    return trial.state if trial else "collecting"


def _yaml(value: int | str | bool) -> str:
    return json.dumps(value, ensure_ascii=False)
