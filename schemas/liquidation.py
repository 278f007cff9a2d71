"""A liquidation's request as it is signed, and what became of it."""

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.desired import TradingMode
from schemas.scalars import Line, Model

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class LiquidationScope(StrEnum):
    """Which of the two verbs: both flatten every position, under different halts."""

    PORTFOLIO = "portfolio"
    EVERYTHING = "everything"

    @property
    def mode(self) -> TradingMode:
        """The account halt that it needs."""
        return TradingMode.PAUSE_NEW_ORDERS if self is LiquidationScope.PORTFOLIO else TradingMode.HALT_ALL


class LiquidationRequest(Model):
    """What a person signs. ``book`` is ``<repo>/<environment>/<account>``, ``digest`` that of the book under its halt,
    ``expires_ns`` Unix time."""

    book: Line
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires_ns: Annotated[int, Field(strict=True, gt=0)]
    id: Hex32
    scope: LiquidationScope

    def text(self) -> str:
        """The canonical text: one line of JSON, keys sorted, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


Stage = Literal["prepared", "running", "done", "partial", "refused"]


class Flattened(Model):
    """One position of a liquidation: ``quantity`` as it was held (shorts negative), ``left`` of it still open, closed
    at ``price`` (average, micro-dollars; 0: nothing yet), ``problem`` what the last try met."""

    uid: str
    symbol: str
    quantity: int
    left: int
    price: int = 0
    working: bool = False
    problem: str = ""


class LiquidationState(Model):
    """What is known of one liquidation. ``cash`` in micro-dollars, None before it was read; ``resumable`` while its
    ticket is good and shares are left."""

    id: Hex32
    scope: LiquidationScope
    stage: Stage
    by: str = ""
    positions: tuple[Flattened, ...] = ()
    cash: int | None = None
    problem: str = ""
    resumable: bool = False
