"""Methods of the alerts: what there is, and what people do with it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from controller.alerts.desk import AlertDesk
from controller.alerts.service import Feed
from controller.core.alerts.quiet import zone_of
from controller.errors import ChannelRefused, ChannelUnavailable, GtRiskError
from controller.ports import Control
from controller.settings import Settings
from controller.views import alerts as views
from controller.views import interventions
from schemas.alerting import SEVERITY

Params = Mapping[str, Any]
Document = dict[str, Any]
MOST = 10_000
MAX_RECORDS = 20_000
_DAY_NS = 86_400_000_000_000


def methods(
    control: Control, settings: Settings, desk: AlertDesk, feed: Feed
) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    made = _Methods(control, settings, desk, feed)
    return {
        "alerts.list": made.listing,
        "alerts.show": made.show,
        "alerts.ack": made.acknowledge,
        "alerts.config": made.config,
        "alerts.silence": made.silence,
        "alerts.silences": made.silences,
        "alerts.unsilence": made.unsilence,
        "alerts.test": made.test,
        "alerts.feed": made.follow,
        "audit.interventions": made.interventions,
    }


class _Methods:
    def __init__(self, control: Control, settings: Settings, desk: AlertDesk, feed: Feed) -> None:
        self._control, self._settings, self._desk, self._feed = control, settings, desk, feed

    def listing(self, params: Params) -> Document:
        since = int(params.get("since_ns", 0))
        wanted = {name: str(params.get(name, "")) for name in ("level", "source", "state")}
        limit = min(MOST, int(params.get("limit", 50)))
        found = self._desk.alerts.alerts(**wanted, since_ns=since, limit=limit)
        return views.listing(found, self._desk.alerts.counts(since), since, self._names())

    def show(self, params: Params) -> Document:
        found = self._desk.found(int(params["id"]))
        return views.details(found, self._desk.alerts.deliveries(found.id), self._names())

    def acknowledge(self, params: Params) -> Document:
        ids = [int(id) for id in params["ids"]]
        made = self._desk.acknowledge(ids, self._actor(params), str(params.get("note", "")))
        return {"alerts": [views.alert(item, self._names()) for item in made]}

    def config(self, _: Params) -> Document:
        store, now = self._desk.alerts, self._desk.clock.wall_ns()
        document = self._desk.config()
        zone = datetime.fromtimestamp(now // 1_000_000_000, zone_of(document.quiet_hours.timezone))
        return views.config(document, store.health(), store.silences(now), f"{zone:%Z}")

    def silence(self, params: Params) -> Document:
        id, rule = int(params.get("id", 0)), str(params.get("rule", ""))
        made = self._desk.silence(id, rule, int(params["until_ns"]), self._actor(params), str(params["reason"]))
        return {"silence": views.silence(made)}

    def silences(self, _: Params) -> Document:
        found = self._desk.alerts.silences(self._desk.clock.wall_ns())
        return {"silences": [views.silence(item) for item in found]}

    def unsilence(self, params: Params) -> Document:
        self._desk.end_silence(int(params["id"]), self._actor(params), str(params.get("reason", "")))
        return self.silences(params)

    def test(self, params: Params) -> Document:
        """A channel that does not take the message is an answer, not an error of the service."""
        name = str(params["channel"])
        try:
            return {"channel": name, "taken": True, "said": self._desk.test(name, self._actor(params))}
        except (ChannelUnavailable, ChannelRefused) as error:
            return {"channel": name, "taken": False, "said": error.message, "hint": error.hint}

    def follow(self, params: Params) -> Document:
        """What has changed behind change ``after``; waits at most ``wait`` seconds for something. Without ``after``
        nothing but the number of the ``newest`` change, from which on one may follow."""
        if "after" not in params:
            return {"newest": self._feed.newest(), "alerts": []}
        found = self._feed.after(int(params["after"]), float(params.get("wait", 0)))
        names = self._names() if found else {}
        alerts = [{"change": change, **views.alert(item, names)} for change, item in found]
        return {"newest": self._feed.newest(), "alerts": alerts}

    def interventions(self, params: Params) -> Document:
        """What people did since ``since_ns``."""
        since = int(params.get("since_ns", 0))
        records = self._control.audit(event="", actor="", level="", since_ns=since, limit=MAX_RECORDS)
        raised = self._desk.alerts.alerts(since_ns=max(0, since - _DAY_NS), limit=MAX_RECORDS)
        warned = [item for item in raised if SEVERITY[item.level] >= SEVERITY["WARN"]]
        return interventions.interventions(records, self._names(), warned)

    def _actor(self, params: Params) -> str:
        return str(params.get("actor") or self._settings.operator_name or "unknown")

    def _names(self) -> dict[str, str]:
        """Ids of strategies by uid; without a picture people see uids."""
        try:
            desired = self._control.overview().desired
        except GtRiskError:
            return {}
        return {item.uid: item.id for item in desired.strategies.values()} if desired else {}
