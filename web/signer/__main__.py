"""``python -m web.signer``: one request a line on standard input, one answer a line; ends with its parent."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

from controller.adapters.signatures.keys import KeyFile, generate
from controller.home import Home
from controller.rpc.client import RpcError, call
from web.signer.desk import Declined, tighten

SECONDS = 10.0


def main(home: Home) -> int:
    """The exit code. The key is made when there is none; it counts for nothing before an admin lists it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path = home.keys / "web"
    generate(path, "gt-risk-web")
    key, socket = KeyFile(path), str(home.controller_socket)

    def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
        return call(socket, method, params, SECONDS)

    for line in sys.stdin:
        try:
            answer = {"ok": True, **tighten(ask, key, json.loads(line))}
        except Declined as declined:
            answer = {"ok": False, "message": str(declined), "hint": "", "code": "Declined"}
        except RpcError as error:
            answer = {"ok": False, "message": error.message, "hint": error.hint, "code": error.code}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Home(Path(sys.argv[1]))))
