"""The Source port on real git: an embedded bare repo, or a private mirror of a remote."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from controller.adapters.git.folder import Folder
from controller.adapters.git.process import Git
from controller.adapters.git.reader import MAX_COMMITS, Reader
from controller.adapters.git.remote import Remote
from controller.adapters.git.writer import Writer
from controller.errors import Raced, SettingsError, SourceUnavailable
from controller.ports import Clock, Entry, RawCommit

EVIDENCE = "refs/heads/gt-risk/halts"
EVIDENCE_FILE = re.compile(r"^halts/[0-9a-f]{32}\.yaml$")
_TRIES = 5
BOT = "gt-risk bot <bot@gt-risk.invalid>"
Own = Callable[[RawCommit], bool]


class GitSource:
    """Implements :class:`controller.ports.Source`.

    ``path`` is the bare repo (with ``remote``: the mirror, made when it is missing); ``sign`` signs a payload with
    the bot's key and is needed for evidence only; ``extra`` goes into git's environment (a push's quarantine).
    ``folder``: where the documents are, empty for the root; history then begins with ``introduction``.
    Safe for several threads.
    """

    def __init__(
        self,
        path: Path,
        branch: str,
        clock: Clock,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        remote: str = "",
        timeout: float = 20.0,
        extra: Mapping[str, str] | None = None,
        folder: str = "",
        introduction: str = "",
    ) -> None:
        self.git = Git(path, timeout, extra)
        self._ref = f"refs/heads/{branch}"
        self._clock = clock
        self._sign = sign
        if remote and not path.exists():
            path.mkdir(mode=0o700, parents=True)
            self.git.run(["init", "--quiet", "--bare"])
        self._reader = Reader(self.git)
        self._view = Folder(self._reader, folder, introduction) if folder else self._reader
        self._prefix = f"{folder}/" if folder else ""
        self._writer = Writer(self._reader)
        self._remote = Remote(self._reader, remote, (self._ref, EVIDENCE)) if remote else None

    def tip(self) -> str:
        """The commit of the branch; a remote is fetched first. Raises SourceUnavailable."""
        self.fetch()
        return self.local_tip()

    def fetch(self) -> None:
        """Bring the mirror of a remote up to date; nothing to do for an embedded repo. Raises SourceUnavailable."""
        if self._remote is not None:
            self._remote.update()

    def local_tip(self) -> str:
        """The commit of the branch as last fetched or pushed. Raises SourceUnavailable when there is none."""
        tip = self._reader.ref(self._ref)
        if tip is None:
            raise SourceUnavailable(f"{self.git.git_dir} has no {self._ref}", hint="gt risk doctor")
        return tip

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or one of its ancestors."""
        return self._reader.is_ancestor(old, new)

    def commits(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """Commits in ``since..tip``, parents first."""
        return self._view.commits(since, tip)

    def history(self, since: str | None, tip: str) -> Sequence[RawCommit]:
        """The same without a bound."""
        return self._view.history(since, tip)

    def step(self, since: str | None, tip: str) -> str:
        """``tip``, or where a pass must stop on its way there."""
        return self._view.step(since, tip)

    def merge_bases(self, left: str, right: str) -> frozenset[str]:
        """The best common ancestors."""
        return self._view.merge_bases(left, right)

    def tree(self, commit: str) -> Mapping[str, Entry]:
        """Entries at depth 2 of a commit or tree id."""
        return self._view.tree(commit)

    @property
    def root(self) -> Reader:
        """The repository itself, as the bot's branch is read whatever folder has the documents."""
        return self._reader

    def blob(self, blob_id: str) -> bytes:
        """Content of a blob."""
        return self._reader.blob(blob_id)

    def stage(self, parent: str, files: Mapping[str, bytes | None], author: str, time: int, message: str) -> bytes:
        """Write the objects of a commit to be; its payload."""
        placed = {f"{self._prefix}{name}": content for name, content in files.items()}
        return self._writer.stage(parent, placed, author, time, message)

    def seal(self, payload: bytes, signature: bytes) -> str:
        """Write the signed commit, reachable from nothing yet."""
        return self._writer.commit(payload, signature)

    def land(self, payload: bytes, signature: bytes) -> str:
        """Write the signed commit and swap the branch to it."""
        commit = self.seal(payload, signature)
        parents = self._reader.commit(commit).parents
        self._swap(self._ref, commit, parents[0] if parents else None)
        return commit

    def publish_evidence(self, files: Mapping[str, bytes], message: str, own: Own) -> str:
        """Add halt records on the bot's branch; one that is there already stays as it is. Raises SourceUnavailable."""
        if self._sign is None:
            raise SettingsError("there is no bot key to sign evidence with", "gt risk init")
        wrong = [path for path in files if not EVIDENCE_FILE.match(path)]
        if wrong:
            raise ValueError(f"evidence is halts/<id>.yaml, not {wrong[0]}")
        for _ in range(_TRIES):
            try:
                return self._publish(files, message, self._sign, own)
            except Raced:
                self._observe_evidence()
        raise SourceUnavailable(f"{EVIDENCE} keeps moving", retry_after=5.0)

    def evidence(self, own: Own) -> Mapping[str, bytes]:
        """The halt records on the bot's branch as last observed, as the newest of its own commits holds them."""
        newest = newest_own(self._reader.commit, self._reader.ref(EVIDENCE), own)
        entries = self._reader.tree(newest.tree) if newest is not None else {}
        return {path: self.blob(entry.id) for path, entry in entries.items() if EVIDENCE_FILE.match(path)}

    def close(self) -> None:
        """End every git process, also one that another thread waits for; idempotent."""
        self.git.stop()
        self._reader.close()

    def _publish(self, files: Mapping[str, bytes], message: str, sign: Callable[[bytes], bytes], own: Own) -> str:
        tip = self._reader.ref(EVIDENCE)
        if tip is not None and not own(self._reader.commit(tip)):
            raise not_its_own(tip)
        known = self.evidence(own)
        added: dict[str, bytes | None] = {path: content for path, content in files.items() if path not in known}
        if tip is not None and not added:
            return tip
        seconds = self._clock.wall_ns() // 1_000_000_000
        payload = self._writer.stage(tip, added, BOT, seconds, message)
        commit = self._writer.commit(payload, sign(payload))
        self._swap(EVIDENCE, commit, tip)
        return commit

    def _observe_evidence(self) -> None:
        if self._remote is not None:
            self._remote.update()

    def _swap(self, ref: str, new: str, old: str | None) -> None:
        if self._remote is not None:
            self._remote.push(ref, new, old)
        else:
            self._writer.move(ref, new, old)


def newest_own(read: Callable[[str], RawCommit], tip: str | None, own: Own) -> RawCommit | None:
    """The newest commit of the bot's branch that is its own, from ``tip`` along first parents. Its tree is what the
    bot has put its name to: it adds to no commit of a stranger."""
    for _ in range(MAX_COMMITS):
        if tip is None:
            return None
        commit = read(tip)
        if own(commit):
            return commit
        tip = commit.parents[0] if commit.parents else None
    return None


def not_its_own(tip: str) -> SourceUnavailable:
    """The exception for a bot's branch that a stranger has written to."""
    message = f"{EVIDENCE} ends with {tip[:12]}, which no bot has signed: nothing is added to it"
    return SourceUnavailable(message, 60.0, f"git push --force origin <its newest commit by the bot>:{EVIDENCE}")
