"""Trees that are read before anybody asks: the same entries, and no fault of a neighbour is anybody else's."""

import shutil
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controller.adapters.git import reader as reading
from controller.adapters.git.process import Git
from controller.adapters.git.reader import Reader
from controller.errors import Refused
from schemas.status import RefusalReason
from tests.support.config_repo import make_site

COMMITS = 40
"""More than are read together."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository, and the tip of many commits in it, each with another tree."""
    site = make_site(tmp_path_factory.mktemp("site"))
    with closing(site.source()) as source:
        tip = source.tip()
        for number in range(COMMITS):
            tip = site.commit(source, {"README.md": b"%d\n" % number}, parent=tip)
    return site.home.bare, tip


@pytest.fixture
def bare(made: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of the repository, to be damaged."""
    return Path(shutil.copytree(made[0], tmp_path / "bare"))


@pytest.fixture
def reader(bare: Path) -> Iterator[Reader]:
    found = Reader(Git(bare))
    yield found
    found.close()


def trees(reader: Reader, tip: str) -> list[str]:
    return [commit.tree for commit in reader.commits(None, tip)]


def damage(bare: Path, tree: str, content: bytes) -> None:
    """Put a tree of ``content`` where git looks for ``tree``."""
    path = bare / "objects" / tree[:2] / tree[2:]
    path.chmod(0o600)
    path.write_bytes(zlib.compress(b"tree %d\0" % len(content) + content))


def test_tree_when_commits_were_listed_then_has_what_is_read_alone(reader: Reader, made: tuple[Path, str]) -> None:
    with closing(Reader(Git(made[0]))) as alone:
        for tree in trees(reader, made[1]):
            assert reader.tree(tree) == alone.tree(tree)


def test_tree_when_one_was_asked_for_then_its_neighbours_need_no_git(
    reader: Reader, made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = trees(reader, made[1])
    reader.tree(listed[0])
    monkeypatch.delattr(reader, "batch")
    assert [reader.one_tree(tree, tree) for tree in listed[1:8]]


@pytest.mark.parametrize(
    "content", [b"", b"100644 ../x\0" + b"x" * 20], ids=["another tree", "no tree that git writes"]
)
def test_tree_when_a_neighbour_is_damaged_then_only_that_is_refused(
    reader: Reader, bare: Path, made: tuple[Path, str], content: bytes
) -> None:
    listed = trees(reader, made[1])
    damage(bare, listed[5], content)
    assert reader.tree(listed[0]) and reader.tree(listed[6])
    with pytest.raises(Refused) as raised:
        reader.tree(listed[5])
    assert raised.value.refusal.reason is RefusalReason.BAD_OBJECT


def test_tree_when_neighbours_are_large_then_each_is_read_when_it_is_asked_for(
    reader: Reader, made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_SMALL", 10)
    listed = trees(reader, made[1])
    with closing(Reader(Git(made[0]))) as alone:
        assert [reader.tree(tree) for tree in listed[:4]] == [alone.tree(tree) for tree in listed[:4]]


def test_kept_when_trees_are_many_or_large_then_the_oldest_go(
    reader: Reader, made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_KEPT_ENTRIES", 60)
    listed = trees(reader, made[1])
    for tree in listed:
        reader.tree(tree)
    assert sum(map(len, reader._trees.values())) <= 60
    assert sum(map(len, reader._whole.values())) <= 60
    with closing(Reader(Git(made[0]))) as alone:
        assert reader.tree(listed[0]) == alone.tree(listed[0])
