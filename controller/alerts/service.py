"""The lane and the senders as threads of the controller, beside its loop: neither of them is ever waited for."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from controller.alert_ports import AlertStore
from controller.alerts.lane import Lane
from controller.alerts.senders import Senders
from controller.core.alerts.found import Found
from controller.errors import GtRiskError
from schemas.alerting import Alert

TICK_SECONDS = 0.1
STOP_SECONDS = 2.0
FEED_SECONDS = 25.0
FEED_BATCH = 500
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Feed:
    """Alerts as they change, for whoever streams them."""

    store: AlertStore
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def notify(self) -> None:
        """Something has changed."""
        with self._changed:
            self._changed.notify_all()

    def after(self, change: int, seconds: float) -> Sequence[tuple[int, Alert]]:
        """What has changed since ``change``, each with its number, waiting for it at most ``seconds``.

        Raises StoreUnavailable.
        """
        with self._changed:
            found = self.store.changed(change, FEED_BATCH)
            if not found and seconds > 0:
                self._changed.wait(min(FEED_SECONDS, seconds))
                found = self.store.changed(change, FEED_BATCH)
        return found

    def newest(self) -> int:
        """Number of the newest change. Raises StoreUnavailable."""
        return self.store.newest_change()


@dataclass(slots=True)
class AlertService:
    """Runs ``lane`` and stops ``senders``; ``pid`` is told when it starts and stops in order."""

    lane: Lane
    senders: Senders
    pid: int
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a background thread."""
        self.lane.say(Found("service_started", (str(self.pid),), {"pid": str(self.pid)}))
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Judge once more and end; what was not sent waits in the store. Idempotent."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        self._thread = None
        self.senders.stop()

    def _run(self) -> None:
        begun = False
        while not self._stopping.is_set():
            begun = begun or self._begin()
            if not self._tick():
                self._stopping.wait(TICK_SECONDS)
        self.lane.say(Found("service_stopped", (str(self.pid),), {"pid": str(self.pid)}))
        self._tick()

    def _begin(self) -> bool:
        try:
            self.lane.begin()
        except GtRiskError as error:
            _log.warning("alerts: %s", error)
            return False
        return True

    def _tick(self) -> bool:
        """Whether there is more at once; a defect costs a look, never the lane."""
        try:
            return self.lane.tick()
        except Exception:  # noqa: BLE001  # the thread's edge: the next look tries again
            _log.exception("alerts")
            return False
