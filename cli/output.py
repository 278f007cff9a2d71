"""What every command prints at its end: one document with ``--json``, text without, errors with the next command."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

OK, ERROR, USAGE, ATTENTION, DECLINED, PARTLY = range(6)
Document = dict[str, Any]
Render = Callable[[Document], Sequence[str]]


class Failure(Exception):
    """A command ends with an error: exit code, message, and ``hint``, what to run next."""

    def __init__(self, message: str, hint: str = "", exit: int = ERROR, code: str = "Error") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit = exit
        self.code = code


def emit(document: Document, as_json: bool, render: Render) -> int:
    """Print ``document``; 3 when it names something that needs attention, else 0."""
    code = ATTENTION if document.get("attention") else OK
    return finish(document, code, as_json, render)


def finish(document: Document, code: int, as_json: bool, render: Render) -> int:
    """Print ``document`` under exit code ``code`` and return it; ``ok`` is true exactly for 0 and 3."""
    if as_json:
        write_json({"ok": code in (OK, ATTENTION), **document})
    else:
        write_lines(render(document))
    return code


def write_json(document: Document) -> None:
    """One JSON document on standard output."""
    import json

    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_lines(lines: Sequence[str]) -> None:
    """Lines on standard output."""
    sys.stdout.write("\n".join(lines) + "\n" if lines else "")


def notice(line: str) -> None:
    """A line for people on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def fail(error: Any, as_json: bool) -> int:
    """Print an error that has ``message``, ``hint`` and maybe ``exit``, ``code``, ``problems``; its exit code."""
    code = int(getattr(error, "exit", ERROR))
    message, hint = str(error.message), str(error.hint)
    problems: Sequence[Document] = getattr(error, "problems", ())
    if as_json:
        word = str(getattr(error, "code", type(error).__name__))
        shown = {"message": message, "hint": hint, "code": word, **({"problems": problems} if problems else {})}
        write_json({"ok": code in (OK, ATTENTION), "error": shown})
        return code
    notice(f"{'✓' if code == OK else '✗'} {message}")
    for problem in problems[1:]:
        notice(f"✗ {mistake(problem)}")
    if hint:
        notice(f"  next: {hint}")
    return code


def mistake(problem: Document) -> str:
    """One mistake of a document: where, what, and what to write instead."""
    fix = f" (fix: {problem['fix']})" if problem["fix"] else ""
    return f"{problem['path']}:{problem['line']}:{problem['column']}: {problem['message']}{fix}"


def declined(message: str, hint: str) -> NoReturn:
    """End a command that was not confirmed."""
    raise Failure(message, hint, DECLINED, "Declined")
