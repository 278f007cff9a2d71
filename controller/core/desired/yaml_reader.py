"""A strict reader of YAML 1.2 core that keeps the place of everything it read.

Anchors, aliases, tags, merge keys, directives and further documents are refused, as are duplicate keys
and everything that readers could take differently. It goes on after a mistake wherever that is possible.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from controller.core.desired.yaml_scalars import BadScalar, resolve
from controller.core.desired.yaml_source import decode, hidden, position
from schemas.status import Problem

try:
    from _ruamel_yaml import CParser  # type: ignore[import-not-found]  # an extension module without stubs
except ImportError:
    CParser = None

MAX_DEPTH = 20
MAX_NODES = 20_000
Data = Any
Pointer = tuple[str, ...]


class Place(NamedTuple):
    """Where a node is: ``line`` and ``column`` from 1; ``start`` and ``end`` are character offsets of a scalar.

    ``style`` is ``plain``, ``"``, ``'``, ``|`` or ``>`` for scalars, ``block`` or ``flow`` for collections.
    """

    line: int
    column: int
    start: int
    end: int
    style: str


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What was read: plain data, where each value and each key is, every mistake.

    ``broken`` are the pointers whose value could not be read; what is said about them is in ``problems``.
    """

    data: Data
    values: Mapping[Pointer, Place]
    keys: Mapping[Pointer, Place]
    problems: tuple[Problem, ...]
    broken: frozenset[Pointer]

    def place(self, pointer: Pointer) -> tuple[int, int]:
        """Line and column of the key or value at ``pointer``, or of its nearest known ancestor."""
        for length in range(len(pointer), -1, -1):
            known = self.keys.get(pointer[:length]) or self.values.get(pointer[:length])
            if known is not None:
                return known.line, known.column
        return 1, 1


def read(path: str, content: bytes, *, pure: bool = False) -> YamlDocument:
    """Read one document; ``pure`` uses the parser in Python even where the one in C is there. Never raises."""
    text, problems = decode(path, content)
    if text is None:
        return YamlDocument(None, {}, {}, tuple(problems), frozenset({()}))
    builder = _Builder(path, text)
    try:
        builder.document(events_of(text, pure=pure))
    except _Enough:
        builder.broken.add(())
    except YAMLError as error:
        builder.syntax(error)
    return YamlDocument(
        builder.data,
        MappingProxyType(builder.values),
        MappingProxyType(builder.keys),
        tuple(builder.problems),
        frozenset(builder.broken),
    )


def events_of(text: str, *, pure: bool = False) -> Iterator[Any]:
    """The parser's events of ``text``, from the start of the stream to its end. Raises YAMLError."""
    if pure or CParser is None:
        yield from YAML(typ="safe", pure=True).parse(text)
        return
    parser = CParser(text)
    while parser.check_event():
        yield parser.get_event()


class _Enough(Exception):
    """Nothing more can be read from this document."""


@dataclass(slots=True)
class _Builder:
    path: str
    text: str
    data: Data = None
    values: dict[Pointer, Place] = field(default_factory=dict)
    keys: dict[Pointer, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Pointer] = field(default_factory=set)
    nodes: int = 0
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        ends = [len(line) + 1 for line in self.text.split("\n")]
        self.starts = [0, *accumulate(ends[:-1])]

    def document(self, events: Iterator[Any]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                self._directives(event)
                if documents > 1:
                    self.say(event.start_mark, "a second document in one file", "keep one document for each file")
                    raise _Enough
            elif isinstance(event, AliasEvent | ScalarEvent | CollectionStartEvent):
                self.data = self._node(event, events, ())
        if documents == 0:
            self.problems.append(
                Problem(path=self.path, line=1, column=1, message="the document is empty", fix="write its fields")
            )
            self.broken.add(())

    def _directives(self, event: Any) -> None:
        if event.version or event.tags:
            line, column = position(self.text, f"\n{self.text}".index("\n%"))
            message, fix = "a YAML directive", "remove the line that starts with %"
            self.problems.append(Problem(path=self.path, line=line, column=column, message=message, fix=fix))

    def say(self, mark: Any, message: str, fix: str, pointer: Pointer | None = None) -> None:
        if pointer is not None:
            self.broken.add(pointer)
        self.problems.append(
            Problem(path=self.path, line=mark.line + 1, column=mark.column + 1, message=message, fix=fix)
        )

    def syntax(self, error: YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else position(self.text, len(self.text))
        what = getattr(error, "problem", None) or "it cannot be read"
        self.broken.add(())
        self.problems.append(
            Problem(path=self.path, line=line, column=column, message=f"not YAML: {what}", fix="correct the syntax")
        )

    def _node(self, event: Any, events: Iterator[Any], at: Pointer) -> Data:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.say(event.start_mark, f"more than {MAX_NODES:,} values in one document", "split the document")
            raise _Enough
        for rule in NODE_RULES:
            rule(self, event, at)
        if isinstance(event, AliasEvent):
            return None
        if isinstance(event, ScalarEvent):
            return self._scalar(event, at)
        return self._collection(event, events, at)

    def _scalar(self, event: Any, at: Pointer) -> Data:
        style = event.style or "plain"
        place = self._place(event, style)
        if style == "plain" and event.value == "":
            place = self._empty(at)
        self.values[at] = place
        if style != "plain":
            return event.value
        try:
            return resolve(event.value)
        except BadScalar as error:
            self.say(event.start_mark, str(error), error.fix, at)
            return None

    def _place(self, event: Any, style: str) -> Place:
        begin = event.start_mark
        return Place(begin.line + 1, begin.column + 1, self.offset(begin), self.offset(event.end_mark), style)

    def offset(self, mark: StringMark) -> int:
        """Character offset of a parser's mark, which may lie behind the last line."""
        if mark.line >= len(self.starts):
            return len(self.text)
        return min(self.starts[mark.line] + mark.column, len(self.text))

    def _empty(self, at: Pointer) -> Place:
        """The two parsers disagree on where an empty value is: it is right behind its key's colon."""
        key = self.keys.get(at)
        if key is None:
            above = self.values.get(at[:-1])
            return above or Place(1, 1, 0, 0, "plain")
        offset = self.text.find(":", key.end) + 1 or key.end
        line, column = position(self.text, offset)
        return Place(line, column, offset, offset, "plain")

    def _collection(self, event: Any, events: Iterator[Any], at: Pointer) -> Data:
        self.values[at] = self._place(event, "flow" if event.flow_style else "block")
        if len(at) >= MAX_DEPTH:
            self.say(event.start_mark, f"nested more than {MAX_DEPTH} deep", "flatten the document", at)
            self._skip(events)
            return None
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, at)
        items: list[Data] = []
        while not isinstance(item := next(events), SequenceEndEvent):
            items.append(self._node(item, events, (*at, str(len(items)))))
        return items

    def _mapping(self, events: Iterator[Any], at: Pointer) -> Data:
        mapping: dict[str, Data] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._key(event, events, at)
            if key is None:
                self._swallow(events)
                continue
            pointer = (*at, key)
            if key in mapping:
                first = self.keys[pointer]
                self.say(event.start_mark, f"{key!r} is already written in line {first.line}", "keep one of them")
                self._swallow(events)
                continue
            self.keys[pointer] = self._place(event, event.style or "plain")
            mapping[key] = None
            mapping[key] = self._node(next(events), events, pointer)
        return mapping

    def _key(self, event: Any, events: Iterator[Any], at: Pointer) -> str | None:
        if not isinstance(event, ScalarEvent):
            self.say(event.start_mark, "a key that is not plain text", "write the key as text")
            if isinstance(event, CollectionStartEvent):
                self._skip(events)
            return None
        try:
            for rule in KEY_RULES:
                rule(event)
        except BadScalar as error:
            self.say(event.start_mark, str(error), error.fix)
            return None
        for check in NODE_RULES:
            check(self, event, at)
        return str(event.value)

    def _swallow(self, events: Iterator[Any]) -> None:
        """Read past one value that belongs nowhere."""
        if isinstance(next(events), CollectionStartEvent):
            self._skip(events)

    def _skip(self, events: Iterator[Any]) -> None:
        depth = 1
        while depth:
            event = next(events)
            depth += isinstance(event, CollectionStartEvent)
            depth -= isinstance(event, CollectionEndEvent)


def merge_key(event: Any) -> None:
    """Refuse ``<<``: YAML 1.2 knows no merge."""
    if not event.style and event.value == "<<":
        raise BadScalar("merge keys are not part of YAML 1.2", "write the fields out")


def key_is_text(event: Any) -> None:
    """Refuse plain keys that are numbers, booleans or null."""
    if not event.style and type(resolve(event.value)) is not str:
        raise BadScalar(f"the key {event.value!r} is not text", f'quote it: "{event.value}"')


def no_alias(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse ``*name``."""
    if isinstance(event, AliasEvent):
        builder.say(event.start_mark, f"alias *{event.anchor}", "write the value out", at)


def no_anchor(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse ``&name``."""
    if not isinstance(event, AliasEvent) and event.anchor is not None:
        builder.say(event.start_mark, f"anchor &{event.anchor}", f"remove &{event.anchor}", at)


def no_tag(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse ``!tag``."""
    tag = getattr(event, "tag", None)
    if tag is not None:
        builder.say(event.start_mark, f"tag {tag}", f"remove {tag}", at)


def no_hidden(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse characters that an escape such as ``"\\u202e"`` would smuggle in."""
    found = hidden(event.value) if isinstance(event, ScalarEvent) else ""
    if found:
        builder.say(event.start_mark, f"an escape for the invisible character {found}", "remove it", at)


def no_flow_sign(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse a plain text with ``:`` or ``?`` in it, or a ``?`` right before it, inside ``[]`` or ``{}``: readers
    disagree where it begins and ends."""
    around = builder.values.get(at) or builder.values.get(at[:-1])
    if not isinstance(event, ScalarEvent) or event.style or around is None or around.style != "flow":
        return
    begin = builder.offset(event.start_mark)
    text = "?" * (builder.text[begin - 1 : begin] == "?") + event.value
    found = re.search("[:?]", text)
    if found:
        builder.say(event.start_mark, f"{found[0]} in the plain text {text!r}", f'quote it: "{text}"', at)


def no_bare_block(builder: _Builder, event: Any, at: Pointer) -> None:
    """Refuse a document that is one block of text: readers disagree where its comments begin."""
    if not at and not builder.values and isinstance(event, ScalarEvent) and event.style in ("|", ">"):
        builder.say(event.start_mark, "a document that is one block of text", "write its fields", at)


KEY_RULES: tuple[Callable[[Any], None], ...] = (merge_key, key_is_text)
NODE_RULES: tuple[Callable[[_Builder, Any, Pointer], None], ...] = (
    no_alias,
    no_anchor,
    no_tag,
    no_hidden,
    no_flow_sign,
    no_bare_block,
)
