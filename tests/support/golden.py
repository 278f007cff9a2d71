"""What the service of the specification's samples answers, and a read as it is printed."""

from pathlib import Path
from typing import Any

from cli import reads
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.alerts import Alerts
from tests.support.alert_desk import alert_methods, greenplace_alerts, sample_clock
from tests.support.greenplace import GreenplaceControl

ALERTS = Alerts.model_validate(
    {
        "channels": {
            "email": {"enabled": True, "to": "operator@example.com", "from": "r@example.com", "smtp_server": "x"},
            "slack": {"enabled": False},
        },
        "quiet_hours": {"enabled": True, "timezone": "America/Los_Angeles"},
    }
)


def ask(method: str, **params: str) -> dict[str, Any]:
    """The document of a method."""
    control, settings = GreenplaceControl(), Settings(home=Path("/home/op"))
    more = alert_methods(control, settings, greenplace_alerts(), ALERTS, sample_clock())
    return Dispatcher(control, settings, more=more).call(method, params)


def read(words: str) -> str:
    """The text of a read."""
    found = reads.READS[tuple(words.split())]
    return "\n".join(reads.renderer(found.render)(ask(found.method)))
