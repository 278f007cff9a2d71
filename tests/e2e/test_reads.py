"""Figures of the past on the real service, and a watch that outlives its controller."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from controller.home import Home
from controller.rpc.client import call
from tests.support.cli import ENTRY
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def next_where(process: "subprocess.Popen[str]", wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    assert process.stdout is not None
    while True:
        document: dict[str, Any] = json.loads(process.stdout.readline())
        if wanted(document):
            return document


def waited(service: Service, after: int) -> int:
    """The number of the picture's first change behind ``after``."""
    socket = str(Home(service.home).controller_socket)
    return int(call(socket, "picture.wait", {"after": after, "wait": 25}, 60)["number"])


def test_reads_when_the_book_trades_then_risk_is_told_and_a_watch_sees_the_controller_go_and_come_back() -> None:
    with running_service() as service:
        until(lambda: service.read("portfolio", "risk")["risk"]["beta"] is not None, "the analyst has looked at a book")
        risk = service.read("portfolio", "risk")["risk"]
        assert risk["value_at_risk"] > 0
        assert (risk["benchmark"], risk["window_sessions"]) == ("SPX", 252)
        until(lambda: service.read("portfolio", "risk")["performance"]["sessions"] > 0, "sessions are kept")
        until(lambda: service.gt("health").code == 0, "every component is well")
        for name in ("reconcile_seconds", "store_seconds", "config_applied_total", "delivery_seconds"):
            declared = f"# TYPE gt_risk_{name} "
            until(lambda wanted=declared: wanted in service.gt("health", "--metrics").out, name)  # type: ignore[misc]  # a default of a lambda
        number = waited(service, 0)
        assert waited(service, number) > number

        environ = {**os.environ, "GT_RISK_HOME": str(service.home)}
        watch = subprocess.Popen(
            [sys.executable, "-c", ENTRY, "status", "--watch", "--json"], env=environ, stdout=subprocess.PIPE, text=True
        )
        try:
            first = next_where(watch, lambda document: "error" not in document)
            service.kill("controller")
            lost = next_where(watch, lambda document: "error" in document)
            assert lost["error"]["hint"] == "gt risk service start"
            assert service.gt("health").code == 3
            service.start()
            back = next_where(watch, lambda document: "error" not in document)
            assert (back["book"], back["pid"] != first["pid"]) == (first["book"], True)
            watch.send_signal(signal.SIGINT)
            assert watch.wait(30) == 0
        finally:
            watch.kill()
            watch.communicate()
