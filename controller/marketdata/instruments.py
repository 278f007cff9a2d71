"""The instruments table: name, sector and capitalisation bucket, each with its source and date."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

UNCLASSIFIED = "Unclassified"
INDEX = "Index"
TABLE = Path(__file__).parent / "data" / "instruments.csv"


class Instrument(NamedTuple):
    """One instrument. ``sector`` is the short name; ``cap_bucket`` is Large, Mid, Small or Unclassified.

    ``*_source`` and ``*_date`` say where and as of when; both are empty when the value is unknown.
    """

    symbol: str
    name: str
    sector: str = UNCLASSIFIED
    gics_sector: str = ""
    cap_bucket: str = UNCLASSIFIED
    sector_source: str = ""
    sector_date: str = ""
    cap_source: str = ""
    cap_date: str = ""


def load_instruments(path: Path = TABLE) -> Mapping[str, Instrument]:
    """Read the table, by symbol. Raises ValueError naming file and line."""
    table: dict[str, Instrument] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if row.keys() != set(Instrument._fields) or None in row.values():
                raise ValueError(f"{path}:{reader.line_num}: a row needs exactly {', '.join(Instrument._fields)}")
            instrument = Instrument(**row)
            if not instrument.symbol or instrument.symbol in table:
                raise ValueError(f"{path}:{reader.line_num}: symbol {instrument.symbol!r} is empty or repeated")
            table[instrument.symbol] = instrument
    return table


def sectors(table: Mapping[str, Instrument]) -> dict[str, str]:
    """Symbol to sector for the tradable instruments; an index is none."""
    return {symbol: item.sector for symbol, item in table.items() if item.sector != INDEX}
