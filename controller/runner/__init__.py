"""The strategy runner: a process of its own that sees the market and the gate, and nothing else of ours."""
