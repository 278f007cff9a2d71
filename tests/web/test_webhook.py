"""The webhook: who may wake the controller, and that nothing of a payload is ever read."""

import hashlib
import hmac
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from controller.errors import SettingsError
from controller.rpc.client import ServiceDown
from controller.settings import load
from web.hooks.__main__ import secret_of
from web.hooks.app import BODY_BYTES, FAILURES, WAKES, create_app

SECRET = b"a secret of the forge"
BODY = b'{"ref": "refs/heads/main", "forced": "x"}'


class Hook:
    """The application, a clock that stands still, and how often the controller was woken."""

    def __init__(self) -> None:
        self.now, self.woken, self.down = 0.0, 0, False
        self.due: list[Callable[[], None]] = []
        app = create_app(SECRET, self.wake, lambda: self.now, lambda _, act: self.due.append(act))
        self.client: FlaskClient = app.test_client()

    def wake(self) -> None:
        if self.down:
            raise ServiceDown("nobody answers")
        self.woken += 1

    def post(self, forge: str = "github", body: bytes = BODY, headers: dict[str, str] | None = None) -> int:
        wanted = signed(forge, body) if headers is None else headers
        return self.client.post(f"/hooks/{forge}", data=body, headers=wanted).status_code


def signed(forge: str, body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return {
        "github": {"X-Hub-Signature-256": f"sha256={digest}"},
        "gitea": {"X-Gitea-Signature": digest},
        "gitlab": {"X-Gitlab-Token": secret.decode()},
    }.get(forge, {})


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.mark.parametrize("forge", ["github", "gitlab", "gitea"])
def test_push_when_signed_by_the_forge_then_woken_whatever_the_body_is(hook: Hook, forge: str) -> None:
    bodies = (BODY, b"", b"\0 not JSON")
    assert [hook.post(forge, body) for body in bodies] == [202, 202, 202]
    assert hook.woken == 3


@pytest.mark.parametrize("forge", ["github", "gitlab", "gitea"])
def test_push_when_not_signed_for_this_body_and_secret_then_refused(hook: Hook, forge: str) -> None:
    other = signed("gitlab" if forge == "gitea" else "gitea", BODY)
    wrong = [{}, signed(forge, BODY, b"another secret, as long"), other]
    assert [hook.post(forge, headers=headers) for headers in wrong] == [401, 401, 401]
    if forge != "gitlab":
        assert hook.post(forge, b"another body", signed(forge, BODY)) == 401
    assert hook.post(forge, headers={name: "" for name in signed(forge, BODY)}) == 401
    assert hook.post(forge, headers={name: "\u00e9" for name in signed(forge, BODY)}) == 401
    assert hook.woken == 0


def test_push_when_too_large_or_elsewhere_then_never_read(hook: Hook) -> None:
    assert hook.post(body=b"x" * (BODY_BYTES + 1)) == 413
    assert hook.post("bitbucket") == 404
    assert [hook.client.get(path).status_code for path in ("/hooks/github", "/", "/hooks/")] == [405, 404, 404]
    assert hook.woken == 0


def test_push_when_too_many_then_one_wake_later_and_strangers_never_drain_what_is_the_forges(hook: Hook) -> None:
    answers = [hook.post(headers={}) for _ in range(FAILURES[0] + 5)]
    assert answers == [401] * FAILURES[0] + [429] * 5
    for again in range(2):
        answers = [hook.post() for _ in range(WAKES[0] + 5)]
        assert answers == [202] * (WAKES[0] + 5)
        assert (hook.woken, len(hook.due)) == (WAKES[0] + again * (WAKES[0] + 1), 1)
        hook.due.pop()()
        assert hook.woken == (1 + again) * (WAKES[0] + 1)
        hook.now += WAKES[0] / WAKES[1]


def test_push_when_the_controller_is_down_at_the_later_wake_then_the_next_one_comes(hook: Hook) -> None:
    for _ in range(WAKES[0] + 1):
        hook.post()
    hook.down = True
    hook.due.pop()()
    hook.down = False
    hook.post()
    hook.due.pop()()
    assert hook.woken == WAKES[0] + 1


def test_push_when_the_controller_is_down_then_said_with_when_to_try_again(hook: Hook) -> None:
    hook.down = True
    answer = hook.client.post("/hooks/github", data=BODY, headers=signed("github", BODY))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [(b"x" * 32, 0o640, "others can read it"), (b"short\n", 0o600, "5 bytes"), (None, 0, "No such file")],
)
def test_secret_when_readable_by_others_short_or_missing_then_no_webhook(
    tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    path = tmp_path / "hook.secret"
    settings = load({"GT_RISK_HOME": str(tmp_path), "GT_RISK_HOOKS__SECRET_FILE": "hook.secret"})
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(SettingsError, match=said):
        secret_of(settings)
    path.write_bytes(SECRET + b"\n")
    path.chmod(stat.S_IRUSR)
    assert secret_of(settings) == SECRET
