"""The alerts wired: what people ask of them, and the lane of a running controller."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.adapters.channels.build import channels
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.alert_ports import Channel
from controller.alerts.desk import AlertDesk
from controller.alerts.lane import Lane
from controller.alerts.senders import Senders
from controller.alerts.service import AlertService, Feed
from controller.alerts.system import Traffic, little_room
from controller.control import ControllerControl
from controller.core.alerts.pictures import FAILURES, Surroundings
from controller.errors import GtRiskError
from controller.home import Home
from schemas.alerts import Alerts

DISK_SECONDS = 30.0


@dataclass(slots=True)
class Alerting:
    """The alerts of ``control`` on ``home``: ``desk`` and ``feed`` for whoever asks; :meth:`service` runs them.
    ``changed`` is called when an alert is new or another; ``delivered`` is told how many seconds after its alert each
    message was taken, and by which channel.
    """

    control: ControllerControl
    home: Home
    changed: Callable[[], None] = lambda: None
    delivered: Callable[[float, str], None] = lambda *_: None
    feed: Feed = field(init=False)
    desk: AlertDesk = field(init=False)
    traffic: Traffic = field(default_factory=lambda: Traffic(time.monotonic))
    _room: tuple[float, int | None] = (0.0, None)

    def __post_init__(self) -> None:
        parts = self.control.parts
        self.feed = Feed(parts.alerts)
        self.desk = AlertDesk(parts.alerts, parts.store, parts.clock, self.config, self.channels, self._tell)

    def config(self) -> Alerts:
        """The document in force; before there is one, its defaults."""
        try:
            desired = self.control.overview().desired
        except GtRiskError:
            desired = None
        return desired.alerts.alerts if desired else Alerts()

    def channels(self, config: Alerts) -> dict[str, Channel]:
        """The channels that ``config`` enables."""
        return channels(config.channels, self.home.logs, self.control.parts.clock.wall_ns)

    def service(self) -> AlertService:
        """The lane and its senders, not started."""
        parts, spare = self.control.parts, MemoryAlerts()
        senders = Senders([parts.alerts, spare], parts.clock.wall_ns, self.delivered)
        lane = Lane(
            parts.store,
            parts.alerts,
            spare,
            parts.clock,
            self.control.overview,
            lambda: self._around(senders),
            self.channels,
            senders,
            self._tell,
        )
        return AlertService(lane, senders, os.getpid())

    def _tell(self) -> None:
        self.feed.notify()
        self.changed()

    def _around(self, senders: Senders) -> Surroundings:
        failed, requests = self.traffic.counts()
        now = time.monotonic()
        if now >= self._room[0]:
            self._room = (now + DISK_SECONDS, little_room(self.home.root))
        return Surroundings(
            free_mib=self._room[1],
            place=str(self.home.root),
            failed=failed,
            requests=requests,
            failing=senders.failing(FAILURES),
        )
