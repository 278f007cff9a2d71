"""A service on a forge that it polls once an hour, and that tells its webhook of each push."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.folders import short_folder
from tests.support.ports import free_port, listens
from tests.support.service import Service, running_service, until

SECRET = "a secret of the forge and of this home"
POST = """
import hashlib, hmac, sys, urllib.request
body = sys.stdin.buffer.read()
digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=10).read()
"""


@contextmanager
def told_service(folder: Path) -> Iterator[Service]:
    """The service; the forge is a bare repo in ``folder`` whose post-receive hook posts to the webhook."""
    port = free_port()
    listen = f"127.0.0.1:{port}"
    forge = folder / "forge.git"
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(forge)], check=True)
    script = folder / "post.py"
    script.write_text(f"SECRET, URL = {SECRET!r}, 'http://{listen}/hooks/github'\n{POST}")
    env = {
        "GT_RISK_PAPER__BAR_SECONDS": "0.2",
        "GT_RISK_SOURCE__POLL_SECONDS": "3600",
        "GT_RISK_HOOKS__SECRET_FILE": str(folder / "secret"),
        "GT_RISK_HOOKS__LISTEN": listen,
    }
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    with short_folder() as place, running_service(remote=f"file://{forge}", place=place, env=env) as started:
        hook = forge / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(script)])}\n")
        hook.chmod(0o700)
        until(lambda: listens(port), "the webhook listens")
        yield started
