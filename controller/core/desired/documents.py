"""Read the documents of one commit into desired state, reporting every mistake of every document at once."""

import difflib
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from controller.core.desired.document_problems import problems_of
from controller.core.desired.validate import Snapshot, validate
from controller.core.desired.yaml_reader import YamlDocument, read
from controller.errors import InvalidDesired
from schemas.desired import DOCUMENTS, Desired
from schemas.places import is_relevant
from schemas.scalars import Model
from schemas.status import Problem

REQUIRED = {"risk_config.yaml": "risk", "emergency.yaml": "emergency", "trust.yaml": "trust"}
_FIELDS = {**REQUIRED, "risk_alerts.yaml": "alerts"}
_CACHED = 4_096


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document as read: its model (None when it has mistakes), where everything stands, its mistakes."""

    model: Model | None
    yaml: YamlDocument
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class DocumentCache:
    """Parsed documents by path and content; the least recently used of 4,096 go first. For one thread at a time."""

    entries: OrderedDict[tuple[str, bytes], Parsed] = field(default_factory=OrderedDict)

    def parse(self, path: str, content: bytes) -> Parsed:
        """:func:`parse`, at most once for the same path and content."""
        key = (path, hashlib.sha256(content).digest())
        if key not in self.entries:
            self.entries[key] = parse(path, content)
        self.entries.move_to_end(key)
        while len(self.entries) > _CACHED:
            self.entries.popitem(last=False)
        return self.entries[key]


def model_for(path: str) -> type[Model] | None:
    """The model of the document at ``path``, None when no document lives there."""
    for pattern, model in DOCUMENTS.items():
        if pattern.count("/") == path.count("/") and fnmatchcase(path, pattern):
            return model
    return None


def parse(path: str, content: bytes) -> Parsed:
    """Read one document and check it against its model and its own name. ``path`` must be known."""
    model = model_for(path)
    assert model is not None, path
    yaml = read(path, content)
    problems = list(yaml.problems)
    parsed: Model | None = None
    if () not in yaml.broken:
        try:
            parsed = model.model_validate(yaml.data)
        except ValidationError as error:
            problems += problems_of(path, yaml, model, error)
    if parsed is not None:
        problems += [problem for rule in DOCUMENT_RULES for problem in rule(path, parsed, yaml)]
    return Parsed(None if problems else parsed, yaml, tuple(problems))


def read_desired(commit: str, files: Mapping[str, bytes], cache: DocumentCache | None = None) -> Desired:
    """Desired state of ``commit`` from the content of its files.

    Parameters: ``files`` — content by path relative to the documents' folder; paths that are not
    :func:`schemas.places.is_relevant` are ignored; ``cache`` — makes an unchanged file cost one hash.
    Raises InvalidDesired with every mistake, sorted by file and line.
    """
    cache = cache or DocumentCache()
    problems = [problem for rule in TREE_RULES for problem in rule(files)]
    parsed = {path: cache.parse(path, content) for path, content in sorted(files.items()) if model_for(path)}
    for document in parsed.values():
        problems += document.problems
    desired = _assemble(commit, parsed)
    if desired is not None:
        broken = frozenset(path for path, document in parsed.items() if document.model is None)
        places = {path: document.yaml for path, document in parsed.items()}
        problems += validate(Snapshot(desired, places, broken))
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
            fields.setdefault(folder, {})[name.removesuffix(".yaml")] = document.model
    return Desired(**fields) if all(name in fields for name in REQUIRED.values()) else None


def file_name_is_id(path: str, model: Model, yaml: YamlDocument) -> Iterator[Problem]:
    """A document in a folder is named by its id."""
    name = path.rpartition("/")[2].removesuffix(".yaml")
    written = getattr(model, "id", name)
    if written != name:
        line, column = yaml.place(("id",))
        yield Problem(
            path=path,
            line=line,
            column=column,
            message=f"id is {written!r}, the file is named {name!r}",
            fix=f"write `id: {name}` or rename the file to {written}.yaml",
        )


def not_empty(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """A snapshot without any document is refused: it is more likely a mistake than a wish."""
    if not any(model_for(path) for path in files):
        yield Problem(
            path="risk_config.yaml",
            line=1,
            column=1,
            message="the commit holds no documents at all",
            fix="go back with git revert, or start from gt risk init",
        )


def required_documents(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Limits, trading mode and trust must be there."""
    for path in REQUIRED:
        if path not in files and any(model_for(other) for other in files):
            yield Problem(
                path=path,
                line=1,
                column=1,
                message="the document is missing",
                fix=f"restore it with git checkout HEAD~1 -- {path}",
            )


def known_places(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Nothing unknown in a known folder, and no YAML at the root that nobody reads."""
    for path in sorted(files):
        if is_relevant(path) and model_for(path) is None:
            close = difflib.get_close_matches(path, [known for known in DOCUMENTS if "*" not in known], 1)
            yield Problem(
                path=path,
                line=1,
                column=1,
                message="no document lives here",
                fix=f"did you mean {close[0]}?" if close else "move or remove the file",
            )


DOCUMENT_RULES: tuple[Callable[[str, Model, YamlDocument], Iterator[Problem]], ...] = (file_name_is_id,)
TREE_RULES: tuple[Callable[[Mapping[str, bytes]], Iterator[Problem]], ...] = (
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
