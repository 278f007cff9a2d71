"""``gt risk dashboard``"""

import os
import socket
import sys
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.dashboard_users import key, user
from cli.options import json_option
from cli.output import ATTENTION, OK, USAGE, Failure, finish
from cli.remote import home
from cli.tree import Near
from controller.home import Home

if TYPE_CHECKING:
    from web.options import Options

PORT = 8080
dashboard = Near("dashboard", help="Pages and API of this installation, and who may use them.", no_args_is_help=True)
dashboard.add_command(user)
dashboard.add_command(key)


@dashboard.command()
@click.option("--port", type=click.IntRange(1, 65_535), default=PORT, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than this need TLS.")
@click.option("--open", "browse", is_flag=True, help="Open a browser.")
@click.option("--read-only", "controls", flag_value=False, default=False, type=bool, help="Only look; the default.")
@click.option("--controls", flag_value=True, type=bool, help="Let users who have logged in act.")
@click.option("--tls", is_flag=True, help="HTTPS by a certificate that signs itself.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="HTTPS by your own.")
@click.option("--key", "private", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its private key.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Only clients of 10.1.0.0/16, …; may be repeated.")
@json_option
def start(
    port: int,
    host: str,
    browse: bool,
    controls: bool,
    tls: bool,
    certificate: Path | None,
    private: Path | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> int:
    """Serve the dashboard until Ctrl-C. It only looks, unless started with --controls."""
    from web.options import Options
    from web.security.tls import self_signed

    place = _place()
    if (certificate is None) != (private is None):
        raise Failure("a certificate needs its key", "gt risk dashboard start --certificate FILE --key FILE", USAGE)
    if tls and certificate is None:
        certificate, private = self_signed(place.root, host, datetime.now(UTC))
    options = Options(place.root, host, port, controls, certificate, private, _networks(allow))
    _may_listen(options)
    return _become(place, options, browse, as_json)


@dashboard.command()
@json_option
def url(as_json: bool) -> int:
    """Where the dashboard of this home is."""
    from controller.host.pidfile import holder

    place = _place()
    found = [path for path in sorted(place.run.glob("dashboard-*.pid")) if holder(path) is not None]
    urls = [_url_file(path).read_text() for path in found if _url_file(path).exists()]
    if not urls:
        raise Failure("no dashboard runs", "gt risk dashboard start", ATTENTION, "NotRunning")
    return finish({"url": urls[0], "urls": urls}, OK, as_json, lambda _: urls)


def _place() -> Home:
    place = Home(Path(home()))
    if not place.settings.exists():
        raise Failure(f"no gt-risk home at {place.root}", "gt risk init", code="NoHome")
    return place


def _networks(given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(text)) for text in given)
    except ValueError as error:
        raise Failure(f"--allow: {error}", "gt risk dashboard start --allow 10.1.0.0/16", USAGE) from error


def _may_listen(options: "Options") -> None:
    """Raises Failure where the dashboard would be open to others, or somebody else has its port."""
    from web.security.room import may_listen
    from web.security.tls import Exposed

    try:
        may_listen(options)
    except Exposed as error:
        raise Failure(str(error), error.hint, USAGE, "Exposed") from error
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((options.host, options.port))
    except OSError as error:
        again = f"gt risk dashboard start --port {options.port + 1}"
        raise Failure(f"{options.host}:{options.port}: {error.strerror or error}", again, code="NoPort") from error


def _become(place: Home, options: "Options", browse: bool, as_json: bool) -> int:
    """This process goes on as the server, which holds the pid file's lock for as long as it lives."""
    from controller.host.allocator import giving_back
    from controller.host.pidfile import hold

    place.run.mkdir(mode=0o700, exist_ok=True)
    path = place.run / f"dashboard-{options.port}.pid"
    held = hold(path)
    if held is None:
        raise Failure(f"a dashboard listens on port {options.port} already", "gt risk dashboard url", code="Running")
    os.set_inheritable(held, True)
    _url_file(path).write_text(options.url)
    sys.stdout.flush()
    switches = {"--controls": options.controls, "--open": browse, "--json": as_json}
    files = {"--certificate": options.certificate, "--key": options.key}
    given = [
        *("--home", str(options.home), "--host", options.host, "--port", str(options.port)),
        *(name for name, on in switches.items() if on),
        *(word for name, file in files.items() if file is not None for word in (name, str(file.resolve()))),
        *(word for network in options.allow for word in ("--allow", network)),
    ]
    return os.execve(sys.executable, [sys.executable, "-P", "-m", "web", *given], giving_back(os.environ))


def _url_file(pid_file: Path) -> Path:
    return pid_file.with_suffix(".url")
