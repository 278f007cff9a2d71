"""From the bytes of a document to its text: size, encoding and characters that have no place in it."""

import re
from collections.abc import Callable

from schemas.status import Problem

MAX_BYTES = 256 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FORBIDDEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u00ad\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\\U000e0000-\\U000e007f]"
)
_LONE_RETURN = re.compile("\r(?!\n)")


def hidden(text: str) -> str:
    """The first control, bidirectional or invisible character of ``text`` as ``U+202E``; empty when there is none."""
    match = _FORBIDDEN.search(text)
    return f"U+{ord(match[0]):04X}" if match else ""


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at ``offset``."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, start) + 1, offset - start + 1


def too_large(path: str, content: bytes) -> Problem | None:
    """Refuse what is larger than 256 kB before anything looks at it."""
    if len(content) <= MAX_BYTES:
        return None
    return Problem(
        path=path,
        line=1,
        column=1,
        message=f"the document has {len(content):,} bytes; {MAX_BYTES:,} are allowed",
        fix="split it or remove what is not needed",
    )


def byte_order_mark(path: str, content: bytes) -> Problem | None:
    """Refuse a byte order mark."""
    if not content.startswith(_BOMS):
        return None
    return Problem(path=path, line=1, column=1, message="byte order mark", fix="save the file as UTF-8 without BOM")


def not_utf8(path: str, content: bytes) -> Problem | None:
    """Refuse what is not UTF-8, at the first bad byte."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position(content[: error.start].decode("utf-8"), error.start)
        column = len(content[: error.start].decode("utf-8").rpartition("\n")[2]) + 1
        return Problem(
            path=path,
            line=line,
            column=column,
            message=f"byte 0x{content[error.start]:02x} is not UTF-8",
            fix="save the file as UTF-8",
        )
    return None


BYTE_RULES: tuple[Callable[[str, bytes], Problem | None], ...] = (too_large, byte_order_mark, not_utf8)


def control_characters(path: str, text: str) -> list[Problem]:
    """Refuse control, bidirectional and invisible characters anywhere, comments included."""
    return [
        _at(path, text, match.start(), f"invisible or control character U+{ord(match[0]):04X}", "remove the character")
        for match in _FORBIDDEN.finditer(text)
    ]


def lone_returns(path: str, text: str) -> list[Problem]:
    """Refuse a carriage return that is not part of a CRLF: readers disagree whether it ends a line."""
    return [
        _at(path, text, match.start(), "carriage return inside a line", "end lines with LF or CRLF")
        for match in _LONE_RETURN.finditer(text)
    ]


def tabs(path: str, text: str) -> list[Problem]:
    """Refuse tabs: YAML forbids them where they would indent, and they read alike everywhere else."""
    return [
        _at(path, text, match.start(), "tab character", "use spaces (in a quoted value write \\t)")
        for match in re.finditer("\t", text)
    ]


TEXT_RULES: tuple[Callable[[str, str], list[Problem]], ...] = (control_characters, lone_returns, tabs)


def decode(path: str, content: bytes) -> tuple[str | None, list[Problem]]:
    """The text of ``content``, or None, with every mistake found on the way (at most 20 for each rule)."""
    for rule in BYTE_RULES:
        problem = rule(path, content)
        if problem is not None:
            return None, [problem]
    text = content.decode("utf-8", "replace")
    problems = [problem for check in TEXT_RULES for problem in check(path, text)[:20]]
    return (None if problems else text), problems


def _at(path: str, text: str, offset: int, message: str, fix: str) -> Problem:
    line, column = position(text, offset)
    return Problem(path=path, line=line, column=column, message=message, fix=fix)
