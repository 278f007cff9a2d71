"""The data of a YAML document that holds nothing doubtful, several times as fast as with the place of everything.

It knows no mistakes: whatever :mod:`controller.core.desired.yaml_reader` would refuse makes it decline, and a little
that is fine besides. That reader then says what it is and where.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from controller.core.desired.yaml_reader import MAX_DEPTH, MAX_NODES, Data, events_of
from controller.core.desired.yaml_scalars import BadScalar, resolve
from controller.core.desired.yaml_source import decode, hidden


class _Doubtful(Exception):
    """The strict reader has to look at it."""


def plain_data(path: str, content: bytes) -> dict[str, Data] | None:
    """The same data as ``read(path, content)``, which then finds no problem; None when that has to look. Never raises.

    Only a mapping without anchors, aliases, tags, directives and question marks is taken.
    """
    text, _ = decode(path, content)
    if text is None or "?" in text:
        return None
    try:
        return _document(islice(events_of(text), MAX_NODES))
    except (_Doubtful, BadScalar, YAMLError):
        return None


def _document(events: Iterator[Any]) -> dict[str, Data]:
    next(events, None)
    start, root = next(events, None), next(events, None)
    if type(start) is not DocumentStartEvent or start.version or start.tags or type(root) is not MappingStartEvent:
        raise _Doubtful
    data = _mapping(root, events, 0)
    ends = [type(event) for event in events]
    if ends != [DocumentEndEvent, StreamEndEvent]:
        raise _Doubtful
    return data


def _mapping(start: Any, events: Iterator[Any], depth: int) -> dict[str, Data]:
    _require_plain_node(start, depth)
    found: dict[str, Data] = {}
    for event in events:
        if type(event) is MappingEndEvent:
            return found
        key = _key(event, in_flow=start.flow_style)
        if key in found:
            raise _Doubtful
        found[key] = _node(next(events, None), events, depth + 1, in_flow=start.flow_style)
    raise _Doubtful


def _sequence(start: Any, events: Iterator[Any], depth: int) -> list[Data]:
    _require_plain_node(start, depth)
    found: list[Data] = []
    for event in events:
        if type(event) is SequenceEndEvent:
            return found
        found.append(_node(event, events, depth + 1, in_flow=start.flow_style))
    raise _Doubtful


def _require_plain_node(event: Any, depth: int) -> None:
    if event.anchor is not None or event.ctag is not None or depth >= MAX_DEPTH:
        raise _Doubtful


def _node(event: Any, events: Iterator[Any], depth: int, *, in_flow: bool) -> Data:
    kind = type(event)
    if kind is ScalarEvent:
        text = _scalar(event, in_flow=in_flow)
        return text if event.style else resolve(text)
    if kind is MappingStartEvent:
        return _mapping(event, events, depth)
    if kind is SequenceStartEvent:
        return _sequence(event, events, depth)
    raise _Doubtful


def _key(event: Any, *, in_flow: bool) -> str:
    if type(event) is not ScalarEvent:
        raise _Doubtful
    text = _scalar(event, in_flow=in_flow)
    if not event.style and (text == "<<" or type(resolve(text)) is not str):
        raise _Doubtful
    return text


def _scalar(event: Any, *, in_flow: bool) -> str:
    """The text of a scalar. Only a quoted one can hold what the bytes of the document did not show."""
    text = str(event.value)
    if event.anchor is not None or event.ctag is not None or (event.style and hidden(text)):
        raise _Doubtful
    if in_flow and not event.style and ":" in text:
        raise _Doubtful
    return text
