"""The store's file gone or replaced under an open store: it is used no more, since nobody finds it again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.adapters.store.database import Database
from controller.errors import StoreUnavailable


def removed(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("other"))
    path.with_name("other").rename(path)


@pytest.mark.parametrize("lose", [removed, emptied, replaced])
def test_store_when_its_file_is_lost_while_open_then_unavailable_and_says_what_to_do(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    path = tmp_path / "store.db"
    database = Database(path)
    with database.write():
        pass
    lose(path)
    for use in (database.read, database.write):
        with pytest.raises(StoreUnavailable, match="removed, emptied or replaced") as caught, use():
            pytest.fail("used")
        assert "service start" in caught.value.hint
    database.close()
