"""Structured logs: one JSON object a line on standard error. Standard library only."""

import json
import logging
import sys
import time


class JsonLines(logging.Formatter):
    """Formats a record as one JSON line: time, level, service, logger, message, and the traceback when there is one."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "at": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(service: str, level: str) -> None:
    """Send every record of ``level`` and above to standard error. An unknown level counts as ``info``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    names = logging.getLevelNamesMapping()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    logging.basicConfig(level=names.get(level.upper(), logging.INFO), handlers=[handler], force=True)
