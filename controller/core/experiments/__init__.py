"""Statistics of A/B tests: pure and seeded, the same input gives the same bytes.

They stand on numpy and scipy, so the controller never imports them: a worker does.
"""
