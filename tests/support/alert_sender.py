"""A process that judges and sends until it is killed: ``python -m tests.support.alert_sender FOLDER PORT``."""

import sys
import time
from pathlib import Path

from controller.adapters.channels.json_log import JsonLog
from controller.adapters.channels.smtp import SmtpChannel
from controller.adapters.clock import SystemClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.sql import SqlStore
from controller.alerts.lane import Lane
from controller.alerts.senders import Senders
from controller.alerts.service import AlertService
from controller.core.alerts.pictures import Surroundings
from schemas.alerts import Alerts


def config(port: int) -> Alerts:
    """E-mail to the inbox on ``port``, without bounds on noise."""
    email = {"enabled": True, "to": "a@example.org", "from": "r@example.org", "smtp_server": "127.0.0.1"}
    rates = {"max_per_hour": 1_000_000, "duplicate_cooldown_minutes": 0}
    channels = {"email": {**email, "security": "none", "port": port}}
    return Alerts.model_validate({"channels": channels, "rate_limiting": rates})


def main(folder: Path, port: int) -> None:
    store, clock = SqlStore(folder / "store.db", folder / "audit.head"), SystemClock()
    spare = MemoryAlerts()
    senders = Senders([store.alerts, spare], clock.wall_ns)

    def made(document: Alerts) -> dict[str, JsonLog | SmtpChannel]:
        return {
            "logs": JsonLog(folder / "alerts.log", clock.wall_ns),
            "email": SmtpChannel(document.channels.email),
        }

    lane = Lane(store, store.alerts, spare, clock, lambda: None, Surroundings, made, senders, config=config(port))
    AlertService(lane, senders, 1).start()
    print("up", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
