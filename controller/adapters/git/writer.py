"""Write commits without a work tree: blobs and trees as loose objects, the branch by compare and swap."""

from collections.abc import Mapping

from controller.adapters.git.objects import LooseWriter, commit_payload, join_commit, parse_tree, read, tree_bytes
from controller.adapters.git.process import GitFailed
from controller.adapters.git.reader import Reader
from controller.errors import Raced, SourceUnavailable
from controller.ports import Entry

ZERO = "0" * 40
_Files = Mapping[tuple[str, ...], bytes | None]


class Writer:
    """Writes into the repository that ``reader`` reads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._objects = reader.git.git_dir / "objects"

    def stage(
        self, parent: str | None, files: Mapping[str, bytes | None], author: str, time: int, message: str
    ) -> bytes:
        """Write blobs and trees of ``parent`` (None: an empty tree) with ``files`` put in; the commit's payload."""
        loose = LooseWriter(self._objects)
        base = None if parent is None else self._reader.commit(parent).tree
        split = {tuple(path.split("/")): content for path, content in files.items()}
        tree = self._update(loose, base, split) or loose.write("tree", b"")
        loose.flush()
        return commit_payload(tree, () if parent is None else (parent,), author, time, message)

    def commit(self, payload: bytes, signature: bytes) -> str:
        """Write the signed commit; no ref moves. Returns its id."""
        loose = LooseWriter(self._objects)
        oid = loose.write("commit", join_commit(payload, signature))
        loose.flush()
        return oid

    def move(self, ref: str, new: str, old: str | None) -> None:
        """Compare and swap ``ref`` from ``old`` (None: it must not exist). Raises Raced, SourceUnavailable."""
        try:
            self._reader.git.run(["update-ref", "--no-deref", ref, new, old or ZERO])
        except GitFailed as error:
            if self._reader.ref(ref) != old:
                raise raced(ref) from error
            raise SourceUnavailable(error.message, hint="gt risk doctor") from error

    def _update(self, loose: LooseWriter, tree_id: str | None, files: _Files) -> str | None:
        """The id of ``tree_id`` with ``files`` put in; None when nothing is left in it."""
        entries: dict[str, Entry] = {}
        if tree_id is not None:
            entries = parse_tree(tree_id, read(self._reader.batch, tree_id, "tree")[1])
        folders: dict[str, dict[tuple[str, ...], bytes | None]] = {}
        for path, content in files.items():
            if len(path) > 1:
                folders.setdefault(path[0], {})[path[1:]] = content
            elif content is None:
                entries.pop(path[0], None)
            else:
                entries[path[0]] = Entry("100644", "blob", loose.write("blob", content))
        for name, inner in folders.items():
            known = entries.get(name)
            updated = self._update(loose, known.id if known and known.kind == "tree" else None, inner)
            entries.pop(name, None)
            if updated is not None:
                entries[name] = Entry("040000", "tree", updated)
        raw = tree_bytes(entries)
        parse_tree(tree_id or ZERO, raw)
        return loose.write("tree", raw) if entries else None


def raced(ref: str) -> Raced:
    """The exception for a lost race on ``ref``."""
    return Raced(f"{ref} has moved since the commit was prepared", "run it again: it plans on the newer tip")
