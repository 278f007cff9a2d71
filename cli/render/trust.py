"""Text of ``trust``."""

from typing import Any

from cli.render.text import safe, table

Document = dict[str, Any]


def listing(document: Document) -> list[str]:
    """Signers with their keys, the rules, and how many it takes to change this."""
    rows = [
        (
            f"  {safe(item['principal'])}",
            ", ".join(item["roles"]),
            safe(item["kind"]),
            safe(item["fingerprint"] or "unreadable key") + (" DENIED" if item["denied"] else ""),
        )
        for item in document["signers"]
    ]
    target, takes = document["target"], document["trust_takes"]
    lines = [f"Target:  {target['repo']}/{target['environment']}/{safe(target['branch'])}", ""]
    lines += table(("  Principal", "Roles", "Key", "Fingerprint"), rows)
    lines += (
        ["", "Rules (the first that matches decides):"] if document["rules"] else ["", "Rules: none, by roles alone"]
    )
    lines += [f"  {_rule(rule)}" for rule in document["rules"]]
    who = ", ".join(map(safe, takes["people"])) or "nobody"
    return [*lines, "", f"trust.yaml takes {takes['signers']} of: {who}"]


def check(document: Document) -> list[str]:
    """Who may, and how many must."""
    what = f"{safe(document['field'])} in {safe(document['path'])}" if document["field"] else safe(document["path"])
    who = ", ".join(map(safe, document["people"])) or "nobody"
    lines = [f"To {document['direction']} {what}:", f"  May sign:   {who}  (role {' or '.join(document['roles'])})"]
    more = f", one up to {document['over_pct']}%" if document["over_pct"] else ""
    lines.append(f"  Must sign:  {document['signers']}{more}")
    lines += ["  Plan-Digest: a landing signature must name the plan"] if document["plan_digest"] else []
    rule = document["rule"]
    return [*lines, f"  By:         {_rule(rule) if rule else 'the roles themselves, no rule matches'}"]


def _rule(rule: Document) -> str:
    field = "" if rule["field"] == "*" else f" {safe(rule['field'])}"
    over = f", one is enough up to {rule['over_pct']}" if rule["over_pct"] else ""
    plan = ", naming the plan" if rule["plan_digest"] else ""
    who = " or ".join(rule["roles"])
    return f"{rule['direction']} {safe(rule['path'])}{field}: {rule['signers']} of {who}{over}{plan}"
