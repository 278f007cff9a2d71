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

LIQUIDATION: tuple[Mutant, ...] = (*TICKET, *REQUEST)
