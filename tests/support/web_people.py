"""A dashboard that people log in to, over the views of a held book: a few users, and what a browser sends for them."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from controller.home import Home
from tests.support.folders import short_folder
from tests.support.web_rig import WebRig
from web.app import create_app
from web.options import Options
from web.security.accounts import Accounts
from web.security.identity import Rank

PASSWORD = "correct horse battery"
HASHED = generate_password_hash(PASSWORD, "scrypt:1024:1:1")
"""As cheap as scrypt can be: what takes long is not what is tested."""
OURS = {"Sec-Fetch-Site": "same-origin"}
USERS = {
    "rex": (Rank.READ_ONLY, False),
    "ada": (Rank.OPERATOR, False),
    "eve": (Rank.EMERGENCY, False),
    "liz": (Rank.READ_ONLY, True),
}


class People:
    """``client`` is a browser that is logged in as somebody; :meth:`post` sends what its forms send."""

    def __init__(self, home: Path, **options: object) -> None:
        chosen: dict[str, object] = {"home": home, "controls": True, **options}
        self.rig = WebRig(options=Options(**chosen))  # type: ignore[arg-type]  # the test names them
        self.accounts = Accounts(Home(home).dashboard)
        for name, (rank, liquidate) in USERS.items():
            self.accounts.add_user(name, HASHED, rank, liquidate, self.rig.now)
        self.rig.look()
        self.ends = ExitStack()
        self.app = create_app(self.rig.options, self.rig.feed, self.ends, lambda: self.ticks)
        self.ticks = 0.0
        self._logins = 0

    def stranger(self) -> FlaskClient:
        """A browser that nobody knows."""
        return self.app.test_client()

    def client(self, name: str) -> FlaskClient:
        """A browser that ``name`` has logged in with."""
        client = self.stranger()
        assert self.login(client, name).status_code == 303
        return client

    def login(self, client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
        """Send the login's form, each time from another place."""
        self._logins += 1
        place = {"REMOTE_ADDR": f"127.0.0.{self._logins % 256}"}
        form = {"name": name, "password": password}
        return client.post("/login", data=form, headers=OURS, environ_base=place)

    def key(self, rank: Rank = Rank.OPERATOR, *scope: str) -> dict[str, str]:
        """Headers of a program with a new key."""
        day = 86_400 * 1_000_000_000
        _, secret = self.accounts.add_key("probe", rank, False, scope, self.rig.now, self.rig.now + day)
        return {"Authorization": f"Bearer {secret}"}


def token(client: FlaskClient) -> str:
    """What the forms of this session carry."""
    found = re.search(r'name="_token" value="([^"]+)"', client.get("/emergency/halt-trading").text)
    assert found is not None
    return found[1]


@contextmanager
def people(**options: object) -> Iterator[People]:
    """In a home of their own."""
    with short_folder() as folder:
        made = People(folder, **options)
        try:
            yield made
        finally:
            made.ends.close()
            made.accounts.close()
