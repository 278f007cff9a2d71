"""A halt from a dashboard that is a process of its own, with the controller killed before."""

import http.client
import json
import re
from contextlib import closing
from time import time_ns
from urllib.parse import urlencode, urlsplit

import pytest

from controller.home import Home
from tests.support.dashboard import dashboard
from tests.support.service import SECONDS, running_service, until
from tests.support.web_people import HASHED, OURS, PASSWORD
from web.security.accounts import Accounts
from web.security.identity import Rank

FORM = {"Content-Type": "application/x-www-form-urlencoded", **OURS}


@pytest.mark.process
@pytest.mark.timeout(300)
def test_halt_when_the_controller_was_killed_then_in_force_and_the_next_controller_knows_it() -> None:
    with running_service() as service:
        with closing(Accounts(Home(service.home).dashboard)) as accounts:
            accounts.add_user("rex", HASHED, Rank.READ_ONLY, False, time_ns())
        with dashboard(service.home, "--controls") as url:
            browser = Browser(url)
            browser.post("/login", name="rex", password=PASSWORD)
            service.kill("controller")
            status, text = browser.post("/emergency/halt-all", phrase="HALT ALL", reason="it is on fire")
        assert status in (200, 202), text
        assert "Orders cancelled" in text
        service.start()
        until(lambda: _halts(service.read("emergency", "status")) == [("rex", "it is on fire")], "the halt is known")


class Browser:
    """As much of one as a form needs."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._cookie = ""

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Send the form of the page at ``path``."""
        page = self._ask("GET", path)[1]
        found = re.search(r'name="_token" value="([^"]+)"', page)
        token = {"_token": found[1]} if found else {}
        return self._ask("POST", path, urlencode({**fields, **token}))

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        with closing(http.client.HTTPConnection(self._address, timeout=2 * SECONDS)) as connection:
            connection.request(method, path, body, {**FORM, "Cookie": self._cookie})
            answer = connection.getresponse()
            cookie = answer.headers.get("Set-Cookie")
            self._cookie = cookie.partition(";")[0] if cookie else self._cookie
            return answer.status, answer.read().decode()


def _halts(document: dict[str, object]) -> list[tuple[str, str]]:
    halts = json.loads(json.dumps(document["halts"]))
    return [(item["actor"], item["reason"]) for item in halts]
