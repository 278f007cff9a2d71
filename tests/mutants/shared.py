# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of what is read and compiled once: nothing doubtful is taken, nothing stale is used."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_PLAIN = "controller.core.desired.yaml_plain"
_DOCUMENTS = "controller.core.desired.documents"
_COMPILE = "controller.core.policy.compile"
_DIRECTION = "controller.core.policy.direction"
_LEAVES = "controller.core.policy.document_leaves"
_TEXT = "controller.core.policy.text"
_READER = "controller.adapters.git.reader"

READ_ONCE = edits(
    ("test_yaml_plain",),
    (
        (_PLAIN, "no question marks", 'if text is None or "?" in text:', "if text is None:"),
        (_PLAIN, "no endless document", "islice(events_of(text), MAX_NODES)", "events_of(text)"),
        (_PLAIN, "no directives", "start.version or start.tags or ", ""),
        (_PLAIN, "one document", "    if ends != [DocumentEndEvent, StreamEndEvent]:\n", "    if False:\n"),
        (_PLAIN, "no repeated key", "        if key in found:\n", "        if False:\n"),
        (_PLAIN, "no anchors and tags of groups", "event.anchor is not None or event.ctag is not None or depth >= MAX_DEPTH", "depth >= MAX_DEPTH"),
        (_PLAIN, "not too deep", " or depth >= MAX_DEPTH", ""),
        (_PLAIN, "no merge keys", 'text == "<<" or ', ""),
        (_PLAIN, "keys are text", ' or type(resolve(text)) is not str', ""),
        (_PLAIN, "no anchors of scalars", "event.anchor is not None or event.ctag is not None or (", "event.ctag is not None or ("),
        (_PLAIN, "no tags of scalars", "event.anchor is not None or event.ctag is not None or (", "event.anchor is not None or ("),
        (_PLAIN, "nothing hidden", " or (event.style and hidden(text))", ""),
        (_PLAIN, "no colons in flow", '    if in_flow and not event.style and ":" in text:\n', "    if False:\n"),
    ),
)

USED_ONCE = edits(
    ("test_shared_documents", "test_documents", "test_policy_text"),
    (
        (_DOCUMENTS, "another content is read anew", "            key = (path, content_id)\n", '            key = (path, "")\n'),
        (_DOCUMENTS, "another place is judged anew", "            key = (path, content_id)\n", '            key = ("", content_id)\n'),
        (_COMPILE, "another tree compiles anew", "if tree is desired and by_symbol == sectors:", "if by_symbol == sectors:"),
        (_COMPILE, "other sectors compile anew", "if tree is desired and by_symbol == sectors:", "if tree is desired:"),
        (_COMPILE, "another document compiles anew", "known[0] is not strategy or ", ""),
        (_COMPILE, "other capital compiles anew", "known[1] != capital or ", ""),
        (_COMPILE, "another test compiles anew", " or known[2] is not test", ""),
        (_DIRECTION, "equal is not the same", "if uid in mine and mine[uid] is not item]", "if uid in mine and mine[uid] != item]"),
        (_DIRECTION, "a folder is the same when each document is", "one.keys() == other.keys() and all(one[key] is other[key] for key in one)", "one.keys() == other.keys()"),
        (_LEAVES, "halts and clears are one", '{"halts", "cleared"} <= {*but}', '"halts" in but'),
        (_TEXT, "another policy has another text", "        if known is policy:\n", "        if True:\n"),
    ),
)

NEIGHBOURS = edits(
    ("test_reader_neighbours",),
    (
        (_READER, "what is read ahead is intact", '(content := intact(found, "tree")) is not None and found[0] == name', "(content := found[2]) is not None"),
        (_READER, "what is kept is bounded", "sum(map(len, list(known.values()))) > _KEPT_ENTRIES", "False"),
    ),
)

SHARED: tuple[Mutant, ...] = (*READ_ONCE, *USED_ONCE, *NEIGHBOURS)
