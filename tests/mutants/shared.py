# fmt: off
# ruff: noqa: E501  # one condition, one line
"""Conditions of what is read and compiled once: nothing doubtful is taken, nothing stale is used."""

from tests.mutants.fence import edits
from tests.mutants.mutant import Mutant

_PLAIN = "controller.core.desired.yaml_plain"
_NEWEST = "controller.reconcile.newest"
_TREES = "controller.reconcile.trees"
_DOCUMENTS = "controller.core.desired.documents"
_COMPILE = "controller.core.policy.compile"
_DIRECTION = "controller.core.policy.direction"
_LEAVES = "controller.core.policy.document_leaves"
_PAIRS = "controller.core.policy.leaves"
_TEXT = "controller.core.policy.text"
_READER = "controller.adapters.git.reader"
_ENGINE = "controller.adapters.engines.gate"
_OBJECTS = "controller.adapters.git.objects"

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
        (_DOCUMENTS, "another content is read anew", "            if self.ids.get(path) == content_id:\n", "            if path in self.ids:\n"),
        (_DOCUMENTS, "what was left is kept by its content", "self.older[path, before[0][path]] = document", "self.older[path, content_id] = document"),
        (_DOCUMENTS, "another place is judged anew", "                key = (path, content_id)\n", '                key = ("strategies/ml-momentum-v2.yaml", content_id)\n'),
        (_COMPILE, "another tree compiles anew", "if tree is desired and by_symbol == sectors:", "if by_symbol == sectors:"),
        (_COMPILE, "other sectors compile anew", "if tree is desired and by_symbol == sectors:", "if tree is desired:"),
        (_COMPILE, "another document compiles anew", "known[0] is not strategy or ", ""),
        (_COMPILE, "other capital compiles anew", "known[1] != capital or ", ""),
        (_COMPILE, "another test compiles anew", " or known[2] is not test", ""),
        (_DIRECTION, "equal is not the same", "if uid in mine and mine[uid] is not item]", "if uid in mine and mine[uid] != item]"),
        (_DIRECTION, "a folder is the same when each document is", "one.keys() == other.keys() and all(one[key] is other[key] for key in one)", "one.keys() == other.keys()"),
        (_PAIRS, "another before is another pair", "before is old and after is new", "after is new"),
        (_PAIRS, "another after is another pair", "before is old and after is new", "before is old"),
        (_LEAVES, "halts and clears are one", '{"halts", "cleared"} <= {*but}', '"halts" in but'),
        (_TEXT, "another policy has another text", "        if known is policy:\n", "        if True:\n"),
        (_TEXT, "another strategy has another text", "if before is None or before[0] is not strategy:", "if before is None:"),
    ),
)

NEIGHBOURS = edits(
    ("test_reader_neighbours", "test_tree_entries"),
    (
        (_OBJECTS, "nothing stands between entries", "    if size != len(raw):\n", "    if False:\n"),
        (_OBJECTS, "no name comes twice", "if text in entries or (", "if ("),
        (_OBJECTS, "a name is one that git writes", "known is None and not _plain(text)", "False"),
        (_OBJECTS, "another content is another entry", "known.id != blob or ", ""),
        (_OBJECTS, "another mode is another entry", " or (known.mode, known.kind) != _mode(mode)", ""),
        (_READER, "what is read ahead is intact", '(content := intact(found, "tree")) is not None and found[0] == name', "(content := found[2]) is not None"),
        (_READER, "what is kept is bounded", "sum(map(len, list(known.values()))) > _KEPT_ENTRIES", "False"),
    ),
)

READINGS = edits(
    ("test_gate_readings",),
    (
        (_ENGINE, "what moved is read anew", " and same.__dict__ == row", ""),
    ),
)

KEPT = edits(
    ("test_newest", "test_verifier_objects", "test_tree_entries"),
    (
        (_NEWEST, "not too many", "len(self._items) > MOST or ", ""),
        (_NEWEST, "not too much", "len(self._items) > LEAST and self._together > TOGETHER", "False"),
        (_NEWEST, "what is put again weighs once", " - (before[0] if before else 0)", ""),
        (_NEWEST, "what is cleared weighs nothing", "        self._items.clear()\n        self._together = 0\n", "        self._items.clear()\n"),
        (_TREES, "another entry is looked at", "if accepted.get(path) is not entry)", "if path not in accepted)"),
    ),
)

SHARED: tuple[Mutant, ...] = (*READ_ONCE, *USED_ONCE, *NEIGHBOURS, *READINGS, *KEPT)
