"""Text of a price to micro-dollars and back, exactly."""

MICROS = 1_000_000


def micro_dollars(text: str) -> int:
    """``"67.8542"`` as 67854200; the empty text (no price) as 0. ValueError on anything else."""
    if not text:
        return 0
    whole, _, fraction = text.partition(".")
    if len(fraction) > 6 or not (whole + fraction).isdecimal():
        raise ValueError(f"{text!r} is not a price with at most six decimals")
    return int(whole) * MICROS + int(fraction.ljust(6, "0"))


def dollars(micros: int) -> str:
    """67854200 as ``"67.85"``: for messages, rounded down to cents."""
    return f"{micros // MICROS}.{micros % MICROS // 10_000:02d}"
