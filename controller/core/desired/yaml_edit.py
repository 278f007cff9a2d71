"""Edit a document by splicing one scalar: every other byte stays as people wrote it.

Each edit is proved: the result is read again and must differ from the original at exactly that pointer.
"""

import json
from collections.abc import Iterator

from controller.core.desired.yaml_reader import Data, Pointer, YamlDocument, read
from controller.errors import InvalidDesired
from schemas.edits import SetValue
from schemas.status import Problem


def apply_edit(content: bytes, edit: SetValue) -> bytes:
    """``content`` with the scalar at ``edit.pointer`` replaced, or added to its mapping when it is missing.

    ``edit.value`` is YAML scalar text. The quoting of the replaced scalar is kept where the new value allows it.
    Raises InvalidDesired when the document has mistakes, or when no spelling changes that pointer alone.
    """
    document = read(edit.path, content)
    if document.problems:
        raise InvalidDesired(document.problems)
    wanted = _scalar(edit)
    expected = _with(document.data, edit.pointer, wanted)
    text = content.decode()
    if expected is not None:
        for candidate in _candidates(text, document, edit.pointer, edit.value.strip(), wanted):
            again = read(edit.path, candidate.encode())
            if not again.problems and _same(again.data, expected):
                return candidate.encode()
    line, column = document.place(edit.pointer)
    name = ".".join(edit.pointer)
    raise InvalidDesired(
        (
            Problem(
                path=edit.path,
                line=line,
                column=column,
                message=f"{name} cannot be set to {edit.value} without touching more than {name}",
                fix=f"change line {line} of {edit.path} by hand and commit it",
            ),
        )
    )


def _scalar(edit: SetValue) -> Data:
    """The value that ``edit.value`` stands for."""
    document = read(edit.path, f"value: {edit.value}\n".encode())
    value = document.data.get("value") if isinstance(document.data, dict) and len(document.data) == 1 else {}
    if document.problems or isinstance(value, dict | list):
        raise InvalidDesired(
            document.problems
            or (Problem(path=edit.path, line=1, column=1, message=f"{edit.value!r} is not one value", fix="quote it"),)
        )
    return value


def _candidates(text: str, document: YamlDocument, pointer: Pointer, value: str, wanted: Data) -> Iterator[str]:
    """The edited text in the spellings that may do, the one nearest to what stands there first."""
    place = document.values.get(pointer)
    if place is not None and place.style in ("plain", '"', "'"):
        lead = " " if place.start == place.end else ""
        for spelling in _spellings(value, wanted, place.style):
            yield text[: place.start] + lead + spelling + text[place.end :]
    elif place is None:
        for spelling in _spellings(value, wanted, "plain"):
            yield from _inserted(text, document, pointer, spelling)


def _spellings(value: str, wanted: Data, style: str) -> Iterator[str]:
    if isinstance(wanted, str):
        if style == "'":
            yield "'" + wanted.replace("'", "''") + "'"
        elif style == '"':
            yield json.dumps(wanted, ensure_ascii=False)
        else:
            yield wanted
        yield json.dumps(wanted, ensure_ascii=False)
    yield value


def _inserted(text: str, document: YamlDocument, pointer: Pointer, spelling: str) -> Iterator[str]:
    """The text with a new line ``key: value`` behind the last field of the mapping at ``pointer[:-1]``."""
    parent = document.values.get(pointer[:-1])
    siblings = [place for key, place in document.keys.items() if key[:-1] == pointer[:-1]]
    if parent is None or parent.style != "block" or not siblings:
        return
    inside = [place for key, place in document.values.items() if key[: len(pointer) - 1] == pointer[:-1]]
    last = max(place.end for place in inside if place.style not in ("block", "flow"))
    closing = text.find("\n", last)
    newline = "\r\n" if "\r\n" in text else "\n"
    line = " " * (siblings[0].column - 1) + f"{pointer[-1]}: {spelling}"
    if closing < 0:
        yield text + newline + line
    else:
        yield text[: closing + 1] + line + newline + text[closing + 1 :]


def _with(data: Data, pointer: Pointer, value: Data) -> Data | None:
    """A copy of ``data`` with ``pointer`` set; None where there is no mapping or list to hold it."""
    if not pointer:
        return value
    head, rest = pointer[0], pointer[1:]
    if isinstance(data, dict) and (head in data or not rest):
        return {**data, head: _with(data.get(head), rest, value)}
    if isinstance(data, list) and head.isdigit() and int(head) < len(data):
        index = int(head)
        return [*data[:index], _with(data[index], rest, value), *data[index + 1 :]]
    return None


def _same(left: Data, right: Data) -> bool:
    """Equal with equal types: True is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    return type(left) is type(right) and bool(left == right)
