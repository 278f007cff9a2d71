"""``POST /hooks/<forge>``: proves who sends it, reads nothing of what is in it, wakes the controller."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Timer

from flask import Flask, Response, request

from controller.rpc.client import RpcError
from web.hooks.rates import Bucket
from web.hooks.signatures import FORGES

BODY_BYTES = 1024 * 1024
"""Most bytes of one request: a push event of a few thousand commits."""
WAKES = (20, 5.0)
"""Wakes at once, and again each second: more than a team and the bot push, and a look costs a hundredth of a second."""
FAILURES = (20, 0.2)
"""Requests without a good signature that are told so. They never drain what good ones have, or nobody could wake."""


def _later(seconds: float, act: Callable[[], None]) -> None:
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()


def create_app(
    secret: bytes,
    wake: Callable[[], object],
    clock: Callable[[], float] = time.monotonic,
    later: Callable[[float, Callable[[], None]], None] = _later,
) -> Flask:
    """The application. ``wake`` asks the controller to look now and raises RpcError; ``clock`` in seconds; ``later``
    does something after so many seconds: pushes beyond what is woken for at once share one wake soon after."""
    app = Flask("web.hooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    wakes, failures, due = Bucket(*WAKES, clock), Bucket(*FAILURES, clock), Lock()

    def wake_for_all() -> None:
        due.release()
        with suppress(RpcError):  # the controller polls when it is back
            wake()

    @app.post("/hooks/<forge>")
    def pushed(forge: str) -> Response:
        check = FORGES.get(forge)
        if check is None:
            return _said(404, "no such forge")
        if not check(secret, request.headers, request.get_data(cache=False)):
            told = failures.take()
            return _said(401, "the signature is not good for this body and secret") if told else _said(429, "later", 5)
        if not wakes.take():
            if due.acquire(blocking=False):
                later(1 / WAKES[1], wake_for_all)
            return _said(202, "woken within a second")
        try:
            wake()
        except RpcError:
            return _said(503, "the controller does not answer; it polls when it is back", 30)
        return _said(202, "woken")

    return app


def _said(status: int, text: str, retry: int = 0) -> Response:
    headers = {"Retry-After": str(retry)} if retry else {}
    return Response(f"{text}\n", status, headers, mimetype="text/plain")
