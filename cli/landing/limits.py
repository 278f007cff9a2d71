"""``limits set`` and ``limits reset``."""

from collections.abc import Callable

from cli.change import Change, carry_out
from cli.consent import Options
from cli.output import USAGE, Document, Failure
from cli.render.text import safe

_WRITTEN = ("✓ Config written to: risk_config.yaml", "✓ Change logged to audit trail")


def set_limit(options: Options, name: str, value: str) -> int:
    """Change one limit."""

    def title(proposal: Document) -> list[str]:
        return _title(proposal, name)

    def done(result: Document) -> list[str]:
        _, new = _values(result, name)
        return [f"✓ Limit updated: {name} = {new}", *_WRITTEN]

    again = f"gt risk limits set {name} {value} --force"
    intent = {"kind": "set-limit", "name": name, "value": value}
    change = Change(intent, title, done, again, "gt risk limits list", table=_others(name))
    return carry_out(change, options)


def reset(options: Options, *names: str, everything: bool = False) -> int:
    """Set limits back to their defaults: the named ones, or every one."""
    if everything == bool(names):
        raise Failure("name limits, or say --all", "gt risk limits reset --all --dry-run", USAGE, "Usage")
    words = " ".join(names) or "--all"
    change = Change(
        {"kind": "reset-limits", "names": names},
        _reset_title,
        lambda result: [*(f"✓ Limit reset: {item['label']} = {item['new']}" for item in _changes(result)), *_WRITTEN],
        f"gt risk limits reset {words} --force",
        "gt risk limits list",
    )
    return carry_out(change, options)


def _reset_title(proposal: Document) -> list[str]:
    count = len(_changes(proposal))
    mark = "⚠️  WARNING: This will" if proposal["plan"]["direction"] == "loosen" else "This will"
    return [f"{mark} set {count} limit{'s' if count != 1 else ''} back to the default"]


def _title(proposal: Document, name: str) -> list[str]:
    """What changes, from what to what, which way, and what the live book uses now."""
    old, new = _values(proposal, name)
    kind = proposal["limit_kind"]
    mark = "⚠️  WARNING: This will" if proposal["plan"]["direction"] == "loosen" else "This will"
    found = next((item for item in _changes(proposal) if item["label"] == name), None)
    lines = [f"{mark} change a {kind} limit", f"Current:  {old}", f"New:      {new}"]
    if found is not None:
        lines.append(f"Direction: {found['direction']}")
        lines += [f"Current utilisation: {safe(found['utilisation'])}"] if found["utilisation"] else []
        lines += [f"⚠️  The live book {safe(found['breach'])}"] if found["breach"] else []
    return lines


def _others(name: str) -> Callable[[Document], bool]:
    """Changes that the title does not tell already."""
    return lambda item: bool(item["label"] != name)


def _changes(proposal: Document) -> list[Document]:
    found: list[Document] = proposal["plan"]["changes"]
    return found


def _values(proposal: Document, name: str) -> tuple[str, str]:
    for item in _changes(proposal):
        if item["label"] == name:
            return item["old"], item["new"]
    return "?", "?"
