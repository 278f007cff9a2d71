"""Every table of the store, in one place. ``comment`` is the documentation; docs/database/schema.md is made of it.

Times are Unix nanoseconds, money is in micro-dollars, quantities are whole shares.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, SmallInteger, String, Table, Text

metadata = MetaData()


def _time(name: str, comment: str, *, primary: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=primary, autoincrement=False, nullable=False, comment=comment)


def _text(name: str, comment: str, *, primary: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary, nullable=False, comment=comment)


def _number(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def _flag(name: str, comment: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False, comment=comment)


def _figure(name: str, comment: str) -> Column[float]:
    return Column(name, Double, nullable=False, comment=comment)


def _label() -> tuple[Column[str], Column[str], Column[int]]:
    """What belongs to an arm of an A/B test."""
    return (
        _text("arm", "variant of an A/B test, A or B; empty: of no test"),
        _text("test", "A/B test, empty without one"),
        _number("epoch", "step of the test's rollout, 0 before it"),
    )


audit = Table(
    "audit",
    metadata,
    Column(
        "seq",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="place in the chain, from 1",
    ),
    _time("at_ns", "when"),
    _text("event", "what, as emergency.halt_all"),
    _text("actor", "who"),
    _text("channel", "cli, api, git, monitor, gate, controller or bot"),
    _text("level", "info, warn, error or critical"),
    _text("kind", "intent, outcome or fact"),
    _number("intent", "sequence number of the intent that this outcome closes, else 0"),
    _text("outcome", "done, failed, partial, refused or unknown; empty without one"),
    _text("scope", "account or strategy:<uid>"),
    _text("reason", "why, as the person wrote it"),
    _text("before", "value before"),
    _text("after", "value after"),
    _text("revision", "commit that it speaks of"),
    _text("audit_id", "id that intent and outcome share"),
    _text("details", "more"),
    Column("previous", String(64), nullable=False, comment="hash of the record before"),
    Column("hash", String(64), nullable=False, comment="SHA-256 over seq, previous and every field"),
    Index("audit_by_id", "audit_id"),
    Index("audit_by_intent", "kind", "intent"),
    comment="Hash-chained audit log. Rows are never changed or deleted (triggers); audit.head keeps its end.",
)

revisions = Table(
    "revisions",
    metadata,
    Column(
        "name",
        String(32),
        primary_key=True,
        comment="observed_tip, last_verified, last_attempted, last_applied or last_known_good",
    ),
    _text("commit_id", "commit, empty when there is none"),
    comment="Where the controller stands in the config repo's history.",
)

plans = Table(
    "plans",
    metadata,
    Column("digest", String(64), primary_key=True, comment="digest of the plan"),
    _time("at_ns", "when it was last tried"),
    _text("target", "commit that it leads to"),
    _text("outcome", "what came of it"),
    _text("document", "the plan as JSON"),
    Index("plans_by_time", "at_ns"),
    comment="Plans that were applied or refused.",
)

halts = Table(
    "halts",
    metadata,
    Column("id", String(32), primary_key=True, comment="128 random bits in hex"),
    _text("scope", "account or strategy:<uid>"),
    _text("mode", "trading mode that it forces"),
    _time("opened_ns", "when it was raised"),
    _text("actor", "who raised it"),
    _text("source", "cli, api, monitor, gate, controller or synthetic"),
    _text("reason", "why; may be added later"),
    Column("word", String(16), nullable=False, comment="latch word in hex"),
    _number("slot", "latch slot, -1 when unknown"),
    _flag("durable", "1: in the journal"),
    _flag("adopted", "1: in store and policy"),
    _flag("evidenced", "1: on the bot's branch"),
    comment="Halts known to the store, open and released.",
)

releases = Table(
    "releases",
    metadata,
    Column("halt_id", String(32), primary_key=True, comment="halt that was lifted; it may be unknown here"),
    _time("at_ns", "when"),
    _text("commit_id", "commit that cleared it"),
    comment="Halts that were lifted; for ever.",
)

peaks = Table(
    "peaks",
    metadata,
    Column("scope", String(64), primary_key=True, comment="account or strategy uid"),
    _number("value", "high-water mark of equity"),
    comment="High-water marks for drawdown; a restart never rebases them.",
)

decisions = Table(
    "decisions",
    metadata,
    _time("at_ns", "when", primary=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="number that the gate gave it"),
    _text("market_time", "market clock"),
    _text("kind", "denied, warned, reduced or halted"),
    _text("code", "check that decided"),
    _text("uid", "strategy"),
    _text("symbol", "instrument"),
    _text("limit", "limit that decided"),
    _number("observed", "figure before the order"),
    _number("projected", "figure with the order"),
    _number("value", "value of the limit"),
    _text("revision", "policy's commit"),
    _text("message", "for people"),
    comment="What the gate decided that people should see; kept for 90 days.",
)

positions = Table(
    "positions",
    metadata,
    Column("uid", String(32), primary_key=True, comment="strategy"),
    Column("symbol", String(12), primary_key=True, comment="instrument"),
    _number("quantity", "shares, shorts negative"),
    _number("entry", "average entry price"),
    _number("mark", "price now"),
    _text("opened_market", "session in which it was opened"),
    _number("realized", "realised profit and loss"),
    *_label(),
    comment="Positions as last read from the engine.",
)

orders = Table(
    "orders",
    metadata,
    Column("order", String(64), primary_key=True, comment="id that the gate gave it"),
    _text("client_id", "id that the strategy gave it"),
    _text("uid", "strategy"),
    _text("symbol", "instrument"),
    _text("side", "buy or sell"),
    _text("type", "market, limit or stop"),
    _number("quantity", "shares asked for"),
    _number("filled", "shares filled"),
    _number("price", "price asked for, 0 for a market order"),
    _text("state", "pending, working, filled, cancelled, rejected or unknown"),
    _time("submitted_ns", "when"),
    _text("market_time", "market clock"),
    _number("average", "average fill price"),
    *_label(),
    Index("orders_by_time", "submitted_ns"),
    comment="Orders as last read from the engine; kept for ever.",
)

fills = Table(
    "fills",
    metadata,
    Column("book", String(32), primary_key=True, comment="id of the venue's book: a new book begins anew"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="number in the book, from 1"),
    _text("order", "order; it may have left the engine before it was read"),
    _text("uid", "strategy"),
    _text("symbol", "instrument"),
    _text("side", "buy or sell"),
    _number("quantity", "shares"),
    _number("price", "price of a share"),
    _number("fee", "fee"),
    _number("position", "shares that the strategy held after it, shorts negative"),
    _text("market_time", "market clock"),
    _time("at_ns", "when"),
    *_label(),
    Index("fills_by_strategy", "book", "uid", "seq"),
    comment="Fills as the venue logged them, each once; kept for ever.",
)

trials = Table(
    "trials",
    metadata,
    Column("test", String(64), primary_key=True, comment="A/B test"),
    _text("state", "collecting, running, or what was decided, which stays"),
    _time("decided_ns", "when it was decided, 0 before"),
    _text("document", "what was counted and found, as JSON (schemas/trials.py)"),
    comment="A/B tests as far as they were seen; for ever.",
)

looks = Table(
    "looks",
    metadata,
    Column("test", String(64), primary_key=True, comment="A/B test"),
    Column("n", BigInteger, primary_key=True, autoincrement=False, comment="observations that it saw"),
    _figure("information", "share of the largest sample"),
    _figure("z", "statistic, positive for B"),
    _figure("boundary", "|z| that it had to exceed"),
    _figure("spent", "alpha spent so far"),
    _figure("p", "p of this look alone"),
    _figure("shown", "p that holds its level at every look"),
    _text("crossed", "a or b: whom the boundary favours; else empty"),
    _time("at_ns", "when"),
    _text("market_time", "market clock"),
    comment="Looks at A/B tests, each once; for ever.",
)

shadows = Table(
    "shadows",
    metadata,
    Column("book", String(32), primary_key=True, comment="id of the venue's book"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="number in the book, from 1"),
    _text("uid", "strategy"),
    _text("test", "A/B test"),
    _number("epoch", "step of the test's rollout"),
    _text("market_time", "session"),
    _number("return_a", "return of variant A, parts per billion"),
    _number("return_b", "return of variant B, parts per billion"),
    _number("signals_a", "signals drawn for A, where they are shared"),
    _number("signals_b", "signals drawn for B"),
    Index("shadows_by_test", "book", "test", "seq"),
    comment="Sessions of A/B tests, each once; for ever.",
)

samples = Table(
    "samples",
    metadata,
    Column("series", String(16), primary_key=True, comment="equity, positions, metrics, prices or sessions"),
    Column(
        "resolution", SmallInteger, primary_key=True, autoincrement=False, comment="0: as sampled, 1: minute, 2: day"
    ),
    _time("at_ns", "when; start of the bucket for a minute or a day", primary=True),
    Column(
        "key", String(64), primary_key=True, comment="account, strategy uid, uid/symbol, symbol, metric, or book:scope"
    ),
    _text("market_time", "market clock"),
    _number("value", "value, the last one of the bucket"),
    _number("low", "lowest value of the bucket"),
    _number("high", "highest value of the bucket"),
    sqlite_with_rowid=False,
    comment="Series: raw for 24 hours, then a row a minute for 90 days, then a row a day for ever.",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the alert"),
    Column("fingerprint", String(16), nullable=False, comment="the same rule about the same thing has the same"),
    _text("rule", "rule that raised it"),
    _text("level", "INFO, WARN, ERROR or CRITICAL"),
    _flag("severity", "0 to 3, as the level"),
    _text("source", "what it is about, as people sort it"),
    _text("scope", "account or strategy:<uid>"),
    _text("message", "for people"),
    _flag("standing", "1: it ends with its cause; 0: with its acknowledgement"),
    _number("record", "audit record that raised it, 0 for none"),
    _time("first_ns", "first occurrence"),
    _time("last_ns", "newest occurrence"),
    _number("count", "occurrences"),
    _number("withheld", "occurrences since it was last sent"),
    _number("reminded", "times it was sent again because nobody acknowledged it"),
    _time("sent_ns", "when it was last given out for sending"),
    _time("acked_ns", "when a person acknowledged it, 0 for never"),
    _text("acked_by", "who"),
    _text("note", "what the person said"),
    _time("resolved_ns", "when it was over, 0 while it is not"),
    _number("change", "number of its newest change, rising over all alerts"),
    Index("alerts_by_fingerprint", "fingerprint", "id"),
    Index("alerts_by_state", "resolved_ns", "severity"),
    Index("alerts_by_time", "first_ns"),
    Index("alerts_by_change", "change"),
    sqlite_autoincrement=True,
    comment="Alerts: every occurrence of one fingerprint until it is resolved; kept for 90 days after that.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the delivery"),
    _number("alert", "alert, 0 for a digest"),
    _text("channel", "logs, email, slack or apprise"),
    _text("kind", "first, repeat, reminder, resolved or digest"),
    _text("state", "waiting, held (for a digest), digested, sent or lost"),
    _flag("critical", "1: goes before all others"),
    _time("due_ns", "when; of a held one, when its digest goes"),
    _time("made_ns", "when it was decided"),
    _time("begun_ns", "when somebody began to send it, 0 while nobody does"),
    _time("sent_ns", "when it had arrived, 0 before"),
    _number("attempts", "times it was begun; more than once may mean more than one message"),
    _text("error", "what the last attempt met"),
    _text("note", "words about this delivery"),
    _text("title", "of a digest"),
    _text("text", "of a digest"),
    Index("deliveries_by_state", "state", "channel"),
    Index("deliveries_by_alert", "alert"),
    Index("deliveries_by_time", "channel", "made_ns"),
    sqlite_autoincrement=True,
    comment="The outbox: written in one transaction with its alert, sent at least once.",
)

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the silence"),
    _text("fingerprint", "alerts of this fingerprint; empty for a rule"),
    _text("rule", "alerts of this rule that are not CRITICAL; empty for a fingerprint"),
    _time("until_ns", "its end"),
    _text("actor", "who"),
    _text("reason", "why"),
    _time("made_ns", "when"),
    sqlite_autoincrement=True,
    comment="Alerts that are kept but not sent for a while.",
)

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("channel", String(16), primary_key=True, comment="channel"),
    _time("ok_ns", "when a message last arrived"),
    _time("failed_ns", "when one last did not"),
    _number("failures", "failures in a row"),
    _text("error", "what the last failure said"),
    comment="How each channel does.",
)

alert_marks = Table(
    "alert_marks",
    metadata,
    Column("name", String(16), primary_key=True, comment="record, decision_ns, decision or change"),
    _number("value", "how far the facts were judged; the newest change"),
    comment="Moved in one transaction with the alerts that the facts raised, so that no fact is judged half.",
)
