"""``learning phase advance`` as edits, and ``strategy add`` with its day."""

from datetime import date

import pytest

from controller.core.desired.yaml_edit import apply_edit
from controller.core.plan.edits import BadArgument, Edits, NothingToDo
from controller.core.plan.intents import message
from controller.core.plan.learning_intents import DESPITE, advance_phase
from controller.core.trust.commits import trailers
from schemas.desired import Desired
from schemas.edits import AdvancePhase, SetValue
from tests.support.desired import COMMITS, desired, files, read

DAY = date(2012, 4, 2)


def advance(number: int = 2, tree: Desired | None = None, **fields: object) -> Edits:
    intent = AdvancePhase.model_validate({"number": number, "started": DAY, **fields})
    return advance_phase(intent, tree or desired())


def test_advance_then_the_next_phase_from_its_day_on_and_every_other_byte_stays() -> None:
    content = files()["risk_config.yaml"]
    for edit in advance().edits:
        assert isinstance(edit, SetValue)
        content = apply_edit(content, edit)
    after = read(files() | {"risk_config.yaml": content}, COMMITS[1]).risk.learning
    assert (after.number, after.started, after.phase.name) == (2, DAY, "Refinement")
    before, now = files()["risk_config.yaml"].decode().splitlines(), content.decode().splitlines()
    differing = [new for old, new in zip(before, now, strict=True) if old != new]
    assert differing == ["  number: 2", '  started: "2012-04-02"']


def test_advance_then_says_what_it_does_and_what_speaks_against_it() -> None:
    found = advance(despite=("Portfolio Sharpe: 0.42 (target: 0.5)", "12 days remaining in Phase 1"))
    assert (found.subject, found.previous, found.new) == (
        "risk: advance to phase 2 (Refinement)",
        "phase 1 (Exploration)",
        "phase 2 (Refinement)",
    )
    assert found.notes[0] == "Sector and volatility limits act as 100% of what is written (125% until now)"
    text = message(found, "kim", "three ready", "aud-1", "r/paper/main")
    assert trailers(text, "Reason") == ("three ready",)
    assert trailers(text, DESPITE) == ("Portfolio Sharpe: 0.42 (target: 0.5)", "12 days remaining in Phase 1")


def test_advance_when_it_is_not_the_next_or_there_is_none_then_refused() -> None:
    for number in (1, 3):
        with pytest.raises(BadArgument, match=f"phase {number} is not the next: the account is in phase 1"):
            advance(number)
    with pytest.raises(NothingToDo, match=r"phase 3 \(Maturity\) is the last"):
        advance(4, read(files(risk_config=("number: 1", "number: 3"))))
