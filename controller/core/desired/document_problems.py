"""From what a model refuses to a problem with a place and a fix."""

import difflib
import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from controller.core.desired.yaml_reader import Pointer, YamlDocument
from schemas.limits import BY_NAME
from schemas.scalars import Model
from schemas.status import Problem

_WRITE = {
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false",
    "string_type": "write text; quote it if it looks like a number",
    "model_type": "write its fields below it, indented",
    "tuple_type": "write a list: [a, b]",
    "dict_type": "write fields below it, indented",
    "too_short": "add at least one entry",
}
_REFERENCE = "a reference to the secret: env:NAME or file:/PATH"
_FORMS = {
    "uid": "32 random hexadecimal digits, unique to this strategy",
    "id": "the name of the file without .yaml",
    "repo": "the repo id that gt risk init pinned (32 hexadecimal digits)",
    "halt_digest": "the 64 hexadecimal digits that gt risk emergency status prints",
    "webhook_url": _REFERENCE,
    "password": _REFERENCE,
    "urls": _REFERENCE,
    "traffic_split": "like 50/50",
    "universe": "upper-case symbols: [AAPL, MSFT]",
}


def problems_of(path: str, document: YamlDocument, model: type[Model], error: ValidationError) -> Iterator[Problem]:
    """One problem for each place that ``model`` refuses, in the document's order.

    Places that could not even be read are left out: what is wrong there is in ``document.problems``.
    """
    seen: set[Pointer] = set()
    for item in error.errors(include_url=False):
        full = tuple(str(part) for part in item["loc"])
        pointer = _written(document, full)
        if item["type"] in ("missing", "extra_forbidden"):
            pointer = full
        if pointer in seen or any(pointer[: len(broken)] == broken for broken in document.broken):
            continue
        seen.add(pointer)
        line, column = _where(document, pointer, item["type"])
        message, fix = _say(pointer, model, dict(item))
        yield Problem(path=path, line=line, column=column, message=message, fix=fix)


def _written(document: YamlDocument, pointer: Pointer) -> Pointer:
    """The longest part of ``pointer`` that is in the document: unions add names of their own behind it."""
    while pointer and pointer not in document.values:
        pointer = pointer[:-1]
    return pointer


def _where(document: YamlDocument, pointer: Pointer, kind: str) -> tuple[int, int]:
    if kind not in ("missing", "extra_forbidden") and pointer in document.values:
        place = document.values[pointer]
        return place.line, place.column
    return document.place(pointer)


def _say(pointer: Pointer, model: type[Model], item: dict[str, Any]) -> tuple[str, str]:
    name = ".".join(pointer) or "the document"
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{name} is not a field here", _did_you_mean(pointer, model)
    if kind == "missing":
        return f"{name} is missing", f"add {_example(pointer, model)}"
    if any(_FORMS.get(part) is _REFERENCE for part in pointer):  # it may be the secret itself: repeated nowhere
        return f"{name} is not a reference to a secret", _REFERENCE
    if kind in ("enum", "literal_error"):
        return f"{name} is {_shown(item)}", f"write one of: {context['expected'].replace(chr(39), '')}"
    if kind == "value_error":
        message, _, fix = str(context["error"]).rpartition(": write ")
        return (f"{name}: {message}", f"write {fix}") if message else (f"{name}: {fix}", "")
    if kind in _WRITE:
        return f"{name} is {_shown(item)}", _WRITE[kind]
    form = next((_FORMS[part] for part in reversed(pointer) if part in _FORMS), "")
    return f"{name} is {_shown(item)}: {item['msg'].removeprefix('String ').removeprefix('Input ')}", form


def _shown(item: dict[str, Any]) -> str:
    value = item["input"]
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a group of fields" if isinstance(value, dict) else "a list"
    return repr(value)[:60]


def _did_you_mean(pointer: Pointer, model: type[Model]) -> str:
    parent = model_at(model, pointer[:-1])
    known = [info.alias or name for name, info in parent.model_fields.items()] if parent else []
    close = difflib.get_close_matches(pointer[-1], known, 1)
    return f"did you mean {close[0]}?" if close else f"remove it; known here: {', '.join(known)}"


def _example(pointer: Pointer, model: type[Model]) -> str:
    """``key: value`` to add; a limit's own default where it has one."""
    limit = BY_NAME.get(".".join(pointer[-2:]))
    if limit is not None:
        return f"`{pointer[-1]}: {limit.default}`"
    parent = model_at(model, pointer[:-1])
    info = parent.model_fields.get(pointer[-1]) if parent else None
    value = _sample(info) if info is not None else ""
    form = _FORMS.get(pointer[-1])
    return f"`{pointer[-1]}: {value}`" if value else f"`{pointer[-1]}:` with {form or 'its fields or value'}"


def _sample(info: FieldInfo) -> str:
    annotation = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return str(next(iter(annotation)).value)
    return str(get_args(annotation)[0]) if get_origin(annotation) is Literal else ""


def model_at(model: type[Model], pointer: Pointer) -> type[Model] | None:
    """The model that holds the fields at ``pointer``, or None where no model does."""
    here: Any = model
    for part in pointer:
        if isinstance(here, type) and issubclass(here, Model):
            info = next((i for name, i in here.model_fields.items() if part in (name, i.alias)), None)
            here = info.annotation if info else None
        else:
            here = next((item for item in get_args(here) if item is not Ellipsis), None)
        here = _plain(here)
    return here if isinstance(here, type) and issubclass(here, Model) else None


def _plain(annotation: Any) -> Any:
    """Without Annotated and without ``| None``."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return next((item for item in get_args(annotation) if item is not type(None)), None)
    return annotation
