"""What the doctor says, one line at a time."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``hint`` is the next command, empty when all is well."""

    check: str
    level: Level
    message: str
    hint: str = ""
