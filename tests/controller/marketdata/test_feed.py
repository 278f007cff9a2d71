import gzip
import hashlib
from array import array
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import stdev

import pytest

from controller.marketdata.feed import CLOSES, PACK, Column, Feed, Quote, load_feed
from controller.marketdata.instruments import load_instruments, sectors
from controller.marketdata.prices import dollars, micro_dollars
from tests.support.paper import DOLLAR, feed_of

HEADER = "date,symbol,open,high,low,close,volume"


def pack(folder: Path, *lines: str) -> Feed:
    with gzip.open(folder / PACK, "wt") as file:
        file.write("\n".join([HEADER, *lines, ""]))
    return load_feed(str(folder))


def test_shipped_closes_when_loaded_then_are_what_provenance_says() -> None:
    text = (CLOSES.parent / "PROVENANCE.md").read_text()
    assert hashlib.sha256(CLOSES.read_bytes()).hexdigest() in text
    assert hashlib.sha256(gzip.decompress(CLOSES.read_bytes())).hexdigest() in text
    feed = load_feed()
    assert (len(feed.sessions), feed.sessions[0], feed.sessions[-1]) == (4277, "2006-01-03", "2022-12-28")
    assert (len(feed.tradable), set(feed.indices)) == (20, {"SPX"})
    assert feed.columns["AAPL"].close[0] == 2_269_000
    assert feed.columns["SPX"].close[-1] == 3_783_220_000
    assert all(min(column.close) > 0 for column in feed.columns.values())


def test_shipped_closes_when_quoted_then_only_the_close_is_known() -> None:
    assert load_feed().quote("AAPL", 0) == Quote(0, 0, 0, 2_269_000, -1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10,12,9,11,500", Quote(10 * DOLLAR, 12 * DOLLAR, 9 * DOLLAR, 11 * DOLLAR, 500)),
        (",12,9,11,500", Quote(0, 0, 0, 11 * DOLLAR, 500)),
        ("8,12,9,11,500", Quote(0, 0, 0, 11 * DOLLAR, 500)),
        ("10,10.5,9,11,500", Quote(0, 0, 0, 11 * DOLLAR, 500)),
        (",,,11,0", None),
        (",,,11,", None),
        ("10,12,9,,500", None),
    ],
)
def test_pack_bar_when_incomplete_or_inconsistent_then_only_the_close_is_believed(
    tmp_path: Path, line: str, expected: Quote | None
) -> None:
    assert pack(tmp_path, f"2013-02-08,AAA,{line}").quote("AAA", 0) == expected


def test_pack_when_a_symbol_misses_sessions_then_no_quote_and_the_last_mark_stays(tmp_path: Path) -> None:
    feed = pack(
        tmp_path,
        "2013-02-08,AAA,10,10,10,10,1",
        "2013-02-08,BBB,20,20,20,20,1",
        "2013-02-11,AAA,11,11,11,11,1",
        "2013-02-12,AAA,12,12,12,12,1",
        "2013-02-12,CCC,5,5,5,5,1",
    )
    assert feed.quote("BBB", 1) is None
    assert feed.quote("BBB", 2) is None
    assert feed.closes(1) == {"AAA": 11 * DOLLAR}
    assert feed.marks(2) == {"AAA": 12 * DOLLAR, "BBB": 20 * DOLLAR, "CCC": 5 * DOLLAR}
    assert feed.marks(1).keys() == {"AAA", "BBB"}
    assert feed.history("BBB", 2, 5) == [("2013-02-08", 20 * DOLLAR)]


def test_pack_when_loaded_then_has_the_shipped_index_on_its_dates(tmp_path: Path) -> None:
    feed = pack(tmp_path, "2013-02-08,AAA,10,10,10,10,1", "2013-02-09,AAA,10,10,10,10,1")
    assert feed.history("SPX", 1, 5) == [("2013-02-08", 1_517_930_000)]
    assert feed.tradable == ["AAA"]
    assert "SPX" not in feed.marks(1)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("2013-02-07,AAA,1,1,1,1,1", "3: session 2013-02-07 does not follow"),
        ("2013-02-08,AAA,1,1,1,1,1", "3: a second bar"),
        ("2013-02-09,AAA,1,1,1,-1,1", "3: '-1' is not a price"),
        ("2013-02-09,AAA,1,1,1,1.1234567,1", "3: '1.1234567' is not a price"),
        ("2013-02-09,AAA,1,1", "3: "),
    ],
)
def test_pack_line_that_is_wrong_then_error_names_file_and_line(tmp_path: Path, second: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack(tmp_path, "2013-02-08,AAA,1,1,1,1,1", second)


def test_data_dir_without_prices_then_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_feed(str(tmp_path))


def test_volatility_when_20_returns_are_known_then_is_annualised_sample_deviation() -> None:
    closes = [100.0 + (day * 7 % 13) for day in range(25)]
    feed = feed_of({"AAA": closes})
    window = closes[4:25]
    expected = stdev([b / a - 1 for a, b in pairwise(window)]) * sqrt(252)
    assert feed.volatility(24)["AAA"] == pytest.approx(expected * 1e6, abs=1)
    assert feed.volatility(19) == {}


def test_volatility_when_sessions_are_missing_then_uses_the_closes_that_exist() -> None:
    closes = array("q", [DOLLAR, 0] * 30)
    feed = Feed([f"{day:03d}" for day in range(60)], {"AAA": Column(closes)}, frozenset())
    assert feed.volatility(59) == {"AAA": 0}
    assert feed.volatility(30) == {}


def test_first_session_when_searched_then_is_on_or_after_the_date() -> None:
    feed = feed_of({"AAA": [1.0] * 5})
    assert [feed.first(date) for date in ("2019", "2020-01-02", "2020-01-03", "2021")] == [0, 1, 2, 5]


def test_instruments_when_loaded_then_every_fact_has_a_source_and_a_date() -> None:
    table = load_instruments()
    for item in table.values():
        assert bool(item.gics_sector) == bool(item.sector_source) == bool(item.sector_date)
        assert (item.cap_bucket in ("Large", "Mid", "Small")) == bool(item.cap_source) == bool(item.cap_date)
        assert (item.sector in ("Unclassified", "Index")) != bool(item.gics_sector)
    assert set(load_feed().columns) <= table.keys()
    assert (table["AAPL"].sector, table["AAPL"].cap_bucket) == ("Technology", "Large")
    assert (table["RRC"].cap_bucket, table["DISH"].sector) == ("Small", "Unclassified")
    assert "SPX" not in sectors(table)


@pytest.mark.parametrize("row", ["AAA,A", "AAA,A,T,T,Large,,,,\nAAA,A,T,T,Large,,,,", ",A,T,T,Large,,,,"])
def test_instruments_table_that_is_wrong_then_error_names_the_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "instruments.csv"
    header = "symbol,name,sector,gics_sector,cap_bucket,sector_source,sector_date,cap_source,cap_date"
    path.write_text(f"{header}\n{row}\n")
    with pytest.raises(ValueError, match=r"instruments\.csv:\d: "):
        load_instruments(path)


@pytest.mark.parametrize(("text", "micros"), [("67.8542", 67_854_200), ("5", 5 * DOLLAR), ("", 0), ("0.000001", 1)])
def test_price_text_when_read_then_is_exact(text: str, micros: int) -> None:
    assert micro_dollars(text) == micros


@pytest.mark.parametrize("text", ["1e5", "-1", ".", "1,000", "1.0000001", "nan"])
def test_price_text_that_is_none_then_raises(text: str) -> None:
    with pytest.raises(ValueError, match="not a price"):
        micro_dollars(text)


def test_price_when_printed_then_has_cents() -> None:
    assert dollars(67_854_200) == "67.85"
