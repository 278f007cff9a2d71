# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of latch, gate, halt and venue, each as (module, what is lost, text, what it becomes)."""

from tests.mutants.mutant import Mutant

Rows = tuple[tuple[str, str, str, str], ...]


def edits(tests: tuple[str, ...], rows: Rows) -> tuple[Mutant, ...]:
    return tuple(Mutant(module, tests, why=why, old=old, new=new) for module, why, old, new in rows)


_AUTHORITY = "controller.gate.authority"
_CHECK = "controller.gate.check"
_DESK = "controller.gate.desk"
_QUICK = "controller.gate.quick"
_STANDING = "controller.gate.standing"
_HANDLERS = "controller.gate.handlers"
_SENTINEL = "controller.gate.sentinel"
_KEEPER = "controller.gate.policy"

GATE = edits(
    (
        "test_gate_check",
        "test_gate_desk",
        "test_gate_standing",
        "test_gate_service",
        "test_gate_connections",
        "test_gate_process",
        "test_gate_answers",
    ),
    (
        (_AUTHORITY, "latch anomaly freezes", "        if state.anomaly:\n", "        if False:\n"),
        (_AUTHORITY, "no policy freezes", "        if not self.policies:\n", "        if False:\n"),
        (_AUTHORITY, "permit restricts", 'if state.permit != "ok":', "if False:"),
        (_AUTHORITY, "refused policy restricts", "if self.keeper.problem else ", "if False else "),
        (_AUTHORITY, "socket halt of the account binds", "max(state.mode, self.sticky.get(ACCOUNT, 0))", "state.mode"),
        (_AUTHORITY, "latch halt of a strategy binds", "max(statuses.get(uid, 0), status_of_mode(level))", "0"),
        (_AUTHORITY, "second look before the send", "return self._latch.poll(boot_ns) is self.seen", "return True"),
        (_CHECK, "latch mode halts", "if case.standing.mode < FREEZE and ", "if "),
        (_CHECK, "policy mode halts", " and case.policy.mode < FREEZE:", ":"),
        (_CHECK, "restriction reduces", "why = case.standing.reduce_only", 'why = ""'),
        (_CHECK, "latch pause reduces", "if case.standing.mode or case.policy.mode:", "if case.policy.mode:"),
        (_CHECK, "policy pause reduces", "if case.standing.mode or case.policy.mode:", "if case.standing.mode:"),
        (_CHECK, "paused strategy reduces", "elif case.status >= PAUSED:", "elif False:"),
        (_CHECK, "every policy is asked", "for policy in policies[1:]:", "for policy in policies[1:1]:"),
        (
            "controller.gate.case",
            "policy status counts",
            "if strategy is not None and strategy.status > status:",
            "if False:",
        ),
        (_DESK, "repeat is not sent again", "if known is not None:\n            return self._repeat", "if False:\n            return self._repeat"),
        (_DESK, "client id is not reused", "if not same(order, first, quantity):", "if False:"),
        (_DESK, "freeze cancels all", "return rank == 0 or (rank == 1 and order.reduce_only)", "return rank == 0 or order.reduce_only"),
        (_DESK, "pause cancels entries", "return rank == 0 or (rank == 1 and order.reduce_only)", "return rank <= 1"),
        (_DESK, "strategy halt cancels", "max(mode, authority.standing.status_under(uid, authority.policies))", "mode"),
        (_DESK, "exits are trimmed after fills", "            self.trim_exits()\n", ""),
        (_DESK, "fill counts once", "if event.seq <= self._fill_seq:", "if False:"),
        (_DESK, "rate survives a restart", "            self.book.count(at)\n", ""),
        (_DESK, "orders are remembered over a restart", "            self.book.remember(request_of(order), order.order, order.quantity, at)\n", ""),
        (_DESK, "reservation before the send", "        self.book.reserve(item)\n", ""),
        (_DESK, "exits stay reduce-only", "reduce_only=verdict.reducing,", "reduce_only=False,"),
        (_DESK, "unknown outcome stays reserved", "            item.unknown = True\n", "            self.book.release(placed.order)\n"),
        (_STANDING, "account halt-all halts strategies", "return HALTED if self.mode == HALT else max(ranks)", "return max(ranks)"),
        (_STANDING, "unknown uid is halted", "HALTED if known is None or policy.mode == HALT else known.status", "0 if known is None else known.status"),
        (_STANDING, "strategy freeze halts", "return PAUSED if mode == PAUSE else HALTED", "return PAUSED"),
        (_STANDING, "restriction shows as pause", "return max(mode, PAUSE) if self.reduce_only else mode", "return mode"),
        (_HANDLERS, "fills are told when they are on disk", "if number(item) <= durable]", "]"),
        (_HANDLERS, "fills are of the book that is asked for", 'if _text(request, "book") != book:', "if False:"),
        (_SENTINEL, "socket halt never loosens", "max(mode, authority.sticky.get(scope, 0))\n", "mode\n"),
        (_SENTINEL, "socket halt binds until the latch has it", "if level >= mode and self._binds(word):", "if True:"),
    ),
)

QUICK = edits(
    ("test_gate_check", "test_gate_check_book", "test_gate_check_soft", "test_gate_properties"),
    (
        (_QUICK, "quick look: frozen", "not standing.frozen\n        and ", ""),
        (_QUICK, "quick look: latch mode", "        and not standing.mode\n", ""),
        (_QUICK, "quick look: permit", "        and not standing.reduce_only\n", ""),
        (_QUICK, "quick look: policy mode", "        and not policy.mode\n", ""),
        (_QUICK, "quick look: policy status", "        and not strategy.status\n", ""),
        (_QUICK, "quick look: latch status", "        and order.uid not in standing.statuses\n", ""),
        (_QUICK, "quick look: absent limit", "        and not policy.absent\n", ""),
        (_QUICK, "quick look: whole numbers", "        and type(order.quantity) is type(order.limit) is type(order.stop) is int\n", ""),
        (_QUICK, "quick look: quantity above 0", "        and order.quantity > 0\n", ""),
        (_QUICK, "quick look: limit of at least 0", "        and order.limit >= 0\n", ""),
        (_QUICK, "quick look: stop of at least 0", "        and order.stop >= 0\n", ""),
        (_QUICK, "quick look: known side", "        and order.side in SIDE_NAMES\n", ""),
        (_QUICK, "quick look: known type", "        and order.type in TYPES\n", ""),
        (_QUICK, "quick look: exits", "own.quantity * side >= 0\n        and ", ""),
        (_QUICK, "quick look: price", "mark > 0 < equity", "True"),
        (_QUICK, "quick look: universe", "        and (not strategy.universe or symbol in strategy.universe)\n", ""),
        (_QUICK, "quick look: duplicate", "        and now - book.repeats.get((uid, symbol, side, quantity, kind, limit, stop), NEVER)\n        >= policy.duplicate_seconds * SECOND_NS\n", ""),
        (_QUICK, "quick look: stale price", "        and now - book.price_ns <= policy.max_price_age * SECOND_NS\n", ""),
        (_QUICK, "quick look: rate", "        and len(book.recent) < policy.max_per_minute\n", ""),
        (_QUICK, "quick look: collar", "        and abs((limit or stop or mark) - mark) * PPM <= policy.price_collar_pct * mark\n", ""),
        (_QUICK, "quick look: least position", "policy.min_position_dollars <= value <= policy.max_dollars", "value <= policy.max_dollars"),
        (_QUICK, "quick look: order size", "policy.min_position_dollars <= value <= policy.max_dollars", "policy.min_position_dollars <= value"),
        (_QUICK, "quick look: position", "        and worst <= bounds.line\n", ""),
        (_QUICK, "quick look: gross", "        and book.gross + added <= bounds.all_lines\n", ""),
        (_QUICK, "quick look: positions", "        and book.occupied + (not line.worst) <= policy.max_positions\n", ""),
        (_QUICK, "quick look: allocation", "        and strand.deployed + value <= strategy.cap\n", ""),
        (_QUICK, "quick look: positions of the strategy", "        and (strategy.max_positions < 0 or strand.occupied < strategy.max_positions)\n", ""),
        (_QUICK, "quick look: active strategies", "        and len(book.strands) < policy.max_strategies_active\n", ""),
        (_QUICK, "quick look: net long", "        and book.net + book.buy_total + value <= bounds.net\n", ""),
        (_QUICK, "quick look: net short", "        and book.sell_total - book.net + value <= bounds.net\n", ""),
        (_QUICK, "quick look: cash reserve", "        and book.cash - book.short_value - book.buy_total - value >= bounds.free_cash\n", ""),
        (_QUICK, "quick look: volatility warned", "        and volatility <= policy.position_warning\n", ""),
        (_QUICK, "quick look: volatility reduced", "        and volatility <= policy.position_reduction\n", ""),
        (_QUICK, "quick look: sector", "        and book.sector_value(policy.sectors_id, policy.sectors, sector) + added <= bounds.sector\n", ""),
    ),
)

POLICY = edits(
    ("test_gate_policy", "test_gate_standing", "test_gate_policy_texts"),
    (
        (_KEEPER, "another text is another policy", "if text.startswith(item, at)), \"\")", "if text[at:]), \"\")"),
        (_KEEPER, "policies are a list", 'if text[:1] != "[" or text[end:] != "]":', "if False:"),
        (_KEEPER, "policies stand one by one", 'if after != end and (text[after] != "," or after + 1 == end):', "if False:"),
        (_KEEPER, "lower version", "if version < max(self._version, 1):", "if False:"),
        (_KEEPER, "lower permit fence", "if fence < self._permit_fence:", "if False:"),
        (_KEEPER, "file of another version", "if snapshot.version != version:", "if False:"),
        (_KEEPER, "digest of the permit", "if int(snapshot.digest[:6], 16) != digest24:", "if False:"),
        (_KEEPER, "lower fence", "if snapshot.fence < self._fence:", "if False:"),
        (_KEEPER, "other environment", "if snapshot.environment != self._environment:", "if False:"),
        (_KEEPER, "declared digest", "if declared != snapshot.digest:", "if False:"),
        (_KEEPER, "format", 'if source["format"] != FORMAT:', "if False:"),
        (_KEEPER, "one or two policies", "if not 1 <= len(self.policies) <= 2:", "if False:"),
        (_KEEPER, "size of the file", "if len(data) > MAX_BYTES:", "if False:"),
        (_KEEPER, "whole numbers", "if type(value) is not int or value < 0:", "if False:"),
    ),
)

_READER = "controller.latch.reader"
_MAPPED = "controller.latch.mapped"
_RAISING = "controller.latch.raising"
_PERMIT = "controller.latch.permit"
_LAYOUT = "controller.latch.layout"

READER = edits(
    ("test_latch_reader", "test_latch_layout", "test_latch_rules"),
    (
        (_READER, "permit time is watched", "in_time is self._in_time\n            and ", ""),
        (_READER, "raise file is watched", "            and self._raise[OVERFLOW_AT:SLOTS_END] == self._raise_seen\n", ""),
        (_READER, "permit file is watched", "            and self._permit[POLICY_AT:PERMIT_END] == self._permit_seen\n", ""),
        (_READER, "permit never issued", 'if until == 0:\n        return "never"', 'if until == 0:\n        return "ok"'),
        (_READER, "permit of another boot", "if not this_boot:", "if False:"),
        (_READER, "permit of no known boot", "boot == self._boot64 != 0", "boot == self._boot64"),
        (_READER, "permit expired", "if until <= boot_ns:", "if False:"),
        (_READER, "permit too far ahead", '"ok" if until - boot_ns <= PERMIT_LIMIT_NS else "too-far"', '"ok"'),
        (_READER, "malformed word halts all", "if is_valid(word) else (0, HALT)", "if True else (0, HALT)"),
        (_READER, "anomaly freezes", "self.mode = FREEZE if anomaly else 0", "self.mode = 0"),
        (_READER, "words of a replaced pair bind", "self._carried = list(self._remembered())", "self._carried = []"),
        (_READER, "vanished word binds", "*(word for _, word in self._vanished), ", ""),
        (_READER, "release sequence, not equality", "return released != 0 and (released >> 48) - (word >> 48) & 0xFFFF < 0x8000", "return word == released"),
        (_READER, "cover only what is stricter", "(new_scope == old_scope and new_mode >= old_mode)", "True"),
        (_READER, "network file systems", "        check_filesystem(raise_path)\n", ""),
        (_READER, "halves of one pair", "if raised.header.nonce16 != permit.header.nonce16:", "if False:"),
        (_READER, "pair of this book", "if len(books | known) > 1 else", "if False else"),
        (_READER, "two equal readings", "if (words, released) == self._read():", "if True:"),
        (_READER, "files are checked again", "if boot_ns >= self._next_check:", "if self._pair is None:"),
        (_MAPPED, "replaced file", "if (status.st_dev, status.st_ino) != self.identity:", "if False:"),
        (_MAPPED, "file cut short", 'if status.st_size < SIZE:\n            return', 'if False:\n            return'),
        (_MAPPED, "short file", 'if status.st_size < SIZE:\n            raise', 'if False:\n            raise'),
        (_MAPPED, "copy of a file", "if header.inode != status.st_ino:", "if False:"),
        (_MAPPED, "header changed", '"" if self.data[:HEADER_SIZE] == self._head else', '"" if True else'),
        (_LAYOUT, "mark of a word", "return word >> 4 & 0xF == _MARK and PAUSE <= word & 0xF <= HALT", "return PAUSE <= word & 0xF <= HALT"),
        (_LAYOUT, "mode of a word", "return word >> 4 & 0xF == _MARK and PAUSE <= word & 0xF <= HALT", "return word >> 4 & 0xF == _MARK"),
        (_LAYOUT, "header checksum", '.to_bytes(8, "little") == data[_HEADER.size : HEADER_SIZE]', '.to_bytes(8, "little") != b""'),
        (_LAYOUT, "header magic", "if found != magic or version != VERSION or slots != SLOTS:", "if False:"),
        (_LAYOUT, "checksum of lastVerified", "if any(raw) and zlib.crc32(raw) == crc else", "if any(raw) else"),
        (_PERMIT, "lease before a write", "if not self._held:\n            raise", "if False:\n            raise"),
        (_PERMIT, "one lease", "if not self._held and not try_lock(self._file.fd, 0, HEADER_SIZE):", "if False:"),
        (_PERMIT, "a lease ends the permit", "        self._put(UNTIL_AT, 0)\n", ""),
        (_PERMIT, "a lease marks its boot", "        self._put(BOOT_AT, read_boot64())\n", ""),
        (_PERMIT, "a lease has a new fence", "self._put(FENCE_AT, self.fence + 1)", "self._put(FENCE_AT, self.fence)"),
    ),
)

RAISING = edits(
    ("test_latch_raising", "test_latch_rules", "test_latch_reader"),
    (
        (_RAISING, "slot lock", "or not self._lock(slot):", "or False:"),
        (_RAISING, "open slots are kept", "return not is_open(self._raise.view[SLOTS_AT // 8 + slot], self._released(slot))", "return True"),
        (_RAISING, "overflow halts all", "word = pack_word(seq_of(before) + 1, random16, 0, HALT)", "word = pack_word(seq_of(before) + 1, random16, 0, 1)"),
        (_RAISING, "overflow when full", "        return self._overflow(random16)\n", "        return Raised(0, 0)\n"),
        (_RAISING, "permit of the same pair", "if permit.header.nonce16 == raised.header.nonce16:", "if True:"),
        (_RAISING, "other book's half", "if existing.header.book16 != book16:", "if False:"),
        (_RAISING, "sequence grows", "return seq_of(word or self._released(slot)) + 1", "return seq_of(word or self._released(slot))"),
        (_RAISING, "existing files are never replaced", "        os.link(temporary, path)\n", "        os.replace(temporary, path)\n        return True\n"),
        (_LAYOUT, "checksum of a body", "self.ok = bool(body) and _CRC", "self.ok = bool(body) and True or _CRC"),
        (_LAYOUT, "checksum names its word", "return zlib.crc32(body[: _BODY.size], word >> 32)", "return zlib.crc32(body[: _BODY.size])"),
        (_LAYOUT, "a word binds until its release", "return word != 0 and word != released", "return word != 0 and released == 0"),
    ),
)

_HALT = "controller.halt"
_BARRIER = "controller.latch.barrier"
_JOURNAL = "controller.latch.journal"

HALT = edits(
    ("test_halt_rules", "test_halt", "test_halt_journal", "test_latch_rules"),
    (
        (_HALT, "acknowledged by gates alone", "outcome.in_force = bool(outcome.gates) and all(", "outcome.in_force = all([]) or all([]) and ("),
        (_HALT, "every gate confirms", "all(gate.confirmed for gate in outcome.gates)", "any(gate.answered for gate in outcome.gates)"),
        (_HALT, "nothing holds it: exit 1", "if not self.confirmed:\n            return 1", "if False:\n            return 1"),
        (_HALT, "not durable: exit 5", "self.in_force and self.durable and not self.problems", "self.in_force"),
        (_HALT, "gate of another latch is told", "        again = order_halt([", "        again = []\n        [].copy() and order_halt(["),
        (_HALT, "sockets when the latch is lost", "    outcome.gates = order_halt(gate_sockets(home),", "    outcome.gates = [].copy() and order_halt(gate_sockets(home),"),
        (_HALT, "missing raise file is made", "        except LatchMissing:\n", "        except ZeroDivisionError:\n"),
        (_HALT, "freeze cancels", "if outcome.mode >= FREEZE else None", "if False else None"),
        (_HALT, "durable means synced", "outcome.durable = not late", "outcome.durable = True"),
        (_BARRIER, "the word must bind", '"" if needle in reply else "reads another latch"', '""'),
        (_BARRIER, "a refusal is no answer", "if not reply.startswith(_OK):", "if False:"),
        (_JOURNAL, "a release is for ever", "halts[entry.halt_id].released = True", "pass"),
        (_JOURNAL, "rescue when it cannot be written", "(f\"{home}/journal\", *rescue_paths(home, entry.halt_id))", "(f\"{home}/journal\",)"),
        (_JOURNAL, "rescue files are read", "    for path in (journal, *rescue_files(root)):\n", "    for path in (journal,):\n"),
        (_JOURNAL, "records are not overwritten", "if not any(os.pread(self._fd, RECORD, at)):", "if True:"),
        ("controller.latch.journal_record", "checksum of a record", "or _CRC.unpack_from(record, _HEAD.size)[0] != zlib.crc32(record[: _HEAD.size]):", "or False:"),
    ),
)

BOOT = edits(
    ("test_gate_boot",),
    (
        ("controller.gate.service", "a controller has booted since", "policy_version <= after:", "policy_version < after:"),
    ),
)

VENUE = edits(
    ("test_venue_fence", "test_paper_venue"),
    (
        ("controller.adapters.venues.fence", "the venue's own mode", "max(mode_level(book.mode), status_level(", "max(0, status_level("),
        ("controller.adapters.venues.fence", "the venue's own status", 'status_level(book.statuses.get(uid, "active"))', "0"),
        ("controller.adapters.venues.fence", "working exits count", "return max(0, abs(position) - working)", "return max(0, abs(position))"),
    ),
)

FILLS = edits(
    ("test_venue_durability", "test_monitor"),
    (
        ("controller.adapters.venues.durability", "a sync syncs", "        os.fdatasync(self._fd)\n", ""),
        ("controller.adapters.venues.paper", "a fill is durable after the sync", "        self._journal.sync()\n", ""),
        ("controller.reconcile.monitor", "each book has its own fills", "self.store.fills(book, limit=1)", 'self.store.fills("b" * 32, limit=1)'),
    ),
)

FENCE: tuple[Mutant, ...] = (*GATE, *QUICK, *POLICY, *READER, *RAISING, *HALT, *BOOT, *VENUE, *FILLS)
