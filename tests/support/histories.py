"""Signed histories on real git, written object by object: commits, merges of any shape, unsigned ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.adapters.git.objects import LooseWriter, commit_payload
from controller.adapters.git.source import GitSource
from tests.support.config_repo import LANDING, Site

PLAIN = "Work in progress\n"
AUTHOR = "A Person <a@example.org>"
AT = 1_768_818_225
Files = Mapping[str, bytes | None]


def record(number: int) -> Files:
    """A halt record that nobody knows, which anybody may add."""
    halt_id = f"{number:032x}"
    text = f'version: 1\nid: "{halt_id}"\nscope:\n  kind: account\nmode: pause-new-orders\n'
    text += 'opened: "2026-01-19T10:23:45Z"\nactor: kim\nchannel: cli\nreason: ""\n'
    return {f"halts/{halt_id}.yaml": text.encode()}


@dataclass
class Histories:
    """Writes into the repository of ``source`` with the keys of ``site``; nothing moves a branch."""

    site: Site
    source: GitSource

    def commit(self, parent: str, files: Files, signer: str = "operator", message: str = "Change" + LANDING) -> str:
        """A signed commit on ``parent``."""
        return self.site.commit(self.source, files, signer, message, parent)

    def merge(self, *parents: str, files: Files | None = None, signer: str = "forge", message: str = "Merge\n") -> str:
        """A merge that takes the tree of its first parent, with ``files`` put in."""
        staged = self.source.stage(parents[0], files or {}, "A <a@b>", 1, "x")
        tree = staged.split(b"\n", 1)[0].split()[1].decode()
        return self.signed(commit_payload(tree, parents, AUTHOR, AT, message), signer)

    def signed(self, payload: bytes, signer: str = "operator") -> str:
        """The commit of any payload, signed by ``signer``."""
        return self.source.seal(payload, self.site.key(signer)(payload))

    def unsigned(self, parent: str, files: Files, message: str = "Unsigned") -> str:
        """A commit that nobody signed."""
        return self.raw("commit", self.source.stage(parent, files, "A <a@b>", AT, message))

    def raw(self, kind: str, content: bytes) -> str:
        """Any object at all."""
        loose = LooseWriter(self.source.git.git_dir / "objects")
        oid = loose.write(kind, content)  # type: ignore[arg-type]  # one of git's kinds
        loose.flush()
        return oid
