# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of controller, trust, signatures and store, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_EFFECTIVE = "controller.core.plan.effective"
_DRAWDOWN = "controller.core.plan.drawdown"
_STALENESS = "controller.core.plan.staleness"
_GUARDS = "controller.core.plan.guards"
_PLANNER = "controller.core.plan.planner"

CORE = edits(
    ("test_effective", "test_drawdown", "test_brakes", "test_levels"),
    (
        (_EFFECTIVE, "halts of the account restrict", "mode = strictest_mode(desired.mode, *(", "mode = strictest_mode(*[desired.mode], *[].copy() and ("),
        (_EFFECTIVE, "halt-all halts strategies", "    if mode is TradingMode.HALT_ALL:\n", "    if False:\n"),
        (_EFFECTIVE, "halts of a strategy restrict", "for where, bound in bounds if where == scope]", "for where, bound in bounds if False]"),
        (_EFFECTIVE, "computed restrictions count", " + [(item.scope, item.mode) for item in restrictions]", ""),
        (_EFFECTIVE, "the strictest wins", "return max(modes, key=", "return min(modes, key="),
        (_EFFECTIVE, "the strictest status wins", "return max(statuses, key=", "return min(statuses, key="),
        (_EFFECTIVE, "a clear names the digest", "return cleared is not None and any(cleared.halt_digest in digests(record) for record in records)", "return cleared is not None"),
        (_EFFECTIVE, "the strictest record of a halt counts", '"mode": strictest_mode(first.mode, other.mode),', '"mode": first.mode,'),
        (_EFFECTIVE, "a release is for ever", "if halt_id not in released and not known.cleared_by(", "if not known.cleared_by("),
        (_DRAWDOWN, "a peak never falls", "high = max(equity, peaks.get(key, start[key]))", "high = equity"),
        (_DRAWDOWN, "an absent limit is a breach", "if loss <= 0 and limit_ppm:", "if loss <= 0:"),
        (_DRAWDOWN, "without a limit everything is looked at", "key == ACCOUNT or not bounded or now", "key == ACCOUNT or now"),
        (_DRAWDOWN, "whatever is below its peak is looked at", "now < peaks.get(key, now)}", "False}"),
        (_DRAWDOWN, "the band before the halt reduces", 'and item.level in ("error", "halt") and', "and False and"),
        (_DRAWDOWN, "a breach is halt-all", "return TradingMode.HALT_ALL", "return TradingMode.PAUSE_NEW_ORDERS"),
    ),
)

PLANNER = edits(
    ("test_brakes", "test_planner"),
    (
        (_PLANNER, "old and new while it runs", '        yield Step(phase="joint", action="publish-joint", scope=ACCOUNT)\n', "        pass\n"),
        (_PLANNER, "a brake keeps the loosening back", "        yield from _part(inputs, target)\n        return\n", "        yield from _part(inputs, target)\n"),
        (_PLANNER, "the venue tightens first", "    yield from _venue_steps(inputs, target, tighten=True)\n", ""),
        (_PLANNER, "cancels of a freeze", "    if frozen:\n", "    if False:\n"),
        (_PLANNER, "cancels of a halted strategy", "    yield from _cancels(inputs)\n", ""),
        (_PLANNER, "steps only in their direction", "return wanted > now if tighten else wanted < now", "return wanted != now"),
        (_PLANNER, "a release loosens", 'any(step.phase in ("loosen", "release") for step in plan.steps)', 'any(step.phase == "loosen" for step in plan.steps)'),
        (_STALENESS, "stale: no loosening", 'return _ORDER.index(reached) < _ORDER.index("no-loosening")', "return True"),
        (_STALENESS, "stale: pause", '    if reached != "pause-new-orders":\n', "    if True:\n"),
        (_STALENESS, "the strictest rung", 'return max(("fresh", *reached), key=_ORDER.index)', 'return min(("fresh", *reached), key=_ORDER.index)'),
        (_GUARDS, "removed strategies count", "    touched |= {uid for uid in base.strategies if uid not in target.strategies}\n", ""),
        (_GUARDS, "only this plan's digest", "or digest in acknowledged:", "or acknowledged:"),
        (_GUARDS, "too much at once", "if size.percent <= bound or", "if True or"),
        (_GUARDS, "empty snapshot", "    if target.strategies and target.limits:\n        return None\n", "    if True:\n        return None\n"),
    ),
)

_HANDLERS = "controller.reconcile.handlers"
_GOAL = "controller.reconcile.goal"
_PUBLISHER = "controller.reconcile.publisher"
_RECONCILER = "controller.reconcile.reconciler"
_REPORT = "controller.reconcile.report"
_HALT_DESK = "controller.reconcile.halt_desk"
_BOOT = "controller.reconcile.boot"

RECONCILE = edits(
    ("test_handlers", "test_boot_rules", "test_halt_knowledge", "test_publisher", "test_reconciler", "test_halt_desk"),
    (
        (_HANDLERS, "halts are read again before the policy", "    _unchanged_halts(context)\n    _publish(context, (context.target,))", "    _publish(context, (context.target,))"),
        (_HANDLERS, "halts are read again before the mode", "        _unchanged_halts(context)\n    context.engine.set_venue_mode(", "        pass\n    context.engine.set_venue_mode("),
        (_HANDLERS, "halts are read again before a status", "        _unchanged_halts(context)\n    context.engine.set_venue_status(", "        pass\n    context.engine.set_venue_status("),
        (_HANDLERS, "joint holds the old", "_publish(context, (context.base, context.target))", "_publish(context, (context.target,))"),
        (_HANDLERS, "nothing loosens after an error", 'if errors and step.phase not in ("tighten", "joint"):', "if False:"),
        (_HANDLERS, "the gate's own answer", "    if not in_use(gate, published):\n", "    if False:\n"),
        (_HANDLERS, "the gate's version", "same = gate.policy_version == published.version", "same = True"),
        (_HANDLERS, "the gate's digest", " and published.digest.startswith(gate.policy_digest)", ""),
        (_GOAL, "a breach gets its successor", "            self._desk.raise_halt(item.scope, item.reason)\n", "            pass\n"),
        (_GOAL, "pauses brake", "hold = first_hold(pause(), self._brake(plan, goal))", "hold = first_hold(self._brake(plan, goal))"),
        (_GOAL, "guards brake", "hold = first_hold(pause(), self._brake(plan, goal))", "hold = first_hold(pause())"),
        (_GOAL, "open halts are in the goal", "target = effective(self._shown(policy, desired, restrictions), halts, ", "target = effective(self._shown(policy, desired, restrictions), (), "),
        (_GOAL, "drawdown restricts", "(*restrictions, *drawdown.restrictions(found), *", "(*restrictions, *"),
        (_GOAL, "staleness restricts", "(*restrictions, *drawdown.restrictions(found), *", "(*drawdown.restrictions(found), *"),
        (_GOAL, "clock jump brakes", "    if jumped:\n", "    if False:\n"),
        (_GOAL, "stale source brakes", "    if not staleness.may_loosen(seen.rung):\n", "    if False:\n"),
        (_PUBLISHER, "the file before its name", '        write_whole(self._folder / f"{version}.json", snapshot, durable=False)\n        self._version = version\n        self._set_policy(version, digest)\n', '        self._set_policy(version, digest)\n        write_whole(self._folder / f"{version}.json", snapshot, durable=False)\n        self._version = version\n'),
        (_PUBLISHER, "above what readers have seen", "max(self._version, at_least) + 1", "self._version + 1"),
        (_PUBLISHER, "digest of the last-known-good", 'if digest_of_policies([canonical(policy) for policy in policies]) != document["digest"]:', "if False:"),
        (_RECONCILER, "in force is read back", "return live.gate.mode.rank >= applied.mode.rank", "return True"),
        (_REPORT, "errors leave a pass incomplete", "and not self.errors and not", "and not"),
        (_RECONCILER, "verified commits reach the permit", "            self._parts.verified(seen.revision.last_verified)\n", "            pass\n"),
        (_RECONCILER, "verified commits reach the store", "            self._parts.store.save_revision(self.memory.revision)\n", "            pass\n"),
        (_BOOT, "open halts are raised again", " + _raise_again(home, entries, closed)\n", "\n"),
        (_BOOT, "anomalies halt", "raised, unwritten = raise_anomalies(home, wrong, closed)\n", "raised, unwritten = list[str](), list[str]()\n"),
        (_BOOT, "a lost store halts", "if not home.store.exists() or not home.store.stat().st_size:", "if False:"),
        (_BOOT, "last-known-good in force", "    if known_good is not None:\n        newest", "    if False:\n        newest"),
        (_BOOT, "cleared halts stay cleared", "if key not in held and key not in closed]", "if key not in held]"),
        (_BOOT, "long silence halts", "if silent <= LONG_EXPIRY_NS:", "if True:"),
        ("controller.reconcile.restore", "the furthest verified commit", "if all(_is_ancestor(source, other, commit) for other in known):", "if True:"),
        (_HALT_DESK, "only the named halt is released", "                if self._id_of(slot) == halt_id:\n", "                if True:\n"),
        (_HALT_DESK, "overflow goes last", "if any(other.slot != OVERFLOW for other in among):", "if False:"),
        (_HALT_DESK, "release is in the journal", "                self._journal.append(Entry(RELEASED,", "                _ = (Entry(RELEASED,"),
        (_HALT_DESK, "a release needs its clear", "                and (halt_id in released or item.cleared_by(desired.cleared.get(halt_id)))\n", ""),
        (_HALT_DESK, "vanished words are raised again", "            self._reraise_vanished()\n", "            self._seen = {slot.slot: slot for slot in self._slots() if slot.open}\n"),
        (_HALT_DESK, "OPEN knows the latch", "records = [self._halt_of_slot(slot, by_id) for slot in self._slots() if slot.open]", "records: list[Halt] = []"),
        (_HALT_DESK, "OPEN knows the journal", "        records += self._journal.records()\n", ""),
        (_HALT_DESK, "OPEN knows the store", 'records += [rounded(item).model_copy(update={"word": 0, "slot": -1}) for item in self._store.halts()]', "pass"),
        (_HALT_DESK, "OPEN knows the evidence", "        records += self.evidence.known.values()\n", ""),
        ("controller.reconcile.halt_records", "OPEN knows the tree", "return [] if desired is None else [halt_of(document) for document in desired.halts.values()]", "return []"),
    ),
)

_MONITOR = "controller.reconcile.monitor"
_MEND = "controller.latch.mend"
_GUARD = "controller.reconcile.latch_guard"

MEND = edits(
    ("test_latch_guard", "test_latch_mend_crash", "test_expiries"),
    (
        (_BOOT, "an expiry counts before its evidence is ended", "        _note_expiry(home, expired_at)\n", ""),
        (_BOOT, "an old clear lifts no new loss", "nonce.hex(), closed)", "nonce.hex(), ())"),
        (_MEND, "a lost latch halts", "            latch.raise_halt(halt_id, ACCOUNT, HALT, SYNTHETIC, now)\n", "            pass\n"),
        (_MEND, "one pair only once the halt is in", "_seal_raise(path, book16, os.urandom(16))", "_seal_raise(path, book16, nonce)"),
        (_MEND, "a raise file that a halter made hides no loss", '"" if header.book16 == book16 else', '"" if True else'),
        (_GUARD, "a lost journal halts", "self._halt([JOURNAL_LOST])", "self._halt([])"),
        (_GUARD, "a damaged journal halts", "self._halt([(JOURNAL_DAMAGED, text) for text in self._damage])", "self._halt([])"),
        (_GUARD, "damage is looked at twice", "if self._damage != before or self._damage == self._halted:", "if self._damage == self._halted:"),
        (_GUARD, "open halts go into the new journal", "        problems += self._record_open()\n", ""),
        (_MEND, "another book is left alone", "if header.book16 not in (book16, NO_BOOK):", "if False:"),
        (_MEND, "a newer release is left alone", "        if is_sealed(head):\n", "        if False:\n"),
        (_MEND, "a permit under another lease is left alone", "if not ours and not try_lock(fd, 0, HEADER_SIZE):", "if False:"),
    ),
)

_PERMITS = "controller.reconcile.permit_keeper"

MONITOR = edits(
    ("test_monitor", "test_halt_knowledge", "test_publisher", "test_boot_rules", "test_expiries"),
    (
        (_MONITOR, "a breach halts", "                    self.poke(f\"halt {self.desk.raise_halt(item.scope, item.reason).id}\")\n", "                    pass\n"),
        (_MONITOR, "a halt covers its own scope", "if halt.scope == item.scope]", "]"),
        (_MONITOR, "a pause covers no breach", "return any(status_under(mode) is status_under(item.mode) for mode in own)", "return bool(own)"),
        (_MONITOR, "a pause covers no account breach", "return any(mode.rank >= item.mode.rank for mode in own)", "return bool(own)"),
        (_MONITOR, "peaks are saved", "            self.store.save_peaks(raised)\n", "            pass\n"),
        (_MONITOR, "stale prices are no progress", 'if live.feed != "stale":', "if True:"),
        (_PERMITS, "everything must be alive", "earliest = min(progress[name]", "earliest = max(progress[name]"),
        (_PERMITS, "nothing before a first round", "if any(name not in progress for name in bounds):", "if not progress:"),
        (_PERMITS, "at most 30 s ahead", "return min(earliest, now_ns + PERMIT_LIMIT_NS)", "return earliest"),
        ("controller.reconcile.expiries", "too many expiries", "if count >= MAX else", "if False else"),
        ("controller.reconcile.expiries", "too long an expiry", "if boot_ns - until > WINDOW_NS:", "if False:"),
        (_PERMITS, "a lost lease stops", "        if problem:\n            raise LeaseLost", "        if False:\n            raise LeaseLost"),
        (_PERMITS, "a replaced permit is not renewed", "        if problem:\n            raise LatchError", "        if False:\n            raise LatchError"),
        (_PERMITS, "expiries are kept over a restart", "            self._expiries.note(self._last, now, self._clock.wall_ns(), followed=True)\n", ""),
        (_PERMITS, "an expiry that no permit followed is looked at", "expired_at or self._expiries.due", "expired_at"),
        (_PERMITS, "an excess halts before the renewal", "                self._excessive(reason)\n", "                pass\n"),
        (_PERMITS, "a clean stop ends the permit", "            self._permit.set_until(0)\n", "            pass\n"),
        (_PERMITS, "the wall clock is watched", "return abs(self._now() - self._offset) > JUMP_NS", "return False"),
    ),
)

_RECEIVE = "controller.adapters.git.receive"
_SOURCE = "controller.adapters.git.source"
_BOTS = "controller.reconcile.bots"
_HOOKS = "controller.host.hooks"
_VERIFIER = "controller.reconcile.verifier"
_JUDGE = "controller.reconcile.judge"
_ROLES = "controller.core.trust.authority"
_THRESHOLD = "controller.core.trust.threshold"
_COMMITS = "controller.core.trust.commits"

PUSHES = edits(
    ("test_receive", "test_bots", "test_hooks", "test_source_contract"),
    (
        (_RECEIVE, "a push must verify", "Now(self._open_halts(old))).required()", "Now(self._open_halts(old)))"),
        (_RECEIVE, "no rewinding", "if problem is None and old != ZERO and not source.is_ancestor(old, new):", "if False:"),
        (_RECEIVE, "no other branches", "if ref != main and not ref.startswith(_BOT_REFS):", "if False:"),
        (_RECEIVE, "no deleting", "    if new == ZERO:\n", "    if False:\n"),
        (_RECEIVE, "evidence only by the bot", "        bots.require(commit)\n", ""),
        (_BOTS, "the bot's role", "return signer is not None and Role.BOT in signer.roles", "return signer is not None"),
        (_BOTS, "a denied bot counts for nothing", "if signed.fingerprint in self.denied or not", "if not"),
        (_BOTS, "an unsigned record counts for nothing", "        if commit.signature is None:\n", "        if False:\n"),
        (_SOURCE, "evidence by its own commits only", "        if own(commit):\n            return commit\n", "        return commit\n"),
        (_SOURCE, "the bot adds to no stranger's commit", "if tip is not None and not own(self._reader.commit(tip)):", "if False:"),
        (_HOOKS, "only a plain yes takes a push", 'return found["accepted"] is True, ', 'return bool(found["accepted"]), '),
        (_HOOKS, "no verdict is no yes", "        return None\n\n\ndef _judged", "        return True, []\n\n\ndef _judged"),
        (_RECEIVE, "evidence only grows", "        if lost or odd:\n", "        if odd:\n            lost = []\n"),
        (_RECEIVE, "evidence holds halts only", "        if lost or odd:\n", "        if lost:\n"),
        (_RECEIVE, "judged by open halts too", "        known += [\n            Halt(", "        [].copy() and [\n            Halt("),
    ),
)

TRUST = edits(
    ("test_authority", "test_threshold", "test_trust", "test_verifier", "test_verifier_objects"),
    (
        (_ROLES, "trust by an admin only", "def _possible(need: Need) -> frozenset[Role]:\n    if need.path == TRUST:", "def _possible(need: Need) -> frozenset[Role]:\n    if False:"),
        (_ROLES, "machines never loosen", "return frozenset(Role) - _NEVER_LOOSEN", "return frozenset(Role)"),
        (_ROLES, "the bot only pauses", "(frozenset() if need.pause else {Role.BOT})", "frozenset()"),
        (_ROLES, "the forge does nothing", "frozenset(Role) - {Role.FORGE} - ", "frozenset(Role) - "),
        (_ROLES, "hard limits by the risk officer", "Role.RISK_OFFICER if need.hard else Role.OPERATOR", "Role.OPERATOR"),
        (_ROLES, "rules of trust.yaml count", "granted = frozenset(rule.roles) if rule else _default(need)", "granted = _default(need)"),
        ("controller.core.trust.rules", "a denied admin is none", "trust, need = undenied(case.child.trust, case.pins.denied_keys),", "trust, need = case.child.trust,"),
        (_ROLES, "a rule is for its field", " and fnmatchcase(field, rule.field)", ""),
        (_ROLES, "an owner owns", "if own or role is not Role.OWNER", "if own or True"),
        (_ROLES, "a machine is nobody", "return not MACHINES & set(signer.roles)", "return True"),
        (_THRESHOLD, "people, not keys", "signed = tuple(sorted(set(signers) & set(able)))", "signed = tuple(sorted(signers))"),
        (_THRESHOLD, "two admins where there are two", "return max(count, min(2, len(others(trust, need, ()))))", "return count"),
        (_THRESHOLD, "size from the last approved", "change.old if base is None else base,", "change.old,"),
        (_THRESHOLD, "units agree", " or _unit(base) != _unit(new)", ""),
        (_THRESHOLD, "the plan is named", "plan=rule is not None and rule.plan_digest and not named", "plan=False"),
        (_COMMITS, "NUL bytes", '    if b"\\0" in payload:\n', "    if False:\n"),
        (_COMMITS, "order of headers", '    if _HEAD.fullmatch(head + b"\\n") is None:\n', "    if False:\n"),
        (_COMMITS, "UTF-8 only", '        payload.decode("utf-8")\n', "        pass\n"),
        (_COMMITS, "the subject is no trailer", "    if len(paragraphs) < 2:\n", "    if False:\n"),
        (_COMMITS, "a paragraph of trailers only", "        if match is None:\n            return ()\n", "        if match is None:\n            continue\n"),
    ),
)

_PINNING = "controller.reconcile.pinning"

PINS = edits(
    ("test_pinning", "test_repair_history"),
    (
        (_PINNING, "a denied key counts for nothing at once", "        return changed\n", "        return False\n"),
        (_PINNING, "other pins are recorded before they count", "            self._told(self._pins, now)\n", "            pass\n"),
        (_PINNING, "pins that cannot be read change nothing", "            return False\n        now = replace", "            found = Pins()\n        now = replace"),
        (_PINNING, "what roots history takes a start", "now = replace(self._pins, denied", "now = replace(found, denied"),
        (_JUDGE, "a repair is one by its pin", "        if commit.id in self._pins.repairs:\n            return REPAIR_RULES", "        if True:\n            return REPAIR_RULES"),
        (_JUDGE, "the second signature is over this tree", "self._checked(statement(commit.payload), ", "self._checked(b'gt-risk trust repair', "),
        ("controller.reconcile.approvals", "what else waits goes on waiting", "if key != TRUST_KEY}", "if False}"),
        ("controller.reconcile.approvals", "a repair is approved", "        if commit.id in self._pins.repairs:\n", "        if False:\n"),
    ),
)

_FOLDER = "controller.adapters.git.folder"

PATH = edits(
    ("test_folder_history",),
    (
        (_FOLDER, "every parent has the folder so", "apart = own and all(", "apart = own and any("),
        (_FOLDER, "the folder is the same", "self._tree_id(parent) == folder", "True"),
        (_FOLDER, "what came before is no part of it", "if own and self._belongs(parent))", "if own)"),
        (_FOLDER, "a tip descends from the introduction", "if since is None and not self._belongs(tip):", "if False:"),
        (_RECEIVE, "the bot's branch is read from its root", "_evidence(source.root, bots,", "_evidence(source, bots,"),
        (_JUDGE, "a bystander leaves the folder alone", "        if not commit.apart:\n            return None\n", ""),
        (_JUDGE, "who is listed is no bystander", "        if _judge(SIGNER_RULES, cases) is None:\n            return None\n", ""),
        ("controller.adapters.git.provision", "nobody's config repo is begun anew", "return bool(folder) and (entry is None or _UNFILLED in reader.blob(entry.id))", "return bool(folder)"),
    ),
)

_TREES = "controller.reconcile.trees"
_OWN = "controller.reconcile.own_changes"
_MERGE = "controller.core.trust.merge"
_GRAPH = "controller.core.trust.history"
_LANDING = "controller.core.trust.landing"

VERIFIER = edits(
    ("test_verifier", "test_verifier_objects", "test_trees", "test_verification_passes", "test_git_process"),
    (
        (_VERIFIER, "pins are needed", "if not self._pins.introduction or not self._pins.fingerprints:", "if False:"),
        (_VERIFIER, "descent", "if since and not self._source.is_ancestor(since, tip):", "if False:"),
        (_JUDGE, "signer rules are asked", "        require(before, cases)\n", ""),
        (_JUDGE, "transition rules are asked", "raise_first([*([refusal] if refusal else []), *problems])", "raise_first([*([refusal] if refusal else [])])"),
        (_JUDGE, "change rules are asked", "raise_first([*([refusal] if refusal else []), *problems])", "raise_first([*problems])"),
        (_VERIFIER, "what loosens must land", "            if unlanded is not None:\n                raise Refused(unlanded)\n            if commit.id in line", "            if commit.id in line"),
        (_VERIFIER, "a pass that is full is not all", "more=refusal is None and reached != tip", "more=False"),
        (_VERIFIER, "what is left is not accepted", "        if self.more:\n", "        if False:\n"),
        ("controller.reconcile.observation", "nothing on the way acts", "        if advanced.more:\n            self._restore(revision.last_applied)\n        else:\n            self._take(advanced)\n", "        self._take(advanced)\n"),
        ("controller.reconcile.report", "a full pass is not complete", "done = self.plan is not None and not self.seen.more", "done = self.plan is not None"),
        (_TREES, "submodules", 'if entry.kind == "commit":', "if False:"),
        (_TREES, "symbolic links", 'if entry.mode == "120000":', "if False:"),
        (_TREES, "files for folders", "if path in FOLDERS or (", "if ("),
        (_TREES, "executables", "if is_relevant(path) and entry.mode != _FILE:", "if False:"),
        (_TREES, "uids of all history", "if _uids(child) <= _uids(parent):", "if True:"),
        (_TREES, "uids since the last look", "        past = past.union(", "        past = past or past.union("),
        (_TREES, "uids of this line alone", "if not known or not self._source.is_ancestor(known, parent.commit):", "if not known:"),
        (_JUDGE, "parent's policy", "parents = [self._standing(parent) for parent in commit.parents]", "parents = [self.trees.desired(commit.id, commit.tree)]"),
    ),
)

MERGES = edits(
    ("test_merges", "test_merge_histories"),
    (
        (_MERGE, "both sides changed it", "    if one_base and not ours.touches(key):\n", "    if one_base:\n"),
        (_MERGE, "criss-cross: the stricter parent", "    if one_base and not theirs.touches(key):\n", "    if not theirs.touches(key):\n"),
        (_MERGE, "criss-cross: either way round", "    if one_base and not ours.touches(key):\n", "    if not ours.touches(key):\n"),
        (_MERGE, "both sides changed it, either way round", "    if one_base and not theirs.touches(key):\n", "    if one_base:\n"),
        (_MERGE, "looser than any bound is loose", "    if Direction.LOOSEN in moves:\n", "    if moves == {Direction.LOOSEN}:\n"),
        (_MERGE, "files that no side wrote", "        if not known:\n", "        if False:\n"),
        (_GRAPH, "beside a trust change", "beside = (self._seen if touches_trust else self._trust)", "beside = (self._seen if touches_trust else 0)"),
        (_GRAPH, "a trust change beside anything", "beside = (self._seen if touches_trust else self._trust)", "beside = (0 if touches_trust else self._trust)"),
        (_GRAPH, "trust changes that are verified already", "        if self._missing[commit]:\n            return min(self._missing[commit])\n", ""),
        (_GRAPH, "a trust change beside what is verified", "        if touches_trust and not history.descends(commit):\n            return history.since\n", ""),
        (_LANDING, "no merge lands without the trailer", "if len(trailers(cases[0].message, TARGET)) != 1:", "if False:"),
        (_LANDING, "landing takes the right", "        if barred:\n", "        if False:\n"),
        (_LANDING, "only what the merge brings in", "if brought & self._history.bit[item]]", "if True]"),
        (_VERIFIER, "a tip with what is not landed does not act", "if commit.id in line and landing.refusal(commit.id) is None:", "if commit.id in line:"),
        (_JUDGE, "the trust of every parent", "if parents[0].trust == parents[-1].trust else parents", "if True else parents"),
        (_OWN, "what the other parent lacks", "return self._source.commits(right, left), self._source.commits(left, right)", "return (), ()"),
    ),
)

_LEDGER = "controller.core.trust.ledger"
_APPROVALS = "controller.reconcile.approvals"
_AUTHORISED = "controller.core.trust.authorised"

APPROVALS = edits(
    ("test_approvals",),
    (
        (_LEDGER, "what lacks signers is held", "and _plain(step):", "and True:"),
        (_LEDGER, "a landing signature names the plan", "if step.digests and approval_digest(step.target, waiting.values()) in step.digests:", "if step.digests:"),
        (_LEDGER, "a changed value starts anew", "    if key in changed:\n", "    if False:\n"),
        (_LEDGER, "an approval takes the right", "or not all(may(trust, need, step.signer) for trust in step.trusts)", ""),
        (_LEDGER, "the stricter side of a merge", "if move(leaves(first).get(key), leaves(commit).get(key)) is Direction.TIGHTEN:", "if False:"),
        (_LEDGER, "small steps add up", "    if not looser or (item is not None and len(item.signed) >= item.full):\n", "    if True:\n"),
        (_APPROVALS, "a denied key counts for nobody", "signer=None if denied or None in signers else signers[0],", "signer=signers[0],"),
        (_APPROVALS, "an approval lands", "digests=frozenset(trailers(case.message, PLAN)) if landing else None,", "digests=frozenset(trailers(case.message, PLAN)),"),
        (_APPROVALS, "a ledger is of these pins", 'if kept.get("root") != self._root():', 'if not kept.get("root"):'),
        (_APPROVALS, "only what was shown is approved", "digest = approval_digest(self._target, self._left(step)) if naming else \"\"", "digest = approval_digest(self._target, self._left(step))"),
        (_APPROVALS, "the trust in force", "entry.approved if entry else commit", "commit"),
        (_AUTHORISED, "a strategy that is held is not there", "    if name == WHOLE or old is None:\n", "    if False:\n"),
        (_AUTHORISED, "what is held stays as it was", "    if not waiting:\n", "    if True:\n"),
    ),
)

_SSHSIG = "controller.adapters.signatures.sshsig"
_WIRE = "controller.adapters.signatures.wire"
_OPENPGP = "controller.adapters.signatures.openpgp"

SIGNATURES = edits(
    ("test_wire", "test_sshsig_kinds", "test_sshsig", "test_security_keys", "test_openpgp"),
    (
        (_SSHSIG, "ed25519 is checked", "        key.verify(signature, data)\n\n    return check\n\n\ndef _ecdsa", "\n    return check\n\n\ndef _ecdsa"),
        (_SSHSIG, "ecdsa is checked", "        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))\n", ""),
        (_SSHSIG, "rsa is checked", "        key.verify(signature, data, padding.PKCS1v15(), _RSA[algorithm])\n", ""),
        (_SSHSIG, "weak rsa keys", "    if n.bit_length() not in _RSA_BITS:\n", "    if False:\n"),
        (_SSHSIG, "algorithm of the key", "    if algorithm != expected:\n", "    if False:\n"),
        (_SSHSIG, "algorithm of rsa", "        if algorithm not in _RSA:\n", "        if False:\n"),
        (_SSHSIG, "positive numbers", "    if not raw or raw[0] & 0x80:\n", "    if False:\n"),
        (_SSHSIG, "bytes after the key", "    reader.end()\n    return check", "    return check"),
        (_SSHSIG, "bytes after the signature", "        reader.end()\n        _verifier", "        _verifier"),
        (_SSHSIG, "bytes after the blob", "        reader.end()\n    except WireError as error:\n        raise SignatureError(f\"the signature cannot be read: {error}\") from error\n    return parts", "    except WireError as error:\n        raise SignatureError(f\"the signature cannot be read: {error}\") from error\n    return parts"),
        (_SSHSIG, "magic", "if reader.take(len(MAGIC)) != MAGIC:", "if reader.take(len(MAGIC)) is None:"),
        (_SSHSIG, "a security key is touched", "    if not flags & _PRESENT:\n", "    if False:\n"),
        (_SSHSIG, "bytes after a certificate", "    reader.end()\n    return key\n", "    return key\n"),
        (_OPENPGP, "one OpenPGP signature", "!= 1 or len(valid) != 1:", "< 1 or not valid:"),
        (_WIRE, "the end of the data", "        if end > len(self._data):\n", "        if False:\n"),
        (_WIRE, "one signature", "    if armoured.count(_BEGIN) > 1:\n", "    if False:\n"),
        (_WIRE, "armour", "    if lines[0] != _BEGIN or lines[-1] != _END:\n", "    if False:\n"),
        (_WIRE, "size", "    if len(armoured) > _LONGEST:\n", "    if False:\n"),
        (_WIRE, "strict base64", "strict_mode=True", "strict_mode=False"),
    ),
)

CONTROL = edits(
    ("test_control",),
    (("controller.control", "landing verifies", "commit, self._now()).required()", "commit, self._now())"),),
)

STORE = edits(
    ("test_audit_tampering", "test_store_contract", "test_store_file"),
    (
        ("controller.adapters.store.database", "a file that is not the one is not used", "if self._file is not None and self._found() != self._file:", "if False:"),
        ("controller.adapters.store.head", "checksum of the head", "or _CRC.unpack_from(data, _RECORD.size)[0] != zlib.crc32(data[: _RECORD.size]):", "or False:"),
        ("controller.adapters.store.audit_log", "a lost head is told", "if head is None or (head == EMPTY and last.seq > 1):", "if False:"),
        ("controller.adapters.store.audit_log", "the head is written", "            write_head(descriptor, Head(record.seq, record.hash))\n", ""),
    ),
)

AUDIT = edits(
    ("test_audit_actions", "test_evidence_notes"),
    (
        ("controller.audit", "an act has its intent", '{"kind": "intent", "audit_id"', '{"kind": "fact", "audit_id"'),
        ("controller.audit", "a failure has its outcome", "        _close(store, clock, action)\n        raise", "        raise"),
        ("controller.audit", "an act has its outcome", "        raise\n    _close(store, clock, action)\n", "        raise\n"),
        ("controller.audit", "open intents are unknown", 'action.result("unknown", ', 'action.result("done", '),
        ("controller.audit", "a note in git is compared", "if hash_at(note.seq) != note.hash:", "if False:"),
        ("controller.audit", "the first bad record stays named", "if report.bad_seq and note.seq >= report.bad_seq:", "if False:"),
        ("controller.adapters.git.notary", "only the bot's notes count", "            if own(note):\n", "            if True:\n"),
        ("controller.adapters.git.notary", "nothing is added to a stranger's note", "if tip is not None and not own(", "if False and not own("),
        ("controller.audit", "facts enter once", "if key not in known]", "]"),
    ),
)

_DOCUMENTS = "controller.core.plan.document_intents"
DOCUMENTS = edits(
    ("test_document_intents", "test_configuration"),
    (
        (_DOCUMENTS, "a rollback leaves trust", "return path != _TRUST and not path.startswith(_RECORDS)", "return not path.startswith(_RECORDS)"),
        (_DOCUMENTS, "a rollback leaves the records of halts", "return path != _TRUST and not path.startswith(_RECORDS)", "return path != _TRUST"),
        (_DOCUMENTS, "a rollback goes back, not aside", "if not history.is_ancestor(intent.commit, desired.commit):", "if False:"),
        (_DOCUMENTS, "what comes back has a new uid", "json.dumps(situation.new_uid())), _PAUSED)", '"0"), _PAUSED)'),
        (_DOCUMENTS, "what comes back is paused", "json.dumps(situation.new_uid())), _PAUSED)", "json.dumps(situation.new_uid())),)"),
        (_DOCUMENTS, "what is there keeps its uid", "    if present is not None:\n", "    if False:\n"),
        (_DOCUMENTS, "an edit writes no record of a halt", "        if path.startswith(_RECORDS):\n", "        if False:\n"),
        (_DOCUMENTS, "an edit overwrites nobody's", "if base.get(path) != tip.get(path):", "if False:"),
        (_DOCUMENTS, "a new strategy is paused", 'json.dumps(name)), _PAUSED)', 'json.dumps(name)))'),
        ("controller.control", "a reload has its intent", "with control_action(parts.store, parts.clock, entry) as action:", "with __import__('contextlib').nullcontext(__import__('types').SimpleNamespace(result=lambda *_, **__: None)) as action:"),
        ("controller.control", "what no signature permits is told before it", "        raise_first(validate_transition(before, after, self._now().open_halts))\n", ""),
    ),
)

CONTROLLER: tuple[Mutant, ...] = (
    *DOCUMENTS, *CORE, *PLANNER, *RECONCILE, *MEND, *MONITOR, *PUSHES, *TRUST, *PINS, *PATH, *VERIFIER, *MERGES, *APPROVALS, *SIGNATURES, *CONTROL, *STORE, *AUDIT,
)
