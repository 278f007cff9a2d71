"""``/config``: what git says, what is in force, by which commit and whose signature, and what waits or was refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from web.charts.bars import meter
from web.pages.look import USES, Look
from web.pages.model import Body, Box, Cell, Figure, Figures, Head, Line, Lines, Row, Table, Text, Tone, box
from web.pages.text import moment, percent, unknown
from web.snapshot import Document, Panel

_SHORT = 12
_SHORTER = 8
_GOOD = ("Ready",)
_DIRECTIONS: dict[str, Tone] = {"tighten": "ok", "loosen": "warn", "neutral": ""}
_STATES: dict[str, Tone] = {"verified": "ok", "refused": "bad", "waits": "warn"}


def boxes(look: Look) -> tuple[Box, ...]:
    """Revisions, conditions, limits, plan, refused commits, signers."""
    now, shown = look.now_ns, look.ask("config.show")
    limits, plan = look.ask("limits.detail"), look.ask("config.plan")
    walk, trust = look.ask("config.verify"), look.ask("trust.list")
    return (
        box("revisions", "Where it stands", shown, lambda found: _revisions(found, limits), now, span=7),
        box("conditions", "Conditions and drift", shown, _conditions, now, span=5),
        box("plan", "Plan: git against what is in force", plan, planned, now, span=7),
        box("commits", "Commits since the last verified one", walk, _commits, now, span=5),
        box("limits", "Limits in force", limits, _limits, now),
        box("strategies", "Strategies as git has them", shown, _strategies, now, span=5),
        box("signers", "Who may sign", trust, _signers, now, span=7),
    )


def _revisions(document: Document, limits: Panel) -> Iterator[Body]:
    found = document["revision"]
    tone: Tone = "warn" if found["observed_tip"] != found["last_applied"] else "ok"
    target = document["target"] or {}
    yield Figures(
        (
            Figure("In force", found["last_applied"][:_SHORTER] or "nothing yet", tone, "last applied"),
            _signed(limits, found["last_applied"]),
            Figure("Tip", found["observed_tip"][:_SHORTER] or "unknown", note="as git was last seen"),
            Figure("Verified", found["last_verified"][:_SHORTER] or "nothing yet", note="last verified"),
            Figure("Known good", found["last_known_good"][:_SHORTER] or "nothing yet", note="what a bad commit leaves"),
            Figure("Branch", document["branch"], note=f"environment {target.get('environment', 'unknown')}"),
        )
    )


def _signed(limits: Panel, applied: str) -> Figure:
    """Who signed what is in force, and who wrote it; only of the commit that is in force now."""
    origin = (limits.document or {}).get("signed") or {}
    if limits.state != "ok" or origin.get("commit") != applied:
        return Figure("Signed by", unknown(limits.reason or "nothing is applied yet"))
    by = ", ".join(origin["by"]) or unknown("the first commit, which settings.toml pins")
    return Figure("Signed by", by, note=f"written by {origin['author']}, {moment(origin['at'])}")


def _conditions(document: Document) -> Iterator[Body]:
    yield Lines(tuple(_condition(item) for item in document["conditions"]), "nothing is said yet")


def _condition(item: Mapping[str, Any]) -> Line:
    good = (item["status"] == "True") == (item["type"] in _GOOD)
    tone: Tone = "off" if item["status"] == "Unknown" else "ok" if good else "warn"
    return Line(f"{item['type']}: {item['status']}", tone, "", f"{item['reason']}: {item['message']}".rstrip(": "))


def planned(document: Document) -> Iterator[Body]:
    """The changes of a plan and what they wait for."""
    hold = document["hold"]
    if hold:
        until = f", until {moment(hold['until'])}" if hold["until"] else ""
        yield Lines((Line(f"{hold['message']}{until}", "warn", hold["reason"], hold["fix"]),))
    if not document["changes"]:
        yield Lines((), "nothing to change: what git says is in force")
        return
    heads = (Head("What"), Head("Now"), Head("Then"), Head("Direction"))
    rows = tuple(
        Row(
            (
                Cell(item["label"], note=item["utilisation"]),
                Cell(item["old"]),
                Cell(item["new"], "bad" if item["breach"] else "", note=item["breach"]),
                Cell(item["direction"], _DIRECTIONS.get(item["direction"], "")),
            )
        )
        for item in document["changes"]
    )
    yield Table(f"Plan {document['digest'][:_SHORT]}", heads, rows)


def _commits(document: Document) -> Iterator[Body]:
    yield Lines(tuple(_commit(item) for item in document["commits"]), "every commit up to the tip is verified")
    if document["repair"]:
        yield Text("The way out", "\n".join(map(str, document["repair"])))


def _commit(item: Mapping[str, Any]) -> Line:
    refusal = item["refusal"] or {}
    why = f"{refusal['reason']}: {refusal['message']}" if refusal else ""
    note = f"by {item['author']}{'. ' if why else ''}{why}"
    return Line(item["subject"], _STATES[item["state"]], item["commit"][:_SHORT], note)


def _limits(document: Document) -> Iterator[Body]:
    names = ("Limit", "Value", "Used", "Utilisation", "Set by")
    heads = tuple(Head(name, "num" if name == "Value" else "") for name in names)
    yield Table("Limits in force", heads, tuple(map(_limit, document["limits"])))


def _limit(item: Document) -> Row:
    share, origin = item["utilisation_pct"], item["set"] or {}
    tone: Tone = USES[item["level"]]
    label = f"{item['name']}: {percent(share)} used"
    bar = meter(share / 100, tone, label) if share is not None else None
    shadow = "shadow: told of, blocks nothing. " if item["shadow"] else ""
    of_it = f"{percent(share)} of it" if share is not None else ""
    by = f"{origin['author']}, {moment(origin['at'])[:10]}" if origin else "the template"
    return Row(
        (
            Cell(item["name"], note=f"{shadow}{item['doc']}"),
            Cell(item["text"] or "n/a", note=item["kind"]),
            Cell(item["used_text"] or "not measured", tone, note=of_it),
            Cell("" if bar else "–", art=bar),
            Cell(by, note=origin.get("commit", "")[:_SHORT]),
        )
    )


def _strategies(document: Document) -> Iterator[Body]:
    strategies: Mapping[str, Document] = (document["config"] or {}).get("strategies", {})
    heads = (Head("Strategy"), Head("Status"), Head("Allocation", "num"), Head("Module"), Head("Owner"))
    rows = tuple(
        Row(
            (
                Cell(name, href=f"/strategies/{name}"),
                Cell(item["status"]),
                Cell(item["allocation_pct"]),
                Cell(item["module"]),
                Cell(item["owner"]),
            )
        )
        for name, item in strategies.items()
    )
    yield Table("Strategies as git has them", heads, rows)


def _signers(document: Document) -> Iterator[Body]:
    heads = (Head("Principal"), Head("Key"), Head("Roles"))
    rows = tuple(
        Row(
            (
                Cell(item["principal"], "bad" if item["denied"] else "", note="denied" if item["denied"] else ""),
                Cell(item["fingerprint"], note=item["kind"]),
                Cell(", ".join(item["roles"])),
            )
        )
        for item in document["signers"]
    )
    yield Table("Signers", heads, rows)
