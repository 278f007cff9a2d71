"""The text of ``config edit`` between opening and landing: a folder in the home that only a landing removes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cli.output import USAGE, Failure

_BASE = ".base"
_RECORDS = ("halts/", "cleared/")


@dataclass(frozen=True, slots=True)
class Draft:
    """A folder with copies of documents; ``base`` is the commit that they were copied from, ``original`` their text."""

    folder: Path
    base: str
    original: dict[str, str]

    def changed(self) -> dict[str, str | None]:
        """What was edited, added or (None) removed. Raises Failure for what is not text."""
        found = {path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*.yaml"))}
        now: dict[str, str | None] = {name: self._read(path, name) for name, path in found.items()}
        gone: dict[str, str | None] = {name: None for name in self.original if name not in now}
        return {**{name: text for name, text in now.items() if text != self.original.get(name)}, **gone}

    def edit(self, *, quiet: bool) -> None:
        """Open the person's editor and wait for its end; ``quiet`` keeps standard output clean.

        Raises Failure when there is no editor or it fails. Ctrl-C is the editor's own while it runs.
        """
        editor = _editor()
        names = sorted(self.original, key=lambda name: ("/" in name, name != "risk_config.yaml", name))
        argv = ["/bin/sh", "-c", f'{editor} "$@"', editor, *names]
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            code = subprocess.call(argv, cwd=self.folder, stdout=sys.stderr if quiet else None)
        finally:
            signal.signal(signal.SIGINT, before)
        if code != 0:
            raise Failure(f"the editor ({editor}) ended with {code}", "export EDITOR=<your editor>", code="NoEditor")

    def discard(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def _read(self, path: Path, name: str) -> str:
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise Failure(f"{name}: this is not UTF-8 text", f"gt risk config edit --from {self.folder}") from error


def begin(drafts: Path, base: str, files: dict[str, str], name: str, schemas: Path) -> Draft:
    """Copy the documents of ``base`` (one when ``name`` is given) into a folder of their own.

    ``schemas``: what editors check the documents with. Raises Failure for an unknown name.
    """
    wanted = {path: text for path, text in files.items() if not path.startswith(_RECORDS) and name in ("", path)}
    if not wanted:
        import difflib

        near = difflib.get_close_matches(name, files, n=2, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise Failure(f"no document {name!r}{hint}", "gt risk config edit", USAGE, "BadArgument")
    folder = drafts / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}"
    drafts.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        _write(folder, {_BASE: "\n".join([base, *wanted]), **wanted})
        (folder / ".schemas").symlink_to(schemas)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Draft(folder, base, wanted)


def base_of(folder: Path) -> str:
    """The commit that an earlier draft began with. Raises Failure when ``folder`` is none."""
    return _base(folder)[0]


def resume(folder: Path, files: dict[str, str]) -> Draft:
    """An earlier draft again; ``files`` are the documents of its base."""
    base, *names = _base(folder)
    return Draft(folder, base, {path: files[path] for path in names})


def _write(folder: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(mode=0o700, exist_ok=True)
        target.touch(mode=0o600)
        target.write_text(text, newline="")


def _base(folder: Path) -> list[str]:
    """The commit of a draft, then the documents that were copied."""
    try:
        return (folder / _BASE).read_text().splitlines()
    except OSError as error:
        raise Failure(f"{folder} is no draft of gt risk config edit", "gt risk config edit", USAGE) from error


def _editor() -> str:
    """The person's editor as git chooses it. Raises Failure when there is none."""
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("vi" if shutil.which("vi") else "")
    if not chosen:
        raise Failure("no editor: neither VISUAL nor EDITOR is set", "export EDITOR=<your editor>", code="NoEditor")
    return chosen
