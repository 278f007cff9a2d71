"""Disclosure follower: hold what members of the US Congress reported to have bought.

5 U.S.C. 13107(c) forbids commercial use of the reports: research and paper trading only.

A trade is public only from the day on which its report was filed. The strategy learns of it with the first session on
or after that day (a Saturday's filing with Monday's), and its order fills in the session after.
"""

import csv
import gzip
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

from controller.runner.strategy import Context, NoData, Parameter
from controller.runner.targets import TargetStrategy

FILE = "senate_trades.csv.gz"


class Report(NamedTuple):
    """One disclosed trade; ``amount`` is the lower bound of the reported range in dollars."""

    filed: str
    symbol: str
    side: str
    amount: int


class Disclosure(TargetStrategy):
    """Holds the names of the newest reported purchases."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "minimum_usd": 1001,
        "hold_sessions": 60,
        "slots": 6,
        "follow_sales": True,
    }

    def __init__(self, given: Mapping[str, Parameter], data_dir: str = "") -> None:
        super().__init__(given, data_dir)
        self._reports = read_reports(data_dir)

    @property
    def history(self) -> int:
        """The sessions that a name is held."""
        return self.number("hold_sessions") + 30

    def targets(self, context: Context) -> Mapping[str, int]:
        """Equal shares of the allocation for the newest reports, at the close of the session that learned of each."""
        slots, wanted = self.number("slots"), self._wanted(context)
        each = context.allocation // slots if slots else 0
        newest = sorted(wanted, key=lambda symbol: (-wanted[symbol], symbol))[:slots]
        closes = {symbol: context.market.closes(symbol, 1, wanted[symbol] + 1) for symbol in newest}
        return {symbol: each // found[-1] for symbol, found in closes.items() if found}

    def _wanted(self, context: Context) -> dict[str, int]:
        """Symbol to the index of the session that learned of its newest purchase."""
        dates, wanted = context.market.dates, dict[str, int]()
        first = dates[-min(len(dates), self.number("hold_sessions"))]
        for report in self._reports:
            if not first <= report.filed <= dates[-1] or report.symbol not in context.universe:
                continue
            if report.side == "purchase" and report.amount >= self.number("minimum_usd"):
                wanted[report.symbol] = bisect_left(dates, report.filed)
            elif report.side == "sale" and self.values["follow_sales"]:
                wanted.pop(report.symbol, None)
        return wanted


def read_reports(data_dir: str) -> tuple[Report, ...]:
    """The reports in order of filing. Raises NoData when there is no data pack; ValueError names file and line."""
    path = Path(data_dir) / FILE
    if not data_dir or not path.exists():
        raise NoData(f"no {FILE}: set GT_RISK_DATA_DIR to the folder of the data pack")
    reports: list[Report] = []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                amount = int(row["amount_low_usd"] or 0)
                reports.append(Report(row["filed"], row["symbol"], row["side"], amount))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}:{reader.line_num}: {error!r}") from None
    return tuple(sorted(reports, key=lambda report: report.filed))
