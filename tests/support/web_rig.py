"""The dashboard in one process over the real views: a book that tests hold, alerts in memory, a clock they move."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from controller.adapters.clock import SystemClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.alerts.desk import AlertDesk
from controller.alerts.service import Feed as AlertFeed
from controller.rpc import alerts as alert_rpc
from controller.rpc import picture as picture_rpc
from controller.rpc.client import RpcError, ServiceDown
from controller.rpc.methods import Dispatcher
from controller.rpc.picture import Picture
from controller.rpc.server import RpcServer
from controller.settings import Settings
from schemas.alerting import Cursor, Step
from schemas.alerts import Alerts
from tests.support.alert_desk import alert_methods, greenplace_alerts
from tests.support.alerts import START, some_alert
from tests.support.book import NOW, HeldControl
from tests.support.folders import short_folder
from tests.support.greenplace import GreenplaceControl
from web.app import create_app
from web.feed import Feed
from web.options import Options

SETTINGS = Settings(home=Path("/home/op"))


@dataclass
class WebRig:
    """``down``: the controller does not answer; ``now`` in Unix nanoseconds. The feed looks when :meth:`look` is
    called, or by itself once it was started; ``picture`` tells it of changes."""

    control: HeldControl = field(default_factory=GreenplaceControl)
    alerts: MemoryAlerts = field(default_factory=greenplace_alerts)
    options: Options = field(default_factory=lambda: Options(home=Path("/home/op")))
    down: bool = False
    now: int = NOW
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alert_feed = AlertFeed(self.alerts)
        desk = AlertDesk(self.alerts, MemoryStore(), SystemClock(), Alerts, lambda _: {})
        followed = alert_rpc.methods(self.control, SETTINGS, desk, self.alert_feed)["alerts.feed"]
        self.picture = Picture()
        shown = picture_rpc.methods(self.picture)
        more = {**alert_methods(self.control, SETTINGS, self.alerts), "alerts.feed": followed, **shown}
        self.dispatcher = Dispatcher(self.control, SETTINGS, more=more)
        self.feed = Feed(self.ask, lambda: self.now)

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """As a client of the socket is answered. Raises RpcError."""
        self.asked.append(method)
        if self.down:
            raise ServiceDown("service down: nobody answers")
        reply = json.loads(json.dumps(self.dispatcher.reply({"id": 1, "method": method, "params": params})))
        if "error" not in reply:
            return reply["result"]  # type: ignore[no-any-return]  # an object
        error, data = reply["error"], reply["error"]["data"]
        raise RpcError(error["message"], data.get("hint", ""), data["exit"], data.get("code", "Error"))

    def look(self) -> None:
        """A second passes, and the feed looks."""
        self.now += 1_000_000_000
        self.feed.refresh()

    def app(self) -> Flask:
        """The application on the feed as it is now."""
        return create_app(self.options, self.feed)

    def client(self) -> FlaskClient:
        """Of an application of its own."""
        return self.app().test_client()

    def raise_alerts(self, *names: str) -> None:
        """Keep new alerts, and say so to whoever follows."""
        self.alerts.keep([Step(alert=some_alert(name)) for name in names], Cursor(), START)
        self.alert_feed.notify()


@contextmanager
def controller_of(rig: WebRig) -> Iterator[Path]:
    """A home whose controller's socket answers as the rig does, for a dashboard that is a process of its own."""
    with short_folder() as home:
        server = RpcServer(rig.dispatcher, home / "run" / "controller.sock")
        server.start()
        try:
            yield home
        finally:
            server.stop()
