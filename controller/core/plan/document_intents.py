"""``strategy add``, ``config edit`` and ``config rollback``: whole documents. Pure."""

import json
import re
from collections.abc import Iterator, Mapping

from controller.core.desired.yaml_edit import apply_edit
from controller.core.plan.edits import BadArgument, Edits, History, NothingToDo, Situation
from controller.errors import Raced
from schemas.desired import Desired, Strategy
from schemas.edits import AddStrategy, PutFile, Rollback, SetValue, WriteDocuments
from schemas.places import is_relevant

ROLLS_BACK = "Rolls-Back"
"""Trailer of a commit that takes back what is in force, so that it does not come again unseen."""
_RECORDS = ("halts/", "cleared/")
_TESTS = "ab_tests/"
_TRUST = "trust.yaml"
_FOLDER = "strategies/"
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_PAUSED = (("status",), "paused")
_Values = tuple[tuple[tuple[str, ...], str], ...]


def add_strategy(intent: AddStrategy, desired: Desired) -> Edits:
    """One new strategy, paused, with a uid of its own. Raises BadArgument, InvalidDesired for a broken template."""
    name = intent.strategy
    if not _ID.fullmatch(name):
        fix = "write small letters, digits and dashes: gt risk strategy add my-strategy"
        raise BadArgument(f"{name!r} cannot be the id of a strategy", fix)
    if name in desired.strategies:
        raise BadArgument(f"there is a strategy {name} already", f"gt risk strategy show {name}")
    values: _Values = ((("uid",), json.dumps(intent.uid)), (("id",), json.dumps(name)), _PAUSED)
    if intent.added is not None:
        values += ((("added",), json.dumps(intent.added.isoformat())),)
    if intent.name:
        values += ((("name",), json.dumps(intent.name, ensure_ascii=False)),)
    path = f"{_FOLDER}{name}.yaml"
    notes = (f"Write {path}", "Trade nothing: a new strategy starts paused")
    put = PutFile(path=path, text=_with(path, intent.text, values))
    return Edits((put,), f"risk: add strategy {name}", "none", "paused", notes)


def write_documents(intent: WriteDocuments, desired: Desired, history: History) -> Edits:
    """Documents as a person wrote them. Raises Raced when one of them has changed since ``intent.base``.

    Records of halts are not written this way, and what is no document at all neither: BadArgument.
    """
    base, tip = history.documents(intent.base), history.documents(desired.commit)
    for path in sorted(intent.files):
        if path.startswith(_RECORDS):
            raise BadArgument(f"{path}: records of halts are written by a resume alone", "gt risk emergency status")
        if not is_relevant(path):
            raise BadArgument(f"{path} is no document", "git commit -S it in the clone")
        if base.get(path) != tip.get(path):
            raise Raced(f"{path} has changed since {intent.base[:12]}, where this text began", "gt risk config edit")
    puts = [PutFile(path=path, text=text) for path, text in sorted(intent.files.items())]
    puts = [put for put in puts if put.text != _text(history, tip, put.path)]
    if not puts:
        raise NothingToDo("nothing was edited", "gt risk config show")
    what = puts[0].path if len(puts) == 1 else f"{len(puts)} documents"
    names = ", ".join(put.path for put in puts)
    return Edits(tuple(puts), f"risk: edit {what}", f"{names} of {intent.base[:12]}", "as edited", _written(puts))


def rollback(intent: Rollback, desired: Desired, situation: Situation) -> Edits:
    """Every document as it was at ``intent.commit``, but for trust and the records of halts.

    An A/B test that began since goes; one that was there stays as it is, for a test never changes.
    A strategy that is gone since comes back paused and under a new uid, because a uid is never given again.
    Raises BadArgument when the commit is no ancestor, NothingToDo.
    """
    history = situation.history
    if not history.is_ancestor(intent.commit, desired.commit):
        message = f"{intent.commit[:12]} is no ancestor of {desired.commit[:12]}: there is nothing to go back to"
        raise BadArgument(message, "gt risk config history")
    then, now = history.documents(intent.commit), history.documents(desired.commit)
    stays = {path for path in now.keys() & then.keys() if path.startswith(_TESTS)}
    differing = [path for path in sorted({*then, *now}) if then.get(path) != now.get(path)]
    paths = [path for path in differing if path not in stays and _goes_back(path)]
    puts = tuple(PutFile(path=path, text=_back(path, then, desired, situation)) for path in paths)
    if not puts:
        raise NothingToDo(f"the documents are those of {intent.commit[:12]} already", "gt risk config history")
    notes = [*_written(puts), *_kept(then, now), *_again(puts, now)]
    subject = f"risk: roll back to {intent.commit[:12]}"
    trailers = (f"{ROLLS_BACK}: {desired.commit}",)
    return Edits(puts, subject, desired.commit[:12], intent.commit[:12], tuple(notes), trailers)


def _goes_back(path: str) -> bool:
    return path != _TRUST and not path.startswith(_RECORDS)


def _back(path: str, then: Mapping[str, str], desired: Desired, situation: Situation) -> str | None:
    """The document as it was; a strategy keeps the uid that its id has now, or gets a new one and starts paused."""
    text = _text(situation.history, then, path)
    if text is None or not path.startswith(_FOLDER):
        return text
    present = desired.strategies.get(path.removeprefix(_FOLDER).removesuffix(".yaml"))
    return _with(path, text, _identity(present, situation))


def _identity(present: Strategy | None, situation: Situation) -> _Values:
    if present is not None:
        return ((("uid",), json.dumps(present.uid)),)
    return ((("uid",), json.dumps(situation.new_uid())), _PAUSED)


def _with(path: str, text: str, values: _Values) -> str:
    content = text.encode()
    for pointer, value in values:
        content = apply_edit(content, SetValue(path=path, pointer=pointer, value=value))
    return content.decode()


def _text(history: History, documents: Mapping[str, str], path: str) -> str | None:
    return history.text(documents[path]) if path in documents else None


def _written(puts: tuple[PutFile, ...] | list[PutFile]) -> tuple[str, ...]:
    return tuple(f"{'Remove' if put.text is None else 'Write'} {put.path}" for put in puts)


def _kept(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """What differs and stays as it is."""
    if then.get(_TRUST) != now.get(_TRUST):
        yield f"Leave {_TRUST} as it is: an admin changes it by a commit of its own"
    if any(then.get(path) != now.get(path) for path in now if path.startswith(_RECORDS)):
        yield "Leave the records of halts as they are: what is halted stays halted, what was lifted stays lifted"


def _again(puts: tuple[PutFile, ...], now: Mapping[str, str]) -> Iterator[str]:
    for put in puts:
        if put.text is not None and put.path.startswith(_FOLDER) and put.path not in now:
            yield f"Bring {put.path} back as a new strategy: paused, with a uid of its own"
