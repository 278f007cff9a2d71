"""JSON for the fast path: CPython's own C scanner and quoting, without the import of :mod:`json`.

``import json`` loads :mod:`re` and so costs as much as the whole halt.
"""

from _json import encode_basestring_ascii, make_scanner


class _Context:
    """What the scanner asks its decoder for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012  # typing costs more than the halt itself


_scan = make_scanner(_Context())  # type: ignore[arg-type]  # the stubs name the scanner where a decoder is meant


def parse(data: bytes) -> object:
    """One JSON document. Raises ValueError when there is none."""
    try:
        value, _ = _scan(data.decode().strip(), 0)
    except StopIteration as error:
        raise ValueError(f"no JSON at character {error.value}") from None
    return value


def parse_object(data: bytes) -> dict[str, object]:
    """One JSON object. Raises ValueError."""
    value = parse(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def dump(value: object) -> str:
    """JSON text of plain values: None, bool, int, str, lists, tuples and dicts with string keys."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{encode_basestring_ascii(key)}: {dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(dump, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no JSON form here")
