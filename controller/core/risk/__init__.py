"""Risk arithmetic: pure functions of plain numbers; each says its definition, units, sign and window."""
