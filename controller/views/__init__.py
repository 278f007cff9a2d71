"""Views: pure functions from the overview to the ``--json`` documents of the CLI (plain dicts).

Money leaves as JSON numbers in dollars and percentages as JSON numbers in percent (``units`` says so); a figure
that has no input is null, and ``missing`` says why. Nothing computes with these numbers again.
"""
