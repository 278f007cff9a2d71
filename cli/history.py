"""The commits of the configuration as git tells them, for ``config history`` and ``audit config-changes``."""

from cli.commits import bare, git
from cli.output import Document, Failure
from cli.remote import ask

_FORMAT = "%H%x1f%cI%x1f%an%x1f%s%x1f%(trailers:key=Reason,valueonly)%x1f%(trailers:key=Audit-Id,valueonly)"
_STATES = (("last_applied", "applied"), ("last_verified", "verified"), ("observed_tip", "tip"))


def history(limit: int) -> Document:
    """The newest ``limit`` commits, each with its state, and what needs attention. Raises Failure without a repo."""
    shown = ask("config.show")
    branch = f"refs/heads/{shown['branch']}"
    text = git(bare(), "log", "-z", f"-{limit}", "--no-show-signature", f"--format={_FORMAT}", branch, "--")
    if text is None:
        raise Failure(f"{bare()} cannot be read", "gt risk doctor")
    return {
        "repository": shown["repository"],
        "branch": shown["branch"],
        "commits": [_entry(line, shown["revision"]) for line in text.split("\0") if line],
        "attention": shown["attention"] if shown.get("service") == "down" else [],
    }


def _entry(line: str, revision: Document) -> Document:
    commit, time, author, subject, reason, audit = line.split("\x1f")
    states = [word for key, word in _STATES if revision[key] == commit]
    return {
        "commit": commit,
        "time": time,
        "author": author,
        "subject": subject,
        "reason": reason.strip(),
        "audit_id": audit.strip(),
        "state": ", ".join(states),
    }
