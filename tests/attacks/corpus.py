"""The attack corpus: what somebody tries with real git, and the one reason that each attempt gets.

``docs/attacks.md`` is written from this table: ``python -m tests.attacks.corpus``.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.status import RefusalReason as Why
from tests.attacks import builders as build
from tests.attacks.arena import Arena

PAGE = Path(__file__).resolve().parents[2] / "docs" / "attacks.md"


@dataclass(frozen=True, slots=True)
class Attack:
    """``build`` makes the commit (and whatever legitimate history it needs in force) in a stranger's repository.

    ``why``: the controller's reason when the commit lies in the bare repo already, past the hook; None: nothing can lie
    there. ``push``: what the push is told, the reason when empty. ``ref`` is what is pushed. ``git``: git itself
    refuses, before anything of ours is asked. ``undo`` clears what the attacker left beside the branch.
    """

    name: str
    build: Callable[[Arena], str]
    why: Why | None
    push: str = ""
    ref: str = "refs/heads/main"
    git: bool = False
    undo: Callable[[Arena], None] = lambda _: None

    @property
    def told(self) -> str:
        """What the pusher must read."""
        return self.push or f"{self.why.value}: " if self.why else self.push


MOVED = "has moved since your clone was updated"
ELSEWHERE = "only main lives here"

ATTACKS: tuple[Attack, ...] = (
    Attack("a signed merge of an unsigned commit", build.merge_of_unsigned, Why.UNSIGNED),
    Attack("the branch forced back to an old signed commit", build.forced_back, Why.NOT_DESCENDANT, MOVED),
    Attack("history rewritten below the last verified commit", build.rewritten, Why.NOT_DESCENDANT, MOVED),
    Attack("a backdated commit by a removed key", build.backdated, Why.UNKNOWN_KEY),
    Attack(
        "a removed key's commit from before its removal, merged later",
        build.merged_later,
        Why.CONCURRENT_WITH_TRUST_CHANGE,
    ),
    Attack("a key removed by local settings, the tip unchanged", build.denied, None, "KeyDenied: ", undo=build.undeny),
    Attack("git replace, put in the repository", build.replaced, Why.UNKNOWN_KEY, undo=build.unreplace),
    Attack("git replace, pushed", build.stranger, None, ELSEWHERE, "refs/replace/" + "a" * 40),
    Attack("a graft that hides a commit", build.grafted, Why.UNKNOWN_KEY, undo=build.ungraft),
    Attack("a commit signed for another environment", build.other_environment, Why.WRONG_TARGET),
    Attack("trust.yaml bound to another environment", build.other_target, Why.WRONG_TARGET),
    Attack("a landing trailer quoted in prose", build.trailer_in_prose, Why.NOT_LANDED),
    Attack("a landing trailer injected by a strategy's name", build.trailer_in_name, Why.SCHEMA_INVALID),
    Attack("trust.yaml changed by somebody who is no admin", build.trust_by_officer, Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("a loosening by a key that may only tighten", build.loosened("emergency"), Why.NOT_AUTHORIZED_FOR_DIRECTION),
    Attack("a hard limit loosened by an operator's key", build.loosened("trader"), Why.NOT_AUTHORIZED_FOR_DIRECTION),
    Attack("anything at all by the forge's key", build.loosened("forge"), Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("a loosening by the web tier", build.loosened("web"), Why.NOT_AUTHORIZED_FOR_DIRECTION),
    Attack("a loosening by the bot", build.loosened("bot"), Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("a key that nobody listed", build.stranger, Why.UNKNOWN_KEY),
    Attack("a loosening hidden in a rename", build.in_rename, Why.NOT_AUTHORIZED_FOR_DIRECTION),
    Attack("a loosening hidden in a file mode", build.in_mode, Why.BAD_OBJECT),
    Attack("a loosening hidden in a YAML alias", build.in_alias, Why.SCHEMA_INVALID),
    Attack("a loosening hidden in a repeated key", build.in_repeated_key, Why.SCHEMA_INVALID),
    Attack("a loosening hidden in a deleted limit", build.in_deleted_limit, Why.SCHEMA_INVALID),
    Attack("a loosening split over two harmless commits", build.split, Why.NOT_AUTHORIZED_FOR_DIRECTION),
    Attack("an octopus merge", build.octopus, Why.TOO_LARGE),
    Attack("a criss-cross merge that takes the looser side", build.criss_cross, Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("merge -s ours by the forge, undoing a tightening", build.ours, Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("a signed work in progress, fast-forwarded into force", build.work_in_progress, Why.NOT_LANDED),
    Attack("a halt laundered by deleting its strategy", build.halt_deleted, None, "HaltOpenOnObject: "),
    Attack("a halt laundered by renaming its strategy", build.halt_renamed, None, "HaltOpenOnObject: "),
    Attack("a halt laundered by another uid", build.halt_rekeyed, Why.UID_CHANGED),
    Attack("a halt laundered by re-using a uid", build.uid_reused, Why.UID_CHANGED),
    Attack("a halt record removed", build.record_removed, Why.HALT_RECORD_REMOVED),
    Attack("a clear undone by git revert", build.clear_reverted, Why.HALT_RECORD_REMOVED),
    Attack("a clear forged for the halt that is open", build.clear_forged, Why.UNSAFE_PLAN),
    Attack("a tree of a thousand million paths", build.bomb, Why.BAD_OBJECT),
    Attack("a commit message of 60 MB", build.long_message, Why.TOO_LARGE),
    Attack("an unsigned root merged in", build.unsigned_root, Why.UNSIGNED),
    Attack("another root, signed", build.another_root, Why.NOT_DESCENDANT),
    Attack("two signatures", build.two_signatures, Why.BAD_SIGNATURE),
    Attack("a signature of another namespace", build.other_namespace, Why.BAD_SIGNATURE),
    Attack("a signature over other bytes", build.other_bytes, Why.BAD_SIGNATURE),
    Attack("a submodule", build.odd_entry("160000", "strategies/module"), Why.BAD_OBJECT),
    Attack("a symlink in place of a document", build.odd_entry("120000", "risk_alerts.yaml"), Why.BAD_OBJECT),
    Attack("hooks in the tree", build.hooks, Why.BAD_OBJECT, "hasDotgit", git=True),
    Attack("a file name with a newline", build.newline_name, Why.BAD_OBJECT),
    Attack("attributes that rewrite documents", build.attributes, Why.NOT_AUTHORIZED_FOR_PATH),
    Attack("a ref that reads as an option", build.stranger, None, ELSEWHERE, "refs/heads/--upload-pack=touch"),
    Attack("another branch", build.loosened("operator"), None, ELSEWHERE, "refs/heads/other"),
    Attack(
        "evidence of halts by somebody else than the bot",
        build.false_evidence,
        None,
        "NotAuthorized",
        "refs/heads/gt-risk/halts",
    ),
)


def page() -> str:
    """docs/attacks.md"""
    rows = [f"| {item.name} | {_answer(item)} |" for item in ATTACKS]
    return "\n".join([*_HEAD, *rows, ""])


def _answer(item: Attack) -> str:
    if item.git:
        return f"push: git's own check (`{item.push}`); behind it `{item.why.value if item.why else ''}`"
    if item.why is None:
        return f"push: `{item.push.rstrip(': ')}`"
    return f"`{item.why.value}`" + (f"; push: {item.push}" if item.push else "")


_HEAD = (
    "# Attacks on the config repository",
    "",
    "`make test` tries each line with real git against a running service: first as a push to the bare repo, which",
    "must be refused with this reason; then planted behind the hook, as by a forge that verifies nothing or by one who",
    "writes the repository's files, and the controller refuses it with the same reason. Every refusal is in the audit",
    "log (`config.refused`), and latch, limits, book and gate are what they were.",
    "",
    "Written from `tests/attacks/corpus.py` by `python -m tests.attacks.corpus`.",
    "",
    "| attempt | answer |",
    "|---|---|",
)

if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}\n")
