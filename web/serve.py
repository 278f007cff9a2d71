"""The dashboard served: the feed and the application in one worker, ended together."""

import gc
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from time import time_ns
from types import FrameType
from typing import Any

from flask import Flask

from controller.home import Home
from web.app import create_app
from web.feed import Feed
from web.options import Options
from web.pool import Pool
from web.server import Server

THREADS = 256
"""More than streams (200) and a page for everybody who reads."""
SWITCH_SECONDS = 0.0005
"""How long one thread may keep the others waiting: a page takes 20 ms to write, and a short answer should not."""


def serve(options: Options, ready: Callable[[], None]) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C; ``ready`` is called when it listens.

    The feed lives in the worker. At SIGTERM it stops first, so that streams end by themselves within the grace.
    """
    feed = Feed(Pool(str(Home(options.home).controller_socket)), time_ns)

    ends = ExitStack()

    def make() -> Flask:
        sys.setswitchinterval(SWITCH_SECONDS)
        feed.start()
        app = create_app(options, feed, ends)
        gc.collect()
        gc.freeze()  # what lasts need not be looked at again: that held up every request for 60 ms
        return app

    def stop_first(_: object) -> None:
        inner = signal.getsignal(signal.SIGTERM)

        def stop(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=feed.stop, daemon=True).start()
            if callable(inner):
                inner(number, frame)

        signal.signal(signal.SIGTERM, stop)

    more: dict[str, Any] = {
        "post_worker_init": stop_first,
        "worker_exit": lambda _, __: ends.close(),
        "when_ready": lambda _: ready(),
        "keepalive": 15,
        "worker_connections": 4 * THREADS,
    }
    if options.tls:
        more |= {"certfile": str(options.certificate), "keyfile": str(options.key)}
    host = f"[{options.host}]" if ":" in options.host else options.host
    Server(make, f"{host}:{options.port}", THREADS, **more).run()
