"""Strategies by name, from what the controller last published: who halts needs no controller to find one.

Standard library only: the fast path of the command line loads it.
"""

import os

from controller.latch.wire import parse_object

_UID_DIGITS = 32


def strategies(home: str) -> dict[str, str]:
    """uid → id from the newest policy snapshot, else from the last-known-good; empty when there is none."""
    folder = f"{home}/policy"
    try:
        versions = [name[:-5] for name in os.listdir(folder) if name.endswith(".json")]  # noqa: PTH208
    except OSError:
        return {}
    numbered = sorted((name for name in versions if name.isdigit()), key=int, reverse=True)
    for name in [*numbered, "last-known-good"]:
        found = _strategies_in(f"{folder}/{name}.json")
        if found:
            return found
    return {}


def _strategies_in(path: str) -> dict[str, str]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs more than the halt itself
            snapshot = parse_object(file.read())
        policies = snapshot["policies"]
        assert isinstance(policies, list)
        return {
            str(item["uid"]): str(item["id"]) for policy in policies for item in dict(policy["strategies"]).values()
        }
    except (OSError, ValueError, LookupError, TypeError, AssertionError):
        return {}


def find_strategy(home: str, name: str) -> tuple[str, str, str]:
    """(uid, "", "") of a strategy id or uid; else ("", what is wrong, the next command)."""
    known = strategies(home)
    for uid, strategy in known.items():
        if name in (uid, strategy):
            return uid, "", ""
    if len(name) == _UID_DIGITS and all(sign in "0123456789abcdef" for sign in name):
        return name, "", ""
    if not known:
        return "", f"no policy in {home}/policy tells which strategies there are", "gt risk emergency halt-all"
    import difflib

    near = difflib.get_close_matches(name, known.values(), n=1, cutoff=0.5)
    hint = f"gt risk strategy halt {near[0]}" if near else "gt risk strategy list"
    return "", f"no strategy {name!r}." + (f" Did you mean {near[0]}?" if near else ""), hint
