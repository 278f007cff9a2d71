"""``ab-test create``, ``stop``, ``analyze`` and ``rollout``: signed commits."""

import json
import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cli.change import WAIT_SECONDS, Change, carry_out
from cli.consent import UNCHANGED, Options, interruptible
from cli.output import USAGE, Document, Failure
from cli.remote import ask
from cli.render.ab_test import METRICS, OBSERVED, analysis
from cli.render.text import fields, percent, safe, unknown

STEPS = (0, 10, 25, 50, 100)
_VARIANT = re.compile(r"(?P<name>[^(]+?)\s*(?:\((?P<description>.*)\))?\s*")
_DAYS = re.compile(r"(\d{1,4})d?")
_WORDS = 3
_SESSIONS_A_YEAR = 252
_ENOUGH_YEARS = 1.0


def create(options: Options, source: str | None, given: dict[str, Any]) -> int:
    """Begin the test of a document ``source``, or of the options ``given``."""
    with interruptible(UNCHANGED):
        id, text = _from_file(source) if source else _made(given)
        seen = ask("abtest.outlook", {"id": id, "text": text}, WAIT_SECONDS + 20)
    test = seen["test"]

    def done(_: Document) -> list[str]:
        return [
            f"✓ Test created: {id}",
            "✓ Traffic routing configured",
            "✓ Metrics collection enabled",
            f"✓ Test will run until {_until(test)} at the latest, {seen['n_max']} {OBSERVED[seen['unit']]} end it",
        ]

    return carry_out(
        Change(
            {"kind": "add-test", "test": id, "text": text},
            lambda _: _plan(test, seen),
            done,
            f"gt risk ab-test create --from FILE --yes   # or the same line with --yes; the test is {id}",
            "gt risk ab-test list",
            table=lambda _: False,
            heading="This will:",
            mark="✓",
        ),
        options,
    )


def stop(options: Options, id: str) -> int:
    """End a test."""
    change = Change(
        {"kind": "end-test", "test": id, "status": "stopped"},
        lambda _: [f"Stopping A/B test: {id}"],
        lambda _: [f"✓ Test stopped: {id}", "✓ Every new signal goes to A"],
        f"gt risk ab-test stop {id} --yes",
        "gt risk ab-test list",
        table=lambda _: False,
        heading="This will:",
        mark="✓",
    )
    return carry_out(change, options)


def archive(options: Options, document: Document) -> int:
    """Archive a decided test."""
    id = document["test"]["id"]

    def done(result: Document) -> list[str]:
        saved = [note.split()[1].rstrip(":") for note in result["notes"] if note.startswith("Write strategies/")]
        return [
            *analysis(document),
            "",
            "✓ Test archived",
            "✓ Results logged",
            *(f"✓ Variant B configuration saved to: {path}" for path in saved),
        ]

    change = Change(
        {"kind": "end-test", "test": id, "status": "complete"},
        lambda _: analysis(document),
        done,
        f"gt risk ab-test analyze {id} --yes",
        f"gt risk ab-test status {id}",
        table=lambda _: False,
        heading="This will:",
        mark="✓",
    )
    return carry_out(change, options)


def rollout(options: Options, id: str, percent: int | None) -> int:
    """Give B ``percent`` of new signals, the next step when None."""
    with interruptible(UNCHANGED):
        now = ask("abtest.show", {"id": id})["test"]["rollout_pct"]
    wanted = STEPS[min(STEPS.index(now) + 1, len(STEPS) - 1)] if percent is None else percent
    change = Change(
        {"kind": "roll-out", "test": id, "percent": wanted},
        lambda _: [f"Rolling out {id}: {now}% → {wanted}%"],
        lambda _: [f"✓ Rollout of {id}: {wanted}%"],
        f"gt risk ab-test rollout {id} --to {wanted} --yes",
        f"gt risk ab-test status {id}",
        table=lambda _: False,
        heading="This will:",
        mark="✓",
    )
    return carry_out(change, options)


def _from_file(source: str) -> tuple[str, str]:
    text = Path(source).read_text()
    found = re.search(r"^id:\s*[\"']?([a-z0-9-]+)", text, re.MULTILINE)
    if found is None:
        raise Failure(f"{source}: no line `id: …`", "see templates/ab_test.template.yaml", USAGE, "BadArgument")
    return found[1], text


def _made(given: dict[str, Any]) -> tuple[str, str]:
    """Id and text of the document that the options ask for."""
    days = _DAYS.fullmatch(given["duration"])
    if days is None:
        raise Failure(
            f"--duration {given['duration']!r} is not a number of days", "--duration 14d", USAGE, "BadArgument"
        )
    today = (ask("abtest.list")["market_time"] or "")[:10]
    if not today:
        raise Failure("the market's day, on which the test begins, is not known yet", "gt risk service start")
    words = re.sub(r"[^a-z0-9]+", "-", given["name"].lower()).strip("-").split("-")[:_WORDS]
    id = "-".join(["test", today.replace("-", ""), *words])[:64].strip("-")
    fields: dict[str, Any] = {
        "version": 1,
        "id": id,
        "name": given["name"],
        "hypothesis": given["hypothesis"],
        "strategy": given["strategy"],
        "status": "active",
        "rollout": 0,
        "started": today,
        "duration_days": int(days[1]),
        "unit": "day" if given["paired"] else "trade",
        "paired": given["paired"],
        "traffic_split": given["traffic_split"],
        "success_metric": given["metric"],
        "n_max": given["n_max"],
        "seed": int.from_bytes(sha256(id.encode()).digest()[:4]),
        "variant_a": _variant(given["variant_a"], given["param_a"], "--param-a"),
        "variant_b": _variant(given["variant_b"], given["param_b"], "--param-b"),
    }
    bare = {"started", "traffic_split", "status", "unit", "success_metric"}
    lines = [
        f"{key}: {value if key in bare else json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()
    ]
    return id, "\n".join(["# yaml-language-server: $schema=../.schemas/ab_test.json", *lines]) + "\n"


def _variant(words: str, parameters: tuple[str, ...], option: str) -> Document:
    found = _VARIANT.fullmatch(words)
    name, description = (found["name"].strip(), found["description"] or "") if found else (words, "")
    return {
        "name": name,
        "description": description,
        "parameters": dict(_parameter(item, option) for item in parameters),
    }


def _parameter(words: str, option: str) -> tuple[str, int | str | bool]:
    key, equals, value = words.partition("=")
    if not key or not equals:
        raise Failure(f"{option} {words!r} is not KEY=VALUE", f"{option} lookback=60", USAGE, "BadArgument")
    if value in ("true", "false"):
        return key, value == "true"
    return key, int(value) if re.fullmatch(r"-?\d+", value) else value


def _until(test: Document) -> str:
    return (date.fromisoformat(test["started"]) + timedelta(days=test["duration_days"])).isoformat()


def _plan(test: Document, seen: Document) -> list[str]:
    a, b = test["traffic_split"].split("/")
    variants = {arm: test[f"variant_{arm}"] for arm in ("a", "b")}
    rows = [
        ("Name", safe(test["name"])),
        ("Strategy", test["strategy"]),
        ("Variants", f"A ({safe(variants['a']['name'])}), B ({safe(variants['b']['name'])})"),
        ("Traffic Split", f"{int(a)}% A, {int(b)}% B{', in shadow' if test['paired'] else ''}"),
        ("Duration", f"{test['duration_days']} days (until {_until(test)})"),
        ("Success Metric", METRICS[test["success_metric"]]),
    ]
    lines = ["Creating A/B Test:", "", *(line[2:] for line in fields(rows, 16))]
    for arm, role in (("a", "Control"), ("b", "Treatment")):
        variant = variants[arm]
        own = [(name, safe(value)) for name, value in sorted(variant["parameters"].items())]
        own = [("about", safe(variant["description"])), *own] if variant["description"] else own
        lines += ["", f"Variant {arm.upper()} ({role}):", *fields(own or [("as", "the strategy's own parameters")], 20)]
    return [*lines, "", "What It Can See:", *fields(_outlook(seen), 22)]


def _outlook(seen: Document) -> list[tuple[str, str]]:
    """The smallest difference that will be noticed, and how long it takes until then; plainly when that is years."""
    what = OBSERVED[seen["unit"]]
    if seen["effect"] is None:
        effect = unknown(seen["why"] or f"no difference is found at {seen['n_max']} {what}")
    else:
        power = percent(seen["power_pct"], digits=0)
        size = percent(100 * seen["effect"]) if seen["effect_unit"] == "win rate" else f"{seen['effect']:.2f}"
        effect = f"{size} in {seen['effect_unit']} per observation (power {power} at {seen['n_max']} {what})"
    rows = [("Smallest Difference", effect)]
    if seen["sessions_needed"] is None:
        return [*rows, ("Time", unknown("the strategy has closed no trade yet"))]
    years = seen["sessions_needed"] / _SESSIONS_A_YEAR
    time = f"{seen['sessions_needed']} sessions at today's rate of {seen['rate_per_session']:.2f} {what} a session"
    rows.append(("Time", f"⚠️  {years:.1f} YEARS: {time}" if years > _ENOUGH_YEARS else time))
    expected = seen["expected_n"]
    if expected < 2 * seen["n_min"]:
        rows.append(("In its duration", f"⚠️  about {expected} {what}: too few for a first look"))
    elif expected < seen["n_max"]:
        rows.append(("In its duration", f"about {expected} {what}, so larger differences only"))
    return rows
