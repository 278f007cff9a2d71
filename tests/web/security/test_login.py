import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web_people import OURS, PASSWORD, People, people, token
from web.security import login
from web.security.passwords import LONGEST, SHORTEST, Passwords


@pytest.fixture
def crowd() -> Iterator[People]:
    with people() as made:
        yield made


def test_login_when_good_then_a_cookie_that_no_script_and_no_other_site_gets(crowd: People) -> None:
    answer = crowd.login(crowd.stranger(), "ada")
    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_login_when_the_dashboard_speaks_tls_then_the_cookie_is_its_hosts_alone() -> None:
    with people(certificate=Path("c"), key=Path("k")) as crowd:
        cookie = crowd.login(crowd.stranger(), "ada").headers["Set-Cookie"]
        assert cookie.startswith("__Host-gt-risk=")
        assert "Secure" in cookie.split("; ")


def test_login_when_wrong_then_the_same_answer_for_a_name_that_nobody_has(crowd: People) -> None:
    one = crowd.login(crowd.stranger(), "ada", "wrong horse battery")
    other = crowd.login(crowd.stranger(), "nobody", "wrong horse battery")
    assert (one.status_code, other.status_code) == (401, 401)
    assert one.text.replace("ada", "nobody") == other.text
    assert "Set-Cookie" not in one.headers


def test_login_when_disabled_then_refused(crowd: People) -> None:
    crowd.accounts.disable("ada")
    assert crowd.login(crowd.stranger(), "ada").status_code == 401


def test_login_when_somebody_was_logged_in_before_then_that_session_has_ended(crowd: People) -> None:
    client = crowd.client("rex")
    old = client.get_cookie("gt-risk")
    assert old is not None
    crowd.login(client, "ada")
    new = client.get_cookie("gt-risk")
    assert new is not None
    assert new.value != old.value
    thief = crowd.stranger()
    thief.set_cookie("gt-risk", old.value)
    assert thief.get("/").status_code == 303


def test_login_when_another_site_sends_the_form_then_refused(crowd: People) -> None:
    form = {"name": "ada", "password": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert crowd.stranger().post("/login", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "", "/\t/evil"])
def test_login_when_it_would_lead_elsewhere_then_to_the_first_page(crowd: People, back: str) -> None:
    form = {"name": "ada", "password": PASSWORD, "next": back}
    assert crowd.stranger().post("/login", data=form, headers=OURS).headers["Location"] == "/"


def test_login_when_a_page_was_asked_for_then_goes_on_there(crowd: People) -> None:
    answer = crowd.stranger().get("/risk?window=20")
    assert answer.headers["Location"] == "/login?next=/risk%3Fwindow%3D20"
    shown = crowd.stranger().get(answer.headers["Location"]).text
    assert 'value="/risk?window=20"' in shown


def test_login_when_guessed_from_one_address_then_slowed_down(crowd: People) -> None:
    forms = [{"name": f"user{turn}", "password": "guess guess guess"} for turn in range(12)]
    statuses = [crowd.stranger().post("/login", data=form, headers=OURS).status_code for form in forms]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_login_when_one_name_is_guessed_from_everywhere_then_slowed_down_and_sessions_go_on(crowd: People) -> None:
    ada = crowd.client("ada")
    form = {"name": "ada", "password": "guess guess guess"}
    answers = [
        crowd.stranger().post("/login", data=form, headers=OURS, environ_base={"REMOTE_ADDR": f"10.0.0.{turn}"})
        for turn in range(22)
    ]
    assert answers[-1].status_code == 429
    assert ada.get("/").status_code == 200


def test_login_when_refused_then_the_log_has_no_password(crowd: People, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = crowd.login(crowd.stranger(), "ada", "my secret password")
        long = crowd.login(crowd.stranger(), "ada", "s3cret" * 100)
    assert "ada" in caplog.text
    assert "my secret" not in caplog.text + answer.text
    assert "s3cret" not in caplog.text + long.text


def test_token_when_logged_in_again_then_another(crowd: People) -> None:
    assert token(crowd.client("ada")) != token(crowd.client("ada"))


def test_passwords_when_checked_then_only_the_right_one_fits() -> None:
    passwords = Passwords("scrypt:1024:1:1")
    kept = passwords.hashed("correct horse battery")
    assert passwords.fits(kept, "correct horse battery")
    assert not passwords.fits(kept, "correct horse batterz")
    assert not passwords.fits(None, "x" * SHORTEST)


@pytest.mark.parametrize("length", [0, SHORTEST - 1, LONGEST + 1])
def test_password_when_too_short_or_too_long_then_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"this one has {length}"):
        Passwords("scrypt:1024:1:1").hashed("x" * length)


def test_credentials_when_shown_then_without_the_password() -> None:
    given = login.Credentials.model_validate({"name": "ada", "password": "my secret password"})
    assert "my secret" not in repr(given)
