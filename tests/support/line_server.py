"""A Unix socket that answers each line with the next of its documents."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer
from typing import Any


@contextmanager
def line_server(path: Path, answers: Sequence[Any]) -> Iterator[list[dict[str, Any]]]:
    """Serve at ``path``; what was asked so far. None as an answer closes the connection without one."""
    asked: list[dict[str, Any]] = []
    left = iter(answers)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked.append(json.loads(self.rfile.readline()))
            answer = next(left)
            if answer is not None:
                self.wfile.write(json.dumps({"jsonrpc": "2.0", "id": 1, **answer}).encode() + b"\n")

    with UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()
