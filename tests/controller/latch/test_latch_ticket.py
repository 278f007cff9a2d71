import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.latch.layout import TICKET_AT, LatchError
from controller.latch.permit import PermitFile
from controller.latch.ticket import TICKET_SIZE, Ticket, book_digest, pack_ticket, parse_ticket
from tests.support.gates import Home

BOOT = 0x1234567890ABCDEF
TICKET = Ticket("1" * 32, "2" * 24, 10**15)
hexes = st.text("0123456789abcdef", min_size=32, max_size=32)
rows = st.lists(st.tuples(hexes, st.sampled_from(["AAPL", "MSFT"]), st.integers(-(10**9), 10**9)), max_size=5)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.permit.close()


@given(hexes, st.binary(min_size=12, max_size=12), st.integers(1, 2**64 - 1))
def test_ticket_when_packed_then_reads_back(id: str, digest: bytes, expires: int) -> None:
    ticket = Ticket(id, digest.hex(), expires)
    assert parse_ticket(pack_ticket(ticket, BOOT), BOOT) == ticket


def test_ticket_of_another_boot_reads_as_none() -> None:
    assert parse_ticket(pack_ticket(TICKET, BOOT), BOOT + 1) is None


@pytest.mark.parametrize("at", range(TICKET_SIZE))
def test_ticket_when_any_byte_is_torn_then_reads_as_none(at: int) -> None:
    raw = bytearray(pack_ticket(TICKET, BOOT))
    raw[at] ^= 1
    assert parse_ticket(bytes(raw), BOOT) is None


def test_zeros_are_no_ticket_in_any_boot() -> None:
    assert pack_ticket(None, BOOT) == bytes(TICKET_SIZE)
    assert parse_ticket(bytes(TICKET_SIZE), BOOT) is None


@pytest.mark.parametrize(
    "ticket", [Ticket("1" * 30, "2" * 24, 1), Ticket("1" * 32, "2" * 64, 1), TICKET._replace(expires_ns=0)]
)
def test_ticket_that_does_not_fit_is_refused(ticket: Ticket) -> None:
    with pytest.raises(ValueError, match="no ticket"):
        pack_ticket(ticket, BOOT)


def test_permit_when_a_ticket_is_issued_then_reader_and_lease_see_it_and_nothing_else_moves(home: Home) -> None:
    reader = home.reader()
    home.permit.set_last_verified("c" * 40)
    before = reader.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    assert before.ticket is None
    home.permit.set_ticket(TICKET)
    after = reader.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    assert (after.ticket, home.permit.ticket, home.permit.last_verified) == (TICKET, TICKET, "c" * 40)
    assert after is not before
    home.permit.set_ticket(None)
    assert reader.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME)).ticket is None
    reader.close()


def test_permit_when_the_lease_is_taken_again_then_the_ticket_stays(home: Home) -> None:
    home.permit.set_ticket(TICKET)
    home.permit.acquire()
    assert home.permit.ticket == TICKET


def test_ticket_without_the_lease_is_refused(home: Home) -> None:
    other = PermitFile(str(home.permit_path))
    with pytest.raises(LatchError, match="without the lease"):
        other.set_ticket(TICKET)
    other.close()
    assert not any(home.permit_path.read_bytes()[TICKET_AT : TICKET_AT + TICKET_SIZE])


@given(rows)
def test_book_digest_is_of_what_is_open_in_any_order(positions: list[tuple[str, str, int]]) -> None:
    flat = [("f" * 32, "JPM", 0)]
    assert book_digest(positions) == book_digest([*reversed(positions), *flat])


@given(rows, hexes, st.integers(1, 10**9))
def test_book_digest_when_one_position_differs_then_differs(
    positions: list[tuple[str, str, int]], uid: str, quantity: int
) -> None:
    assert book_digest(positions) != book_digest([*positions, (uid, "XOM", quantity)])
