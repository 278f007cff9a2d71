"""Plain scalars by the YAML 1.2 core schema, with what two readers could take differently refused."""

import re
from collections.abc import Callable
from functools import lru_cache

from schemas.scalars import FloatText

Scalar = None | bool | int | str | FloatText
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_BOOLS = frozenset({"yes", "no", "on", "off"})
_INT = re.compile(r"^[-+]?(?:0|[1-9]\d{0,17})$")
_ODD_INT = re.compile(r"^[-+]?\d+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$")
_NOT_FINITE = re.compile(r"^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$")


class BadScalar(ValueError):
    """A plain scalar that is refused; ``fix`` says what to write instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def old_boolean(text: str) -> None:
    """Refuse ``yes``, ``no``, ``on`` and ``off``: true or false to YAML 1.1, text to YAML 1.2."""
    if text.lower() in _OLD_BOOLS:
        meant = "true" if text.lower() in ("yes", "on") else "false"
        raise BadScalar(f"{text} means different things to different readers", f'write {meant}, or "{text}" as text')


def odd_integer(text: str) -> None:
    """Refuse hexadecimal, octal, leading zeros, and integers of more than 18 digits."""
    if _ODD_INT.match(text) and not _INT.match(text):
        raise BadScalar(f"{text[:40]} is an unusual integer", "write a plain decimal of at most 18 digits, or quote it")


def not_finite(text: str) -> None:
    """Refuse infinities and NaN."""
    if _NOT_FINITE.match(text):
        raise BadScalar(f"{text} is not a finite number", "write a number")


SCALAR_RULES: tuple[Callable[[str], None], ...] = (old_boolean, odd_integer, not_finite)


@lru_cache(maxsize=4_096)
def resolve(text: str) -> Scalar:
    """The value of a plain scalar; a float stays its own text (FloatText). Raises BadScalar."""
    for rule in SCALAR_RULES:
        rule(text)
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.match(text):
        return int(text)
    return FloatText(text) if _FLOAT.match(text) else text
