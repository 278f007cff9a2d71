"""The acts' addresses. For people: a page that shows what would happen, and a form that does it. For programs: one POST
that shows, and one that does it."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from controller.home import Home
from controller.proposals import Proposals
from controller.rpc.client import RpcError
from web.controls import acting, changing, halting
from web.controls.act import Act, Asked, Desk, Preview
from web.controls.models import Answer, Given
from web.controls.nonces import Mismatch, Nonces, Repeats, UnderWay
from web.feed import Feed
from web.options import Options
from web.problems import Problem
from web.registry import Registry
from web.security.guard import me
from web.signer.client import Signer

ACTS: tuple[Act, ...] = (*halting.ACTS, *changing.ACTS, *acting.ACTS)
REPEAT = "Idempotency-Key"
_STATUSES = (200, 202, 400, 404, 409)
_NO_SUCH = ("BadArgument", "NothingToDo")


@dataclass(frozen=True, slots=True)
class Controls:
    """The acts over one desk. ``clock`` in seconds, never backwards."""

    desk: Desk
    nonces: Nonces
    repeats: Repeats

    def look(self, act: Act, asked: Asked) -> Answer:
        """What it would do, with a nonce to do it."""
        seen = act.look(self.desk, asked)
        nonce = self.nonces.issue(asked.who.name, _key(act, asked), seen.digest)
        return _shown(act, seen, nonce)

    def answer(self, act: Act, asked: Asked) -> Answer:
        """Do what was confirmed; show what would be done when nothing was.

        Raises Problem for a nonce that is not good, a wrong phrase, and a plan that has changed since it was shown.
        """
        given = asked.given
        if act.at_once:
            _check_phrase(act, given)
            return act.do(self.desk, asked, Preview(act.title, ()))
        if not given.nonce:
            return self.look(act, asked)
        digest = self.nonces.spend(given.nonce, asked.who.name, _key(act, asked))
        if digest is None:
            raise Problem(409, "confirm-again", "this confirmation is not good any more: look again", request.path)
        _check_phrase(act, given)
        seen = act.look(self.desk, asked) if digest else Preview(act.title, ())
        if seen.digest != digest:
            raise Problem(409, "plan-changed", "the plan is not the one that was shown: look again", request.path)
        return act.do(self.desk, asked, seen)

    def once(self, act: Act, asked: Asked) -> tuple[int, str]:
        """Status and body of :meth:`answer`, the same ones for a request that a program repeats."""
        key, owner = request.headers.get(REPEAT, "")[:200], asked.who.name
        digest = sha256(f"{_key(act, asked)} {asked.given.model_dump_json()}".encode()).hexdigest()
        try:
            known = self.repeats.begin(owner, key, digest) if key else None
        except Mismatch:
            raise Problem(409, "key-reused", f"this {REPEAT} was another request's") from None
        except UnderWay:
            raise Problem(409, "under-way", "the first request of this key has not ended", retry=1) from None
        if known is not None:
            return known
        made: tuple[int, str] | None = None
        try:
            answer = self.answer(act, asked)
            made = answer.status, json.dumps(answer.model_dump(mode="json"), ensure_ascii=False)
            return made
        finally:
            if key:
                self.repeats.end(owner, key, made)


def make_controls(options: Options, feed: Feed, ticks: Callable[[], float], ends: ExitStack) -> Controls:
    """The acts on one home, nothing confirmed and nothing repeated yet; ``ends`` ends the signer."""
    signer = Signer(options.home)
    ends.callback(signer.stop)
    desk = Desk(str(options.home), feed, signer, Proposals(Home(options.home).proposals))
    return Controls(desk, Nonces(ticks), Repeats(ticks))


def declare(registry: Registry, controls: Controls) -> None:
    """Declare every act: its page, the page's form, and its place in the API."""
    for act in ACTS:
        _declare(registry, controls, act)


def _declare(registry: Registry, controls: Controls, act: Act) -> None:
    name = act.name.replace("-", "_")

    @registry.page(act.page, act.summary, name=f"{name}_page", role=act.role)
    def page(**variables: str) -> ResponseReturnValue:
        return _page(controls, act, Asked(me(), _target(variables), act.body()))

    @registry.control(
        act.page, act.summary, name=f"{name}_form", role=act.role, rate=act.rate, body=act.body, statuses=_STATUSES
    )
    def form(body: Given, **variables: str) -> ResponseReturnValue:
        return _form(controls, act, Asked(me(), _target(variables), body))

    @registry.control(
        f"/api{act.page}",
        act.summary,
        name=name,
        role=act.role,
        rate=act.rate,
        body=act.body,
        result=Answer,
        statuses=_STATUSES,
    )
    def program(body: Given, **variables: str) -> ResponseReturnValue:
        status, text = controls.once(act, Asked(me(), _target(variables), body))
        return Response(text, status, mimetype="application/json")


def _page(controls: Controls, act: Act, asked: Asked, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """The form, with what it would do where that can be told already."""
    shown, problem = _tried(lambda: controls.look(act, asked), problem)
    title = shown.title if shown is not None else f"{act.title} {asked.target}".strip()
    return _rendered("form", title=title, act=act, shown=shown, asked=asked, problem=problem), status


def _form(controls: Controls, act: Act, asked: Asked) -> ResponseReturnValue:
    if not asked.given.nonce and not act.at_once:
        return _page(controls, act, asked)
    try:
        answer = controls.answer(act, asked)
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return _page(controls, act, asked, problem.detail, problem.status)
    except RpcError as error:
        if error.code not in _NO_SUCH:
            raise
        return _page(controls, act, asked, error.message, 400)
    return _rendered("done", title=answer.title, answer=answer), answer.status


def _rendered(template: str, **shown: object) -> str:
    """A page of an act, which nothing refreshes under somebody's hands; ``back`` leads to the page about its target."""
    back = request.path.rpartition("/")[0]
    return render_template(f"controls/{template}.html", still=True, back=back, **shown)


def _tried(look: Callable[[], Answer], problem: str) -> tuple[Answer | None, str]:
    """A preview, or what must be filled in before there is one."""
    try:
        return look(), problem
    except Problem as error:
        if error.status != 400:
            raise
        return None, problem or error.detail
    except RpcError as error:
        return None, problem or error.message


def _shown(act: Act, seen: Preview, nonce: str) -> Answer:
    return Answer(
        state="confirm",
        title=seen.title,
        lines=seen.lines,
        nonce=nonce,
        phrase=act.phrase,
        changes=seen.changes,
        digest=seen.digest,
        detail=seen.facts,
    )


def _check_phrase(act: Act, given: Given) -> None:
    if given.phrase != act.phrase:
        raise Problem(400, "not-confirmed", f'type "{act.phrase}" to confirm: nothing was done')


def _key(act: Act, asked: Asked) -> str:
    return f"{act.name} {asked.target}"


def _target(variables: dict[str, str]) -> str:
    return next(iter(variables.values()), "")
