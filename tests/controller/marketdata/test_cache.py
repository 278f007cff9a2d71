import gzip
from pathlib import Path

import pytest

from controller.marketdata.cache import cached_feed
from controller.marketdata.feed import PACK, Feed, load_feed

BARS = "date,symbol,open,high,low,close,volume\n2013-02-08,AAA,10,12,9,11,500\n2013-02-09,BBB,20,20,20,20,7\n"


def pack(folder: Path, text: str = BARS) -> str:
    with gzip.open(folder / PACK, "wt") as file:
        file.write(text)
    return str(folder)


def loaded_only_from(path: Path, data_dir: str, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """The feed while parsing is impossible."""
    with monkeypatch.context() as context:
        context.delattr("controller.marketdata.cache.load_feed")
        return cached_feed(data_dir, path)


@pytest.mark.parametrize("packed", [False, True])
def test_feed_when_kept_then_read_back_equal_without_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    data_dir, path = pack(tmp_path) if packed else "", tmp_path / "prices"
    first = cached_feed(data_dir, path)
    assert first == load_feed(data_dir)
    again = loaded_only_from(path, data_dir, monkeypatch)
    assert again == first
    assert list(again.columns) == list(first.columns)


def test_feed_when_its_source_changes_then_made_anew(tmp_path: Path) -> None:
    data_dir, path = pack(tmp_path), tmp_path / "prices"
    cached_feed(data_dir, path)
    pack(tmp_path, BARS.replace(",11,", ",12,"))
    assert cached_feed(data_dir, path) == load_feed(data_dir)


@pytest.mark.parametrize("at", [0, 70, 200, -1])
def test_feed_when_any_byte_of_the_file_is_wrong_then_made_anew(tmp_path: Path, at: int) -> None:
    data_dir, path = pack(tmp_path), tmp_path / "prices"
    first = cached_feed(data_dir, path)
    whole = path.read_bytes()
    spoiled = bytearray(whole)
    spoiled[at] ^= 1
    for damaged in (bytes(spoiled), whole[:at], b""):
        path.write_bytes(damaged)
        assert cached_feed(data_dir, path) == first
        assert path.read_bytes() == whole


def test_feed_when_it_cannot_be_kept_then_loaded_all_the_same(tmp_path: Path) -> None:
    assert cached_feed("", tmp_path / "no folder" / "prices") == load_feed()


def test_data_dir_without_prices_then_raises_though_the_shipped_prices_are_kept(tmp_path: Path) -> None:
    cached_feed("", tmp_path / "prices")
    with pytest.raises(FileNotFoundError):
        cached_feed(str(tmp_path), tmp_path / "prices")
