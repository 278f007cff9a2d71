"""A channel in memory, for tests."""

from collections.abc import Sequence

from controller.errors import GtRiskError
from schemas.alerting import Message


class MemoryChannel:
    """Keeps what it was sent. ``fail`` makes it raise."""

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.messages: list[Message] = []
        self._error: GtRiskError | None = None

    def fail(self, error: GtRiskError | None) -> None:
        """Every call raises ``error`` from now on; None heals."""
        self._error = error

    def send(self, messages: Sequence[Message]) -> None:
        """Keep them."""
        if self._error is not None:
            raise self._error
        self.messages += messages
