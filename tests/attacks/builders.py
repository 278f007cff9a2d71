"""How each attack of the corpus is made. A builder takes the arena and gives the commit that is pushed."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace

from controller.adapters.git.objects import commit_payload, join_commit, tree_bytes
from controller.adapters.git.reader import Reader
from controller.ports import Entry
from tests.attacks.arena import HALTED, TWO_KEYS, Arena, team
from tests.support.histories import AT, AUTHOR, PLAIN, Files, record

Builder = Callable[[Arena], str]
OTHER = "strategies/disclosure-follower.yaml"
DENIED = "denied_keys = []"


def note(number: int) -> Files:
    """A file that is no document: it changes nothing."""
    return {f"note-{number}.md": b"a note\n"}


def merge_of_unsigned(arena: Arena) -> str:
    files = note(1)
    side = arena.histories.unsigned(arena.tip(), files)
    return arena.histories.merge(arena.tip(), side, files=files, signer="operator", message="Merge" + arena.landing)


def forced_back(arena: Arena) -> str:
    return arena.git("rev-parse", f"{arena.tip()}~1").stdout.strip()


def rewritten(arena: Arena) -> str:
    old = arena.git("rev-parse", f"{arena.tip()}~2").stdout.strip()
    return arena.commit(note(2), on=old)


def without(arena: Arena, name: str) -> dict[str, bytes | None]:
    """trust.yaml without one person, and without those who left before."""
    gone = {item for item in ("leaver", "mover", "goer") if f"principal: {item}\n" not in arena.text("trust.yaml")}
    return {"trust.yaml": team(arena, name, *gone)}


def backdated(arena: Arena) -> str:
    removed = arena.land(arena.commit(without(arena, "leaver")))
    payload = arena.histories.source.stage(removed, arena.limit(30), "A <a@b>", 86_400, "From 1970" + arena.landing)
    return arena.histories.signed(payload, "leaver")


def merged_later(arena: Arena) -> str:
    before = arena.commit(arena.limit(9), "mover")
    removed = arena.land(arena.commit(without(arena, "mover")))
    return arena.histories.merge(removed, before, files=arena.limit(9))


def denied(arena: Arena) -> str:
    settings, key = arena.home.settings, arena.histories.site.key("officer")
    text = settings.read_text()
    assert DENIED in text
    settings.write_text(text.replace(DENIED, f'denied_keys = ["{key.fingerprint}"]'))
    return arena.commit(arena.limit(9), "officer")


def undeny(arena: Arena) -> None:
    settings, key = arena.home.settings, arena.histories.site.key("officer")
    settings.write_text(settings.read_text().replace(f'denied_keys = ["{key.fingerprint}"]', DENIED))


def stranger(arena: Arena) -> str:
    return arena.commit(arena.limit(30), "stranger")


def replaced(arena: Arena) -> str:
    """A stranger's commit, which the bare repo's own replace refs show as a good one."""
    good, bad = arena.commit(arena.limit(9)), stranger(arena)
    arena.plant(good, f"refs/replace/{bad}")
    return bad


def unreplace(arena: Arena) -> None:
    for ref in arena.git("for-each-ref", "--format=%(refname)", "refs/replace", bare=True).stdout.split():
        arena.git("update-ref", "-d", ref, bare=True)


def grafted(arena: Arena) -> str:
    """A stranger's commit behind one that a graft joins to the tip."""
    hidden = stranger(arena)
    tip = arena.commit(note(3), on=hidden)
    (arena.home.bare / "info").mkdir(exist_ok=True)
    (arena.home.bare / "info" / "grafts").write_text(f"{tip} {arena.tip()}\n")
    return tip


def ungraft(arena: Arena) -> None:
    (arena.home.bare / "info" / "grafts").unlink()


def other_environment(arena: Arena) -> str:
    return arena.commit(arena.limit(9), message="For live" + arena.landing.replace("/paper/", "/live/"))


def other_target(arena: Arena) -> str:
    return arena.commit(arena.changed("trust.yaml", "environment: paper", "environment: live"))


def trailer_in_prose(arena: Arena) -> str:
    message = f"Work in progress\n\nThe last one said\n{arena.landing.strip()}\nand so it came into force.\n"
    return arena.commit(arena.limit(30), message=message)


def trailer_in_name(arena: Arena) -> str:
    injected = "name: " + '"Contrarian\\\\n\\\\n' + arena.landing.strip() + '"'
    return arena.commit(arena.changed(f"strategies/{HALTED}.yaml", r"name: .*", injected), "trader", PLAIN)


def trust_by_officer(arena: Arena) -> str:
    return arena.commit(arena.changed("trust.yaml", r"roles: \[risk-officer\]", "roles: [admin]"), "officer")


def loosened(signer: str) -> Builder:
    return lambda arena: arena.commit(arena.limit(30), signer)


def in_rename(arena: Arena) -> str:
    text = arena.text(OTHER).replace("id: disclosure-follower", "id: follower")
    grown = re.sub(r"allocation_pct: \d+%", "allocation_pct: 39%", text)
    assert grown != text
    return arena.commit({OTHER: None, "strategies/follower.yaml": grown.encode()}, "emergency")


def in_mode(arena: Arena) -> str:
    entry = _root(arena)["risk_config.yaml"]
    loose = arena.histories.raw("blob", next(iter(arena.limit(30).values())) or b"")
    return _with_root(arena, {"risk_config.yaml": replace(entry, mode="100755", id=loose)}, "emergency")


def in_alias(arena: Arena) -> str:
    text = arena.text("risk_config.yaml")
    text = text.replace("max_gross_pct: 100%", "max_gross_pct: &loose 100%")
    text = text.replace("max_position_pct: 15%", "max_position_pct: *loose")
    assert "*loose" in text
    return arena.commit({"risk_config.yaml": text.encode()}, "emergency")


def in_repeated_key(arena: Arena) -> str:
    doubled = "max_positions: 5\n    max_positions: 500"
    return arena.commit(arena.changed("risk_config.yaml", r"max_positions: \d+", doubled), "emergency")


def in_deleted_limit(arena: Arena) -> str:
    return arena.commit(arena.changed("risk_config.yaml", r"    duplicate_seconds: 2\n", ""), "emergency")


def split(arena: Arena) -> str:
    """Both commits stay below what holds at the start; the second alone loosens what the first has tightened."""
    first = arena.land(arena.commit(arena.changed("risk_config.yaml", r"max_positions: \d+", "max_positions: 10")))
    return arena.commit(
        arena.changed("risk_config.yaml", r"max_positions: \d+", "max_positions: 15"), "emergency", on=first
    )


def two_keys(arena: Arena) -> str:
    base = arena.tip()
    grown = arena.changed(OTHER, r"allocation_pct: \d+%", "allocation_pct: 21%")
    side = arena.commit(grown, TWO_KEYS)
    message = "Merge" + arena.landing
    return arena.histories.merge(base, side, files=grown, signer=f"{TWO_KEYS}-2", message=message)


def octopus(arena: Arena) -> str:
    sides = [arena.commit(note(number)) for number in (5, 6)]
    files = {**note(5), **note(6)}
    return arena.histories.merge(arena.tip(), *sides, files=files, signer="operator", message="Merge" + arena.landing)


def criss_cross(arena: Arena) -> str:
    left, right = arena.commit(note(7)), arena.commit(note(8))
    one = arena.land(arena.histories.merge(left, right, files=note(8)))
    other = arena.histories.merge(right, left, files=note(7))
    loose = arena.commit(arena.limit(30), "officer", on=other)
    return arena.histories.merge(one, loose, files=arena.limit(30))


def ours(arena: Arena) -> str:
    base = arena.tip()
    side = arena.commit(note(9))
    arena.land(arena.commit(arena.limit(12), "emergency", PLAIN, on=base))
    return arena.histories.merge(side, arena.tip())


def work_in_progress(arena: Arena) -> str:
    return arena.commit(arena.limit(30), message=PLAIN)


def halt_deleted(arena: Arena) -> str:
    return arena.commit({f"strategies/{HALTED}.yaml": None})


def halt_renamed(arena: Arena) -> str:
    text = arena.text(f"strategies/{HALTED}.yaml").replace(f"id: {HALTED}", "id: swing")
    return arena.commit({f"strategies/{HALTED}.yaml": None, "strategies/swing.yaml": text.encode()})


def halt_rekeyed(arena: Arena) -> str:
    return arena.commit(arena.changed(f"strategies/{HALTED}.yaml", r'uid: "?[0-9a-f]{32}"?', f'uid: "{"9" * 32}"'))


def uid_reused(arena: Arena) -> str:
    """A strategy goes, lawfully, and another one comes under its uid."""
    text = arena.text("strategies/heuristic-value-1.yaml")
    gone = arena.land(arena.commit({"strategies/heuristic-value-1.yaml": None}))
    again = text.replace("id: heuristic-value-1", "id: value-2").replace("status: active", "status: paused")
    return arena.commit({"strategies/value-2.yaml": again.encode()}, on=gone)


def record_removed(arena: Arena) -> str:
    return arena.commit({f"halts/{arena.halts[0]}.yaml": None})


def clear_reverted(arena: Arena) -> str:
    return arena.commit({f"cleared/{arena.halts[0]}.yaml": None}, message="Revert the clear" + arena.landing)


def clear_forged(arena: Arena) -> str:
    """The clear of the first halt, which was signed, copied for the second."""
    first, second = arena.halts
    text = arena.text(f"cleared/{first}.yaml").replace(first, second)
    known = arena.text(f"halts/{first}.yaml").replace(first, second)
    return arena.commit({f"cleared/{second}.yaml": text.encode(), f"halts/{second}.yaml": known.encode()})


def clear_picked(arena: Arena) -> str:
    """The signed clear of the first halt once more, from a branch that left before it, merged."""
    first = arena.halts[0]
    clear = arena.git("log", "-1", "--format=%H", arena.tip(), "--", f"cleared/{first}.yaml").stdout.strip()
    names = (f"cleared/{first}.yaml", f"halts/{first}.yaml")
    files: dict[str, bytes | None] = {name: arena.text(name, clear).encode() for name in names}
    picked = arena.commit(files, on=arena.git("rev-parse", f"{clear}~1").stdout.strip())
    return arena.histories.merge(arena.tip(), picked)


def clear_squashed(arena: Arena) -> str:
    """A squash of the clear: nothing is left of it but its message, trailers and all."""
    first = arena.halts[0]
    said = arena.git("log", "-1", "--format=%B", arena.tip(), "--", f"cleared/{first}.yaml").stdout
    return arena.commit({}, message=said)


def bomb(arena: Arena) -> str:
    """Ten trees deep, ten entries each, in a folder that is read: 10^9 paths in a dozen objects."""
    blob = arena.histories.raw("blob", b"version: 1\n")
    inner = {f"f{number}.yaml": Entry("100644", "blob", blob) for number in range(10)}
    for _ in range(9):
        tree = arena.histories.raw("tree", tree_bytes(inner))
        inner = {f"d{number}": Entry("040000", "tree", tree) for number in range(10)}
    return _with_root(arena, {"strategies": Entry("040000", "tree", arena.histories.raw("tree", tree_bytes(inner)))})


def long_message(arena: Arena) -> str:
    head = arena.histories.source.stage(arena.tip(), arena.limit(9), AUTHOR, AT, "Long")
    payload = head + b"\n" + b"x" * 60_000_000 + arena.landing.encode()
    signed = join_commit(payload, arena.histories.site.key("operator")(payload))
    return arena.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed).stdout.strip()


def unsigned_root(arena: Arena) -> str:
    root = arena.histories.raw("commit", commit_payload(_tree(arena), (), AUTHOR, AT, "Another beginning"))
    return arena.histories.merge(arena.tip(), root, signer="operator", message="Merge" + arena.landing)


def another_root(arena: Arena) -> str:
    root = arena.histories.signed(commit_payload(_tree(arena), (), AUTHOR, AT, "Beginning" + arena.landing))
    return arena.histories.merge(arena.tip(), root, signer="operator", message="Merge" + arena.landing)


def two_signatures(arena: Arena) -> str:
    payload = arena.histories.source.stage(arena.tip(), arena.limit(9), AUTHOR, AT, "Twice" + arena.landing)
    once = join_commit(payload, arena.histories.site.key("stranger")(payload))
    return arena.histories.raw("commit", join_commit(once, arena.histories.site.key("operator")(payload)))


def other_namespace(arena: Arena) -> str:
    """What an operator signed as a file, with ``ssh-keygen -Y sign -n file``, put on a commit."""
    payload = arena.histories.source.stage(arena.tip(), arena.limit(9), AUTHOR, AT, "A file" + arena.landing)
    key = arena.home.keys / "operator"
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(key)]
    signature = subprocess.run(argv, input=payload, capture_output=True, check=True).stdout
    return arena.histories.source.seal(payload, signature)


def other_bytes(arena: Arena) -> str:
    payload = arena.histories.source.stage(arena.tip(), arena.limit(9), AUTHOR, AT, "One" + arena.landing)
    signature = arena.histories.site.key("operator")(payload)
    return arena.histories.source.seal(payload.replace(b"One", b"Two"), signature)


def odd_entry(mode: str, path: str) -> Builder:
    """A signed commit by an admin with one entry that is no plain file."""

    def made(arena: Arena) -> str:
        blob = arena.histories.raw("blob", b"risk_config.yaml")
        odd = Entry(mode, "blob", arena.tip() if mode == "160000" else blob)
        folder, _, name = path.rpartition("/")
        if not folder:
            return _with_root(arena, {name: odd})
        root = _root(arena)
        reader = Reader(arena.histories.source.git)
        inner = dict(reader.one_tree(arena.tip(), root[folder].id))
        reader.close()
        tree = arena.histories.raw("tree", tree_bytes({**inner, name: odd}))
        return _with_root(arena, {folder: Entry("040000", "tree", tree)})

    return made


def hooks(arena: Arena) -> str:
    script = arena.histories.raw("blob", b"#!/bin/sh\ntouch /tmp/evil\n")
    folder = arena.histories.raw("tree", tree_bytes({"pre-receive": Entry("100755", "blob", script)}))
    inner = arena.histories.raw("tree", tree_bytes({"hooks": Entry("040000", "tree", folder)}))
    return _with_root(arena, {".git": Entry("040000", "tree", inner)})


def newline_name(arena: Arena) -> str:
    blob = arena.histories.raw("blob", b"version: 1\n")
    return _with_root(arena, {"risk_config.yaml\nrisk_config.yaml": Entry("100644", "blob", blob)})


def attributes(arena: Arena) -> str:
    return arena.commit(
        {".gitattributes": b"*.yaml filter=evil diff=evil working-tree-encoding=UTF-16 ident\n"}, "emergency"
    )


def false_evidence(arena: Arena) -> str:
    base = arena.git("rev-parse", "refs/heads/gt-risk/halts", bare=True).stdout.strip()
    assert arena.git("fetch", "-q", str(arena.home.bare), base).returncode == 0
    return arena.commit(record(10), "officer", "halts: record\n", on=base)


def _tree(arena: Arena) -> str:
    return arena.git("rev-parse", f"{arena.tip()}^{{tree}}").stdout.strip()


def _root(arena: Arena) -> dict[str, Entry]:
    reader = Reader(arena.histories.source.git)
    entries = dict(reader.one_tree(arena.tip(), _tree(arena)))
    reader.close()
    return entries


def _with_root(arena: Arena, odd: dict[str, Entry], signer: str = "operator") -> str:
    tree = arena.histories.raw("tree", tree_bytes({**_root(arena), **odd}))
    return arena.histories.signed(commit_payload(tree, (arena.tip(),), AUTHOR, AT, "Odd" + arena.landing), signer)
