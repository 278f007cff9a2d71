"""A remote behind a controller-private mirror: bounded fetch into quarantine, push with the exact old id."""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from controller.adapters.git.process import GitFailed
from controller.adapters.git.reader import Reader
from controller.adapters.git.writer import ZERO, raced
from controller.errors import SourceUnavailable

FETCH_BYTES = 64 * 1024 * 1024
"""Most bytes that one fetch may bring: far above any config repo, far below a full disk."""
_FETCH = ("-c", "fetch.fsckObjects=true", "-c", "fetch.unpackLimit=1", "-c", "core.fsync=all")


class Remote:
    """Keeps ``refs`` of the mirror equal to those of ``url``."""

    def __init__(self, reader: Reader, url: str, refs: Sequence[str]) -> None:
        self._reader = reader
        self._git = reader.git
        self._url = url
        self._refs = tuple(refs)
        self._lock = threading.Lock()

    def update(self) -> None:
        """Bring the mirror up to date. Raises SourceUnavailable; then the mirror is as it was."""
        with self._lock:
            there = self._listed()
            wanted = [ref for ref, oid in there.items() if self._reader.batch.get(oid, FETCH_BYTES) is None]
            if wanted:
                there.update(self._fetch(wanted))
            for ref, oid in there.items():
                if self._reader.ref(ref) != oid:
                    self._git.run(["update-ref", "--no-deref", ref, oid])

    def push(self, ref: str, new: str, old: str | None) -> None:
        """Move ``ref`` at the remote from exactly ``old`` to ``new``. Raises Raced, SourceUnavailable."""
        argv = ["push", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{old or ''}", "--", self._url]
        try:
            self._git.run([*argv, f"{new}:{ref}"], personal=True)
        except GitFailed as error:
            if self._listed().get(ref) != old:
                raise raced(ref) from error
            raise SourceUnavailable(f"{self._url} did not take the push: {error.message}", retry_after=5.0) from error
        self._git.run(["update-ref", "--no-deref", ref, new])

    def _listed(self) -> dict[str, str]:
        try:
            output = self._git.run(["ls-remote", "--", self._url, *self._refs], personal=True)
        except GitFailed as error:
            raise _unreachable(self._url, error) from error
        pairs = (line.split("\t") for line in output.decode("utf-8", "replace").splitlines())
        return {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[1] in self._refs and _id(pair[0])}

    def _fetch(self, refs: Sequence[str]) -> dict[str, str]:
        quarantine = Path(mkdtemp(prefix="quarantine-", dir=self._git.git_dir))
        objects = self._git.git_dir / "objects"
        extra = {"GIT_OBJECT_DIRECTORY": str(quarantine), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)}
        argv = [*_FETCH, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", self._url, *refs]
        try:
            self._git.run(argv, extra=extra, personal=True, file_limit=FETCH_BYTES)
            fetched = self._fetched(refs)
            _migrate(quarantine, objects)
        except GitFailed as error:
            raise _unreachable(self._url, error) from error
        finally:
            shutil.rmtree(quarantine)
        return fetched

    def _fetched(self, refs: Sequence[str]) -> dict[str, str]:
        """What FETCH_HEAD says of ``refs``: the remote may have moved since it was listed."""
        ids: dict[str, str] = {}
        for line in (self._git.git_dir / "FETCH_HEAD").read_text("utf-8", "replace").splitlines():
            oid, _, note = line.split("\t", 2)
            for ref in refs:
                named = f"branch '{ref.removeprefix('refs/heads/')}' of ", f"'{ref}' of "
                if note.startswith(named) and _id(oid):
                    ids[ref] = oid
        return ids


def _migrate(quarantine: Path, objects: Path) -> None:
    files = [path for path in quarantine.rglob("*") if path.is_file()]
    if sum(path.stat().st_size for path in files) > FETCH_BYTES:
        raise SourceUnavailable(f"the fetch brought more than {FETCH_BYTES:,} bytes", retry_after=60.0)
    for path in sorted(files, key=lambda path: path.suffix == ".idx"):
        target = objects / path.relative_to(quarantine)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        path.rename(target)


def _id(text: str) -> bool:
    return len(text) == len(ZERO) and all(digit in "0123456789abcdef" for digit in text)


def _unreachable(url: str, error: GitFailed) -> SourceUnavailable:
    return SourceUnavailable(
        f"{url} cannot be read: {error.stderr.strip()[-500:]}", retry_after=5.0, hint=f"git ls-remote {url}"
    )
