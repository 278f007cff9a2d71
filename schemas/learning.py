"""Learning phases (spec 2.2.5): what the account may do while its strategies prove themselves, and what proves it."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.scalars import Count, Day, Line, Model, Percent, Ratio
from schemas.trials import Trial

Days = Annotated[int, Field(strict=True, ge=1, le=3650)]


class Goals(Model):
    """What the book must have reached before the next phase; what is left out is no goal.

    ``trades``: closed round trips; ``strategies``: how many have traded; ``graduated``: how many are ready, by the
    phase's :class:`Graduation`; ``sharpe``: of the account, annualised; ``max_drawdown``: of the account, its deepest.
    """

    trades: Count | None = None
    strategies: Count | None = None
    graduated: Count | None = None
    sharpe: Ratio | None = None
    max_drawdown: Percent | None = None


class Graduation(Model):
    """What a strategy must have shown to be ready.

    ``trades``: closed round trips; ``days``: sessions with a return; ``sharpe``: at least this, and its standard error
    above 0; ``win_rate``: the lower end of Wilson's 95 % interval; ``max_drawdown``: its deepest fall, at most.
    """

    trades: Count = 50
    days: Count = 20
    sharpe: Ratio = Field(default="0.5", validate_default=True)
    win_rate: Percent = Field(default="40%", validate_default=True)
    max_drawdown: Percent = Field(default="15%", validate_default=True)


class Phase(Model):
    """One phase. Position limits act as limit × min(1, multiplier × (1 + bonus)): no phase lifts a hard limit."""

    name: Line
    days: Days = 30
    position_size_multiplier: Ratio = Field(default="1.0", validate_default=True)
    exploration_bonus: Percent = Decimal(0)
    soft_limit_tolerance: Percent = Field(
        default=Decimal(0),
        description="Sector and volatility limits act higher by this share. Drawdown limits never do.",
    )
    new_strategies_per_month: Count | None = Field(
        default=None, description="Strategies that may be added within 30 days; left out: any number."
    )
    goals: Goals = Goals()
    graduation: Graduation = Graduation()


class Learning(Model):
    """The phases in their order and the one that the account is in: ``number``, counted from 1."""

    number: Annotated[int, Field(strict=True, ge=1, le=9)] = 1
    started: Day | None = Field(default=None, description="First day of the phase, on the market's clock.")
    phases: Annotated[tuple[Phase, ...], Field(min_length=1, max_length=9)] = (Phase(name="Exploration"),)

    @property
    def phase(self) -> Phase:
        """The phase that the account is in."""
        return self.phases[self.number - 1]

    @property
    def following(self) -> Phase | None:
        """The next phase, None in the last."""
        return self.phases[self.number] if self.number < len(self.phases) else None


class Entered(Model):
    """That a commit brought the account into a phase, and why; ``despite``: what spoke against it then."""

    number: int
    name: str
    started: Day | None
    commit: str
    author: str
    at_ns: int
    reason: str = ""
    despite: tuple[str, ...] = ()


class Learned(Model):
    """What is not in a picture: ``trades`` that closed since ``since_ns``, at most ``days`` ago, and how many decisions
    about limits there were by kind (``decided``); ``changes`` of the configuration in ``days``; where A/B tests stand.
    """

    since_ns: int
    days: int
    trades: int
    decided: dict[str, int]
    changes: int
    trials: dict[str, Trial]
