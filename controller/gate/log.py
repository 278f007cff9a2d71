"""Structured log of the gate: one JSON object a line on stderr. Never on the path of an order."""

import json
import sys
import time
from typing import Any


def log(event: str, level: str = "info", **fields: Any) -> None:
    """Write one line; ``at`` is Unix time in seconds. A log that cannot be written stops nothing."""
    line = json.dumps({"at": round(time.time(), 3), "level": level, "service": "gate", "event": event, **fields})
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return
