# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of a liquidation: ticket, claim, request and the operation, each as in :mod:`tests.mutants.fence`."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

TICKET = edits(
    ("test_gate_liquidation", "test_latch_ticket", "test_planner", "test_venue_liquidation"),
    (
        ("controller.adapters.venues.fence", "liquidation has begun at the venue", 'if book.liquidations.get(order.ticket) == "begun":', "if order.ticket:"),
        ("controller.adapters.venues.fence", "liquidation only reduces at the venue", "        return REDUCING\n    return level(", "        return OPEN\n    return level("),
        ("controller.latch.ticket", "checksum of the ticket", " or _CRC.unpack_from(raw, _BODY.size)[0] != _crc(body, boot64)", ""),
        ("controller.latch.ticket", "ticket of this boot", "zlib.crc32(body, zlib.crc32(boot64.to_bytes(8, \"big\")))", "zlib.crc32(body)"),
        ("controller.gate.claim", "ticket of at most 10 minutes", "0 < left <= TICKET_LIMIT_NS", "0 < left"),
        ("controller.gate.claim", "ticket runs out", "0 < left <= TICKET_LIMIT_NS", "left <= TICKET_LIMIT_NS"),
        ("controller.gate.exits", "exits only reduce", "isinstance(verdict, Deny) or verdict.reducing", "True"),
        ("controller.gate.exits", "begun once", "        desk.venue.mark_liquidation(id, BEGUN)\n", ""),
        ("controller.gate.exits", "begin cancels", '        desk.cancel_scope("account")\n', ""),
        ("controller.gate.exits", "ended for ever", "        desk.venue.mark_liquidation(id, ENDED)\n", "        pass\n"),
        ("controller.gate.exits", "never more than is open", "    if order.quantity > room:\n", "    if False:\n"),
        ("controller.gate.exits", "market orders only", '    if order.type != "market":\n', "    if False:\n"),
        ("controller.gate.desk", "the end of a ticket ends its orders", "            return self._ticket_holds(order)\n", "            return True\n"),
        ("controller.gate.desk", "a halt spares its own flatten", "if not self._ticket_holds(order)])", "])"),
        ("controller.core.plan.planner", "a plan spares a liquidation", " and not order.ticket]", "]"),
    ),
)

STOPS = edits(
    ("test_gate_protection", "test_stop_moves", "test_venue_fence", "test_engine_contract"),
    (
        ("controller.adapters.venues.paper", "a stop moves in one record", '**({"keeps": dict(keeps)} if keeps else {})', ""),
        ("controller.adapters.venues.fence", "only what is beside gives way", " or (held.uid, held.symbol, held.side) != (order.uid, order.symbol, order.side)", ""),
        ("controller.adapters.venues.fence", "what gives way only shrinks", "if not 0 <= kept < held.quantity - held.filled:", "if False:"),
        ("controller.gate.exits", "a stop takes the place of people's stops alone", " or is_stop(item)]", " or True]"),
        ("controller.gate.exits", "a close takes the place of every exit", 'if order.type != "stop" or is_stop(item)', "if is_stop(item)"),
        ("controller.gate.protection", "only people's stops give way", 'item.order.type == "stop" and item.order.client_id.startswith(STOP)', "True"),
        ("controller.gate.protection", "only beside the exit", " == place]", " != place]"),
        ("controller.gate.protection", "no liquidation's order gives way", "if not (item.unknown or item.order.ticket)", ""),
        ("controller.gate.protection", "a stop stays where it would not help", "        if order.quantity > room:\n            return verdict\n", ""),
        ("controller.gate.protection", "a stop keeps the rest", "kept = min(rest, item.remaining)", "kept = 0"),
        ("controller.gate.protection", "a denial takes nothing away", "            desk.reload()\n", "            pass\n"),
    ),
)

REQUEST = edits(
    ("test_grant", "test_sshsig"),
    (
        ("controller.core.trust.grant", "request of at most 10 minutes", "0 < left <= MOST_NS", "0 < left"),
        ("controller.core.trust.grant", "request runs out", "0 < left <= MOST_NS", "left <= MOST_NS"),
        ("controller.core.trust.grant", "a person's key", "(_PERSONS & set(signer.roles) and not", "(not"),
        ("controller.core.trust.grant", "never a machine's key", " and not MACHINES & set(signer.roles))", ")"),
        ("controller.adapters.signatures.sshsig", "namespace of the signature", "    if parts.namespace != namespace:\n", "    if False:\n"),
    ),
)

_OPERATION = "controller.reconcile.liquidation"
_STEPS = "controller.reconcile.liquidation_steps"
_RECORD = "controller.reconcile.liquidation_record"

OPERATION = edits(
    ("test_liquidation", "test_liquidation_again", "test_transition", "test_exits"),
    (
        (_OPERATION, "only what was prepared is started", " or case.prepared.request.text() != text:", ":"),
        (_OPERATION, "one at a time", "        if self._running():\n            raise Temporary", "        if False:\n            raise Temporary"),
        (_OPERATION, "granted before it is issued", "        self._parts.store.append_audit(grant_entry(prepared.request, signer, revision, now))\n", ""),
        (_OPERATION, "judged before it is issued", "signer = self._steps.judge(prepared.request, signature)", 'signer = "anybody"'),
        (_OPERATION, "a refusal is for good", "                self._drop(error.message)\n", ""),
        (_OPERATION, "a request waits ten minutes", "self._parts.clock.wall_ns() >= self._case.prepared.request.expires_ns", "False"),
        (_OPERATION, "a ticket that ran out is taken back", "self._parts.clock.boot_ns() >= ticket.expires_ns or not", "not"),
        (_OPERATION, "a resumed halt ends its ticket", " or not self._steps.halted()):", "):"),
        (_OPERATION, "ended when done", "        if ended or not problem:\n", "        if ended:\n"),
        (_OPERATION, "people are asked after an interruption", "                self._interrupted = error.message\n", ""),
        (_OPERATION, "people are asked without a ticket", "elif id := interrupted(self._parts.store):", 'elif id := "":'),
        (_STEPS, "the halt comes first", "        opened = self._halt(scope, actor, reason)\n", '        opened = ""\n'),
        (_STEPS, "working orders are cancelled", "        self.parts.engine.cancel(ACCOUNT)\n", ""),
        (_STEPS, "halted though the engine is silent", "        except EngineUnavailable:\n            before = Counter()\n", "        except ZeroDivisionError:\n            before = Counter()\n"),
        (_STEPS, "a weaker halt is not enough", "item.mode.rank >= scope.mode.rank for item in known", "True for item in known"),
        (_STEPS, "no ticket without a begin", "        if not begun:\n            permit.set_ticket(None)\n", "        if not begun:\n"),
        (_STEPS, "proof of the permit", "ticket is None or ticket.id != id or self", "ticket is None or self"),
        (_STEPS, "proof of the store", "granted is None or granted[0].digest[:DIGEST_DIGITS] != ticket.digest", "granted is None"),
        (_STEPS, "proof of the journal", "self.parts.engine.liquidations().get(id) != BEGUN:", "False:"),
        (_STEPS, "the ticket goes at the end", "        self.parts.permit.set_ticket(None)\n", ""),
        ("controller.reconcile.exits", "nothing that would execute at once", "if (item.mark - price) * item.quantity <= 0:", "if False:"),
        ("controller.reconcile.flattening", "an ended one sends no more", "                self.ended = True\n", ""),
        ("controller.reconcile.flattening", "tries are bounded", ">= TRIES for item in stuck", ">= 10**9 for item in stuck"),
        ("controller.reconcile.flattening", "waiting is bounded", "if now - self._moved > STILL_NS:", "if False:"),
    ),
)

LIQUIDATION: tuple[Mutant, ...] = (*TICKET, *STOPS, *REQUEST, *OPERATION)
