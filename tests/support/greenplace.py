"""The book of the spec's samples (section 2.2) as far as its figures agree with each other.

Kept from the samples: equity, cash, peak, twelve positions of $86,110, what each strategy deploys, the three and the
five largest positions, the results of two strategies. The samples contradict themselves elsewhere (a position of
$52,460 that is 14.5% of $98,450, buying power of seven times the cash at a multiplier of 1.0, results that do not add
up to the account's): there the book follows its own arithmetic.
"""

from collections.abc import Sequence
from datetime import datetime

from controller.core.risk.levels import levels
from schemas.audit import GENESIS, AuditEntry, AuditRecord, ChainReport, chain_hash
from schemas.desired import Desired, StrategyStatus, TradingMode
from schemas.limits import LIMITS
from schemas.live import Account, Decision, LiveState, OrderView, PositionView, StrategyLive
from schemas.overview import Overview
from schemas.policy import Policy, StrategyPolicy
from schemas.risk import Analysis, Backtest, BookRisk, Performance, Tail
from schemas.status import Condition, ConditionType, Revision
from tests.support.book import COMMIT, NOW, HeldControl, live, micros

MOMENTUM, VALUE, SENTIMENT, SWING = (f"{number:032x}" for number in (11, 12, 13, 14))
MINUTE_NS = 60_000_000_000
MARKET = "2026-01-19"
NAMED = (
    (MOMENTUM, "ml-momentum-v2", "ML Momentum v2", StrategyStatus.ACTIVE, "40%"),
    (VALUE, "heuristic-value-1", "Value Following", StrategyStatus.ACTIVE, "40%"),
    (SENTIMENT, "ml-sentiment-exp", "Sentiment (Exp)", StrategyStatus.HALTED, "16.4%"),
    (SWING, "contrarian-swing", "Contrarian Swing", StrategyStatus.PAUSED, "40%"),
)
HELD = (
    (MOMENTUM, "NVDA", "Technology", 25, "555.80", "569.20", "2026-01-14"),
    (MOMENTUM, "MSFT", "Technology", 20, "445.00", "470.00", "2026-01-12"),
    (MOMENTUM, "AMD", "Technology", 27, "293.25", "291.49", "2026-01-14"),
    (MOMENTUM, "TSLA", "Consumer", 20, "342.40", "353.00", "2026-01-16"),
    (VALUE, "JPM", "Financials", 40, "298.70", "305.00", "2026-01-11"),
    (VALUE, "JNJ", "Healthcare", 80, "146.00", "150.25", "2026-01-08"),
    (VALUE, "BAC", "Financials", 200, "43.50", "44.65", "2026-01-08"),
    (VALUE, "XOM", "Energy", 10, "104.00", "107.00", "2026-01-09"),
    (SWING, "CSCO", "Technology", 100, "47.75", "49.00", "2026-01-15"),
    (SWING, "INTC", "Technology", 100, "37.40", "39.10", "2026-01-15"),
    (SWING, "WFC", "Financials", 45, "60.00", "62.00", "2026-01-05"),
    (SWING, "CVX", "Energy", 10, "168.00", "173.00", "2026-01-05"),
)
SECTORS = {symbol: sector for _, symbol, sector, *_ in HELD}
LEDGERS = {
    MOMENTUM: ("1360.00", "999.48", "18.92", "38560.23", 2),
    VALUE: ("280.00", "852.00", "11.60", "34220.00", 15),
    SENTIMENT: ("-3430.00", "0", "20.00", "0", 2_880),
    SWING: ("-1985.73", "435.00", "10.00", "13330.00", 60),
}
"""Realised, unrealised, fees, deployed in dollars; minutes since the last trade."""


def _desired() -> Desired:
    sections: dict[str, dict[str, dict[str, str | int]]] = {"hard_limits": {}, "soft_limits": {}}
    for limit in LIMITS:
        section = sections["hard_limits" if limit.hard else "soft_limits"]
        whole = limit.unit.value in ("count", "seconds")
        section.setdefault(limit.group, {})[limit.key] = int(limit.default) if whole else limit.default
    strategies = {
        name: {
            "version": 1,
            "uid": uid,
            "id": name,
            "name": title,
            "owner": "system",
            "status": "active" if status is StrategyStatus.HALTED else status.value,
            "allocation_pct": share,
            "module": "momentum",
        }
        for uid, name, title, status, share in NAMED
    }
    risk = {"version": 1, "account": {"name": "greenplace"}, **sections, "learning": {"started": "2026-01-02"}}
    signer = {"principal": "operator", "key": "ssh-ed25519 AAAA", "roles": ["admin"]}
    return Desired.model_validate(
        {
            "commit": COMMIT,
            "risk": risk,
            "emergency": {"version": 1, "trading_mode": "normal"},
            "trust": {"version": 1, "target": {"repo": "b" * 32, "environment": "paper"}, "signers": [signer]},
            "strategies": strategies,
        }
    )


def _policy() -> Policy:
    return Policy(
        revision=COMMIT,
        account="greenplace",
        mode=TradingMode.NORMAL,
        limits={limit.name: limit.compile(limit.parse(limit.default)) for limit in LIMITS},
        strategies={
            uid: StrategyPolicy(
                uid=uid,
                id=name,
                name=title,
                status=status,
                allocation=micros(float(share.removesuffix("%")) * 1_000),
                module="momentum",
            )
            for uid, name, title, status, share in NAMED
        },
        sectors=SECTORS,
    )


def _order(number: int, side: str, symbol: str, quantity: int, price: str, minutes: int) -> OrderView:
    return OrderView.model_validate(
        {
            "order": f"o{number}",
            "client_id": f"c{number}",
            "uid": MOMENTUM,
            "symbol": symbol,
            "side": side,
            "type": "market",
            "quantity": quantity,
            "filled": quantity,
            "price": 0,
            "average": micros(float(price)),
            "state": "filled",
            "submitted_ns": NOW - minutes * MINUTE_NS,
            "market_time": MARKET,
        }
    )


def _strategy(uid: str) -> StrategyLive:
    realized, unrealized, fees, deployed, minutes = LEDGERS[uid]
    return StrategyLive(
        uid=uid,
        venue_status=StrategyStatus.ACTIVE,
        realized=micros(float(realized)),
        unrealized=micros(float(unrealized)),
        fees=micros(float(fees)),
        deployed=micros(float(deployed)),
        last_trade_ns=NOW - minutes * MINUTE_NS,
    )


def _position(uid: str, symbol: str, _: str, quantity: int, entry: str, mark: str, opened: str) -> PositionView:
    entry_micros, mark_micros = micros(float(entry)), micros(float(mark))
    return PositionView(
        uid=uid, symbol=symbol, quantity=quantity, entry=entry_micros, mark=mark_micros, opened_market=opened
    )


def _live() -> LiveState:
    return LiveState(
        gate=live().gate.model_copy(update={"statuses": {uid: status for uid, _, _, status, _ in NAMED}}),
        venue_mode=TradingMode.NORMAL,
        account=Account(
            cash=micros(12_340),
            equity=micros(98_450.23),
            buying_power=micros(12_340),
            long_exposure=micros(86_110.23),
            short_exposure=0,
        ),
        positions=tuple(_position(*held) for held in HELD),
        orders=(_order(1, "sell", "AAPL", 30, "185.20", 71), _order(2, "buy", "NVDA", 20, "520.30", 38)),
        strategies={uid: _strategy(uid) for uid in LEDGERS},
        market_time=MARKET,
        feed="live",
        feed_age_ms=300,
        as_of_ns=NOW,
    )


PEAKS = {
    key: micros(value)
    for key, value in (
        ("account", 102_340.56),
        (MOMENTUM, 44_475.38),
        (VALUE, 42_392.16),
        (SENTIMENT, 16_400.0),
        (SWING, 40_000.0),
    )
}


def _analysis() -> Analysis:
    book = BookRisk(
        market_time=MARKET,
        benchmark="SPX",
        window=252,
        volatility_20=0.182,
        volatility_60=0.164,
        volatility_ewma=0.191,
        value_at_risk=micros(3_240),
        expected_shortfall=micros(4_410),
        tails=_tails(),
        backtest=Backtest(
            confidence=0.95,
            window=126,
            sessions=126,
            expected=6.3,
            exceptions=8,
            kupiec=0.5038,
            independence=0.3221,
            coverage=0.4891,
        ),
        beta=0.95,
        correlation=0.72,
        pair=("AMD", "NVDA"),
        symbols=("NVDA", "AMD"),
        correlations=((1.0, 0.72), (0.72, 1.0)),
    )
    account = Performance(
        sessions=120,
        sharpe=0.62,
        sharpe_error=0.41,
        sortino=0.9,
        calmar=0.8,
        volatility=0.171,
        annual_return=0.034,
        deepest_drawdown=0.0423,
        longest_drawdown=31,
        present_drawdown=12,
        turnover=4.6,
        curve=tuple(micros(100_000 + 60 * day - day * day) for day in range(60)),
        missing={
            "backtest": "120 of 252 sessions of its own",
            **dict.fromkeys(("win_rate", "average_win", "average_loss"), "no closed trades yet"),
        },
    )
    momentum = Performance(
        sessions=120,
        sharpe=1.23,
        sharpe_error=0.4,
        sortino=1.81,
        calmar=1.1,
        volatility=0.153,
        annual_return=0.121,
        deepest_drawdown=0.0612,
        longest_drawdown=24,
        present_drawdown=9,
        turnover=7.25,
        missing={"backtest": "120 of 252 sessions of its own"},
        win_low=0.4974,
        win_high=0.6582,
        curve=tuple(micros(40_000 + 100 * (day % 25)) for day in range(60)),
        trades=142,
        win_rate=0.58,
        average_win=0.023,
        average_loss=-0.018,
    )
    near = levels(_policy(), _live(), PEAKS, (), book.volatility_20)
    performance = {"account": account, MOMENTUM: momentum}
    return Analysis(levels=near, as_of_ns=NOW, book=book, performance=performance)


def _tails() -> tuple[Tail, ...]:
    found = []
    for method, factor in (("historical", 100), ("gaussian", 97)):
        for confidence, loss in ((0.95, 3_240), (0.975, 3_900), (0.99, 4_700)):
            value = micros(loss) * factor // 100
            found.append(
                Tail.model_validate(
                    {
                        "method": method,
                        "confidence": confidence,
                        "value_at_risk": value,
                        "expected_shortfall": value * 136 // 100,
                    }
                )
            )
    reason = "outside the Cornish-Fisher domain: skewness -1.10, excess kurtosis 1.05"
    return (*found, *(Tail(method="cornish-fisher", confidence=item, reason=reason) for item in (0.95, 0.975, 0.99)))


def greenplace() -> Overview:
    """The picture, at 2026-01-19 10:23:45 UTC."""
    reduced = Decision(
        seq=1,
        at_ns=NOW,
        market_time=MARKET,
        kind="reduced",
        code="volatility",
        uid=MOMENTUM,
        symbol="NVDA",
        message="reduced position sizing (volatility)",
    )
    return Overview(
        pid=4242,
        as_of_ns=NOW,
        revision=Revision(
            observed_tip=COMMIT,
            last_verified=COMMIT,
            last_attempted=COMMIT,
            last_applied=COMMIT,
            last_known_good=COMMIT,
        ),
        desired=_desired(),
        effective=_policy(),
        live=_live(),
        conditions=(Condition(type=ConditionType.READY, status="True", reason="InForce", revision=COMMIT),),
        peaks=PEAKS,
        decisions=(reduced,),
        analysis=_analysis(),
    )


def _entry(at: str, event: str, actor: str = "operator", channel: str = "cli", **more: object) -> AuditEntry:
    at_ns = int(datetime.fromisoformat(f"2026-01-{at}+00:00").timestamp()) * 1_000_000_000
    return AuditEntry.model_validate({"at_ns": at_ns, "event": event, "actor": actor, "channel": channel, **more})


def _halt(at: str, event: str, digit: str, reason: str, **more: str) -> AuditEntry:
    return _entry(at, event, level="critical", details=f"halt {digit * 32}", reason=reason, **more)


def _done(intent: int, entry: AuditEntry) -> AuditEntry:
    return entry.model_copy(update={"kind": "outcome", "intent": intent, "outcome": "done"})


def records() -> list[AuditRecord]:
    """The audit chain of the samples, oldest first."""
    sentiment = f"strategy:{SENTIMENT}"
    status = {"before": "contrarian-swing.status=active", "after": "contrarian-swing.status=paused"}
    limit = {"before": "position.max_position_pct=15%", "after": "position.max_position_pct=20%", "level": "warn"}
    pause = _entry("18 16:45:23", "strategy.pause", kind="intent", scope=SWING, reason="Review signals", **status)
    change = _entry("19 09:45:12", "config.change", kind="intent", **limit)
    entries = (
        _halt("15 09:00:00", "strategy.halt", "e", "poor performance", scope=sentiment),
        pause,
        _done(2, pause),
        change,
        _done(4, change),
        _halt(
            "19 10:05:45", "strategy.halt", "f", "20% DD threshold", actor="system", channel="monitor", scope=sentiment
        ),
        _halt("19 10:13:45", "emergency.halt_all", "d", "Market volatility check"),
        _entry("19 10:23:45", "halt.released", "system", details=f"halt {'d' * 32}"),
    )
    found: list[AuditRecord] = []
    for seq, entry in enumerate(entries, 1):
        previous = found[-1].hash if found else GENESIS
        found.append(AuditRecord(seq=seq, entry=entry, previous=previous, hash=chain_hash(seq, previous, entry)))
    return found


class GreenplaceControl(HeldControl):
    """A Control over the samples' book and audit chain."""

    def __init__(self, chain: Sequence[AuditRecord] | None = None) -> None:
        super().__init__(greenplace())
        self.chain = records() if chain is None else list(chain)

    def audit(self, *, event: str, actor: str, level: str, since_ns: int, limit: int) -> Sequence[AuditRecord]:
        found = [
            item
            for item in reversed(self.chain)
            if item.entry.event.startswith(event)
            and actor in ("", item.entry.actor)
            and level in ("", item.entry.level)
            and item.entry.at_ns >= since_ns
        ]
        return found[:limit]

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        return self.chain[seq : seq + limit]

    def verify_audit(self) -> ChainReport:
        head = self.chain[-1].hash if self.chain else GENESIS
        return ChainReport(ok=True, records=len(self.chain), head=head)
