"""How changes come into force: the section ``change`` of risk_config.yaml."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from schemas.scalars import Line, Model, Percent, StrategyId
from schemas.trust import Role

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _cron(text: str) -> str:
    try:
        if len(text.split()) != 5:
            raise CronSimError("Wrong number of fields")
        CronSim(text, _ANY_DAY)
    except CronSimError as error:
        raise ValueError(f"{text!r} is no cron line of minute, hour, day, month and weekday: {error}") from None
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is no IANA zone, write for example America/New_York") from None
    except KeyError:
        raise ValueError(f"there is no zone {text!r}, write for example America/New_York") from None
    return text


class FreezeWindow(Model):
    """While it is open nothing that people changed loosens; tightening and halts always pass.

    Either ``cron`` and ``minutes``: it opens at each time of the cron line in ``zone`` and stays open so long; or
    ``calendar``: it is open while that exchange trades. A commit by one of ``override`` with the trailer
    ``Freeze-Override: reason`` passes it.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["cron", "minutes"]}, {"required": ["calendar"]}]}
    )

    name: StrategyId
    cron: Annotated[Line, AfterValidator(_cron)] | None = None
    minutes: Annotated[int, Field(strict=True, ge=1, le=10_080)] | None = None
    calendar: Literal["XNYS"] | None = None
    zone: Annotated[Line, AfterValidator(_zone)] = "UTC"
    override: tuple[Role, ...] = ()
    reason: Line = ""

    @model_validator(mode="after")
    def _one_kind(self) -> "FreezeWindow":
        by_cron = self.cron is not None and self.minutes is not None and self.calendar is None
        by_calendar = self.calendar is not None and self.cron is None and self.minutes is None
        if not by_cron and not by_calendar:
            raise ValueError("a freeze window has either cron and minutes, or a calendar")
        return self


class Stages(Model):
    """Loosening comes into force in stages of ``minutes``: one strategy, a share of them, all.

    A stage in which the account loses more than ``max_loss_pct`` of its equity, or a halt is raised, takes it all back.
    """

    minutes: Annotated[int, Field(strict=True, ge=1, le=10_080)]
    share_pct: Percent = Field(default="50%", validate_default=True)
    max_loss_pct: Percent = Field(default="1%", validate_default=True)


class ChangeControl(Model):
    """When loosening may come into force."""

    freeze: Annotated[tuple[FreezeWindow, ...], Field(max_length=50)] = ()
    rollout: Stages | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> "ChangeControl":
        names = [window.name for window in self.freeze]
        if len(set(names)) != len(names):
            raise ValueError("two freeze windows have the same name")
        return self
