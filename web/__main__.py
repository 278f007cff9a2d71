"""``python -m web``: serve the dashboard of one home until SIGTERM; ``gt risk dashboard start`` becomes this."""

import argparse
import json
import sys
import webbrowser
from functools import partial
from pathlib import Path

from controller.home import Home
from controller.rpc.client import call
from web.options import Options
from web.security.room import may_listen
from web.security.tls import Exposed, fingerprint
from web.serve import serve
from web.signer.listing import command, listed, make_key

FEATURES = (
    "Portfolio overview and P&L chart",
    "Real-time position monitoring",
    "Risk metrics and gauges",
    "Strategy performance comparison",
    "Alert feed",
    "Learning progress tracker",
)


def main() -> int:
    """The exit code: 1 where it would be open to others, or nobody could log in."""
    given = _arguments()
    options = Options(
        home=given.home,
        host=given.host,
        port=given.port,
        controls=given.controls,
        certificate=given.certificate,
        key=given.key,
        allow=tuple(given.allow),
    )

    try:
        may_listen(options)
    except Exposed as error:
        sys.stderr.write(f"✗ {error}\n  next: {error.hint}\n")
        return 1

    if options.controls:
        make_key(Home(options.home))

    def ready() -> None:
        once, seal = to_list(options), fingerprint(options.certificate) if options.certificate else ""
        told = {"ok": True, "url": options.url, "controls": options.controls, "certificate": seal, "next": once}
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n" if given.json else banner(options, seal, once))
        sys.stdout.flush()
        if given.open:
            webbrowser.open(options.url)

    serve(options, ready)
    return 0


def to_list(options: Options) -> str:
    """What an admin runs once, so that what only tightens acts at once; empty where nobody acts or it was done."""
    home = Home(options.home)
    done = not options.controls or listed(home, partial(call, str(home.controller_socket)))
    return "" if done else command(home)


def banner(options: Options, seal: str, once: str) -> str:
    """What ``gt risk dashboard start`` says (spec 2.2.10), the certificate's ``seal``, and what to run ``once``."""
    features = "".join(f"  - {line}\n" for line in FEATURES)
    sealed = f"\nCertificate, SHA-256:\n  {seal}\n" if seal else ""
    waits = f"\n▲ A pause or a lower limit waits for a signature until this was run once:\n  {once}\n" if once else ""
    return (
        "🎯 Risk Management Dashboard starting...\n\n"
        f"Server:   {options.url}\n"
        f"API:      {options.url}/api\n"
        "Updates:  WebSocket on /ws (real-time)\n\n"
        f"Dashboard Features:\n{features}\n"
        f"✓ Dashboard running at {options.url}\n"
        "  Press Ctrl+C to stop\n"
        f"{sealed}{waits}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m web", description="Serve the dashboard of one home.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
