"""Strict scalars: money, percentages, ratios and the integers that the gate computes with.

A document writes ``$25,000``, ``15%`` or ``1.5``; a model holds an exact ``Decimal``; the compiled
policy holds an ``int``: money in micro-dollars (1 USD = 1,000,000), percentages and ratios in parts
per million (15 % = 150,000; a ratio of 1.5 = 1,500,000). No binary float appears on the way.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

MICROS = 1_000_000
_MONEY = re.compile(r"^(?P<sign>-?)\$?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d{1,6})?$")
_NUMBER = re.compile(r"^-?\d{1,12}(?:\.\d{1,9})?$")


@dataclass(frozen=True, slots=True)
class FloatText:
    """The source text of a plain YAML scalar that YAML 1.2 would read as a float; not a ``str``, so text is not it."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


class Model(BaseModel):
    """Base of every schema: immutable, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


M = TypeVar("M", bound=Model)
_sets: dict[frozenset[str], set[str]] = {}
"""The sets of written fields that :func:`lean` shares: as many as there are ways to write a model."""


def lean(model: M) -> M:
    """``model`` itself, its set of written fields shared with all that wrote the same: the largest part of a small one.

    Models are frozen and a copy has a set of its own, so nobody changes it. For models of which thousands are kept.
    """
    fields = model.model_fields_set
    object.__setattr__(model, "__pydantic_fields_set__", _sets.setdefault(frozenset(fields), fields))
    return model


def parse_money(value: Any) -> Decimal:
    """Read ``$25,000``, ``25000`` or ``"25000.50"`` as dollars; refuse floats, NaN and exponents."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool | float):
        raise ValueError(f'money must be written exactly, not as {value!r}: write "${value}" in quotes')
    if isinstance(value, FloatText):
        raise ValueError(f'{value} is a float; money must be exact: write "${value}" in quotes')
    match = _MONEY.match(str(value).strip())
    if match is None:
        raise ValueError(f'{value!r} is not an amount of money: write it like $25,000 or "$25,000.50"')
    digits = match["whole"].replace(",", "") + (match["fraction"] or "")
    return Decimal(match["sign"] + digits)


def parse_percent(value: Any) -> Decimal:
    """Read ``15%``, ``15`` or ``0.5%`` as percentage points; a bare value below 1 must carry its ``%``."""
    if isinstance(value, Decimal):
        return value
    text = str(value).strip()
    number = _decimal(text.removesuffix("%").rstrip(), value, "a percentage: write it like 15%")
    if not text.endswith("%") and 0 < abs(number) < 1:
        raise ValueError(
            f"{text} is ambiguous: write {text}% for {text} percent, or {number * 100:f}% for the fraction"
        )
    return number


def parse_ratio(value: Any) -> Decimal:
    """Read a plain decimal such as ``1.0``; a trailing ``x`` is allowed."""
    if isinstance(value, Decimal):
        return value
    text = str(value).strip()
    return _decimal(text.removesuffix("x"), value, "a ratio: write it like 1.5")


def _decimal(text: str, original: Any, what: str) -> Decimal:
    if isinstance(original, bool | float) or _NUMBER.match(text) is None:
        raise ValueError(f"{original!r} is not {what}")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{original!r} is not {what}") from None


def micros(value: Decimal) -> int:
    """Dollars to micro-dollars; the scalars allow six decimals, so the result is exact."""
    return int(value * MICROS)


def ppm_of_percent(value: Decimal) -> int:
    """Percentage points to parts per million of one."""
    return int(value * 10_000)


def money_text(value: Decimal) -> str:
    """``Decimal("25000")`` as ``$25,000``, exact: cents, or all six digits, when there are any; ``-$5``."""
    places = next(count for count in (0, 2, 6) if count == 6 or value == round(value, count))
    return f"{'-' if value < 0 else ''}${abs(value):,.{places}f}"


def percent_text(value: Decimal) -> str:
    """``Decimal("15.0")`` as ``15%``."""
    return f"{value.normalize():f}%"


def ratio_text(value: Decimal) -> str:
    """``Decimal("1")`` as ``1.0``."""
    text = f"{value.normalize():f}"
    return text if "." in text else f"{text}.0"


def _written(pattern: str, what: str) -> BeforeValidator:
    """Let only text of one form through: pydantic by itself also reads numbers and other forms as times."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return value
        raise ValueError(f"{value!r} is not {what}")

    return BeforeValidator(check)


def _exactly_an_integer(value: Any) -> Any:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a version: write 1")
    return value


Money = Annotated[
    Decimal,
    BeforeValidator(parse_money),
    PlainSerializer(money_text, return_type=str),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": r"^-?\$?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,6})?$",
            "description": 'US dollars, exact: $25,000 or "$25,000.50"',
        }
    ),
]
Percent = Annotated[
    Decimal,
    BeforeValidator(parse_percent),
    PlainSerializer(percent_text, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^ *(-?\d{1,12}(\.\d{1,9})? *%|-?0+(\.0{1,9})?|-?0*[1-9]\d*(\.\d{1,9})?) *$",
                },
                {"type": "number", "minimum": 1, "maximum": 999_999_999_999},
                {"type": "number", "maximum": -1, "minimum": -999_999_999_999},
                {"const": 0},
            ],
            "description": "percent: 15% or 15; below 1 with its sign, 0.5%",
        }
    ),
]
Ratio = Annotated[
    Decimal,
    BeforeValidator(parse_ratio),
    PlainSerializer(ratio_text, return_type=str),
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "minimum": -999_999_999_999,
            "maximum": 999_999_999_999,
            "pattern": r"^ *-?\d{1,12}(\.\d{1,9})?x? *$",
            "description": "a plain decimal ratio: 1.5",
        }
    ),
]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Version = Annotated[Literal[1], BeforeValidator(_exactly_an_integer)]
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
Day = Annotated[
    date,
    _written(_DAY, "a day: write it like 2026-01-19"),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY}),
]
Moment = Annotated[
    datetime,
    _written(_MOMENT, "a time with its zone: write it like 2026-01-19T10:23:45Z"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _MOMENT}),
]
StrategyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
Uid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
HaltId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9.\-]{0,11}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]
