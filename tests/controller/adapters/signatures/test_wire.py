"""The armour of a signature: one form, one size, nothing that two readers could take differently."""

import pytest

from controller.adapters.signatures.wire import WireError, armour, dearmour

BLOB, SIGNATURE = b"k" * 51, b"s" * 83


def test_armour_then_comes_out_as_it_went_in() -> None:
    assert dearmour(armour(BLOB, SIGNATURE)).endswith(SIGNATURE)


def test_armour_when_larger_than_any_signature_then_refused() -> None:
    with pytest.raises(WireError, match="larger"):
        dearmour(armour(BLOB, b"s" * 20_000))


@pytest.mark.parametrize("junk", [b"!", b" ", b"=", b"\x00", b"-"])
def test_armour_when_its_base64_holds_anything_else_then_refused(junk: bytes) -> None:
    lines = armour(BLOB, SIGNATURE).split(b"\n")
    lines[1] = lines[1][:5] + junk + lines[1][5:]
    with pytest.raises(WireError, match="base64"):
        dearmour(b"\n".join(lines))
