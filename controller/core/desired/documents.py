"""Read the documents of one commit into desired state, reporting every mistake of every document at once."""

import difflib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from sys import intern
from typing import Any

from pydantic import ValidationError

from controller.core.desired.document_problems import problems_of
from controller.core.desired.validate import Snapshot, validate
from controller.core.desired.yaml_plain import plain_data
from controller.core.desired.yaml_reader import Pointer, YamlDocument, read
from controller.errors import InvalidDesired
from schemas.desired import DOCUMENTS, Desired
from schemas.places import is_relevant
from schemas.scalars import Model, lean
from schemas.status import Problem

REQUIRED = {"risk_config.yaml": "risk", "emergency.yaml": "emergency", "trust.yaml": "trust"}
_FIELDS = {**REQUIRED, "risk_alerts.yaml": "alerts"}
_CACHED = 4_096


@dataclass(frozen=True)
class Parsed:
    """One document as read: its model (None when it has mistakes) and its mistakes."""

    path: str
    content: bytes
    model: Model | None
    problems: tuple[Problem, ...] = ()

    @cached_property
    def yaml(self) -> YamlDocument:
        """Where everything stands; most documents are never asked."""
        return read(self.path, self.content)

    def place(self, pointer: Pointer) -> tuple[int, int]:
        """Line and column of what is at ``pointer``."""
        return self.yaml.place(pointer)


@dataclass(slots=True)
class DocumentCache:
    """Parsed documents by path and the id of their content: those of the newest tree, and the 4,096 that left it last.
    For one thread at a time."""

    ids: Mapping[str, str] = field(default_factory=dict)
    newest: dict[str, Parsed] = field(default_factory=dict)
    older: OrderedDict[tuple[str, str], Parsed] = field(default_factory=OrderedDict)

    def parse_all(self, ids: Mapping[str, str], content: Callable[[str], bytes]) -> dict[str, Parsed]:
        """:func:`parse` of each of ``ids`` (by path) where a document may live, at most once for the same path and id;
        ``content`` gives what has an id."""
        found: dict[str, Parsed] = {}
        for path, content_id in ids.items():
            if self.ids.get(path) == content_id:
                if path in self.newest:
                    found[path] = self.newest[path]
            elif model_for(path) is not None:
                key = (path, content_id)
                found[path] = self.older.pop(key) if key in self.older else parse(path, content(content_id))
        before, self.ids, self.newest = (self.ids, self.newest), ids, found
        for path, document in before[1].items():
            if ids.get(path) != before[0][path]:
                self.older[path, before[0][path]] = document
        while len(self.older) > _CACHED:
            self.older.popitem(last=False)
        return found


def model_for(path: str) -> type[Model] | None:
    """The model of the document at ``path``, None when no document lives there."""
    folder, slash, name = path.partition("/")
    in_folder = slash and name.endswith(".yaml") and "/" not in name
    return DOCUMENTS.get(f"{folder}/*.yaml" if in_folder else path)


def parse(path: str, content: bytes) -> Parsed:
    """Read one document and check it against its model and its own name. ``path`` must be known."""
    model = model_for(path)
    assert model is not None, path
    data = plain_data(path, content)
    if data is not None:
        try:
            return _named(Parsed(path, content, lean(model.model_validate(data))))
        except ValidationError:
            pass  # the strict reader says where
    return _read(path, content, model)


def _read(path: str, content: bytes, model: type[Model]) -> Parsed:
    """The same by the reader that knows where everything stands."""
    yaml = read(path, content)
    problems = list(yaml.problems)
    parsed: Model | None = None
    if () not in yaml.broken:
        try:
            parsed = model.model_validate(yaml.data)
        except ValidationError as error:
            problems += problems_of(path, yaml, model, error)
    return _named(Parsed(path, content, parsed, tuple(problems)))


def _named(document: Parsed) -> Parsed:
    """``document`` with what the rules of a single document say."""
    if document.model is None:
        return document
    model = document.model
    problems = (*document.problems, *(problem for rule in DOCUMENT_RULES for problem in rule(model, document)))
    return replace(document, model=None, problems=problems) if problems else document


def read_desired(commit: str, files: Mapping[str, bytes]) -> Desired:
    """Desired state of ``commit`` from the content of its files by path relative to the documents' folder.

    Paths that are not :func:`schemas.places.is_relevant` are ignored. Raises InvalidDesired as :func:`assemble`.
    """
    return assemble(commit, files, {path: parse(path, files[path]) for path in files if model_for(path)})


def assemble(commit: str, paths: Collection[str], parsed: Mapping[str, Parsed]) -> Desired:
    """Desired state of ``commit``, which has files at ``paths``, from its documents by path.

    Raises InvalidDesired with every mistake, sorted by file and line.
    """
    problems = [problem for rule in TREE_RULES for problem in rule(paths)]
    parsed = dict(sorted(parsed.items()))
    for document in parsed.values():
        problems += document.problems
    desired = _assemble(commit, parsed)
    if desired is not None:
        broken = frozenset(path for path, document in parsed.items() if document.model is None)
        problems += validate(Snapshot(desired, parsed, broken))
    if problems or desired is None:
        raise InvalidDesired(tuple(sorted(problems, key=lambda item: (item.path, item.line, item.column))))
    return desired


def _assemble(commit: str, parsed: Mapping[str, Parsed]) -> Desired | None:
    """What could be read; None when a required document could not."""
    fields: dict[str, Any] = {"commit": commit}
    for path, document in parsed.items():
        if document.model is None:
            continue
        if path in _FIELDS:
            fields[_FIELDS[path]] = document.model
        else:
            folder, _, name = path.partition("/")
            fields.setdefault(folder, {})[intern(name.removesuffix(".yaml"))] = document.model
    return Desired(**fields) if all(name in fields for name in REQUIRED.values()) else None


def file_name_is_id(model: Model, document: Parsed) -> Iterator[Problem]:
    """A document in a folder is named by its id."""
    name = document.path.rpartition("/")[2].removesuffix(".yaml")
    written = getattr(model, "id", name)
    if written != name:
        line, column = document.place(("id",))
        yield Problem(
            path=document.path,
            line=line,
            column=column,
            message=f"id is {written!r}, the file is named {name!r}",
            fix=f"write `id: {name}` or rename the file to {written}.yaml",
        )


def not_empty(paths: Collection[str]) -> Iterator[Problem]:
    """A snapshot without any document is refused: it is more likely a mistake than a wish."""
    if not any(model_for(path) for path in paths):
        yield Problem(
            path="risk_config.yaml",
            line=1,
            column=1,
            message="the commit holds no documents at all",
            fix="go back with git revert, or start from gt risk init",
        )


def required_documents(paths: Collection[str]) -> Iterator[Problem]:
    """Limits, trading mode and trust must be there."""
    for path in REQUIRED:
        if path not in paths and any(model_for(other) for other in paths):
            yield Problem(
                path=path,
                line=1,
                column=1,
                message="the document is missing",
                fix=f"restore it with git checkout HEAD~1 -- {path}",
            )


def known_places(paths: Collection[str]) -> Iterator[Problem]:
    """Nothing unknown in a known folder, and no YAML at the root that nobody reads."""
    for path in sorted(path for path in paths if model_for(path) is None and is_relevant(path)):
        close = difflib.get_close_matches(path, [known for known in DOCUMENTS if "*" not in known], 1)
        yield Problem(
            path=path,
            line=1,
            column=1,
            message="no document lives here",
            fix=f"did you mean {close[0]}?" if close else "move or remove the file",
        )


DOCUMENT_RULES: tuple[Callable[[Model, Parsed], Iterator[Problem]], ...] = (file_name_is_id,)
TREE_RULES: tuple[Callable[[Collection[str]], Iterator[Problem]], ...] = (
    not_empty,
    required_documents,
    known_places,
)


def mistakes(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """Every mistake of the documents in ``files``, none when they could be applied."""
    try:
        read_desired("0" * 40, files)
    except InvalidDesired as error:
        return error.problems
    return ()
