"""Acting in a real browser, with scripts and without: look, type what is asked, see what came of it; by TLS, too."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from controller.gate.client import GateClient
from controller.home import Home
from tests.support.dashboard import DESKTOP, PHONE, Watched, chromium, dashboard
from tests.support.service import CALM, SECONDS, Service, running_service, until
from web.security.tls import self_signed

PASSWORD = "correct horse battery"
READERS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": DESKTOP},
    "phone, no script": {"viewport": PHONE, "java_script_enabled": False},
}
"""Slow enough that no drawdown of the replay halts anything meanwhile."""
pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    password = tmp_path_factory.mktemp("p") / "password"
    password.write_text(PASSWORD)
    with running_service(env=CALM) as found:
        found.must("dashboard", "user", "add", "ada", "--role", "operator", "--password-file", str(password))
        yield found


@pytest.fixture(scope="module")
def base(service: Service) -> Iterator[str]:
    with dashboard(service.home, "--controls") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(params=READERS)
def page(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[Page]:
    watched = Watched(browser, base, **READERS[request.param])
    yield logged_in(watched)
    watched.context.close()


def logged_in(watched: Watched) -> Page:
    """A page that asked who it is, and was told."""
    page = watched.open("/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    assert watched.complaints == []
    return page


def pressed(page: Page, button: str) -> Response:
    """Send the form; the answer to it."""
    with page.expect_response(lambda found: found.request.method == "POST") as answer:
        page.get_by_role("main").get_by_role("button", name=button).click()
    return answer.value


def denied(service: Service) -> str:
    """Why the gate denies an order for one share; empty when it does not."""
    uid = service.read("strategy", "list")["strategies"][0]["uid"]
    order = {"uid": uid, "symbol": "AAPL", "side": "buy", "quantity": 1, "client_id": token_hex(8)}
    with GateClient(Home(service.home).gate_socket, SECONDS) as gate:
        return str(gate.submit(order)["code"])


def mode(service: Service) -> str:
    return str(service.read("emergency", "status")["mode"])


def signers(service: Service) -> list[str]:
    return [item["principal"] for item in service.read("trust", "list")["signers"]]


def run(service: Service, command: str) -> None:
    """A command as a page names it, which may come into force later than it waits."""
    ran = service.gt(*shlex.split(command.removeprefix("gt risk ")), "--yes")
    assert ran.code in (0, 5), (command, ran)


def test_everything_when_halted_by_its_phrase_then_denied_until_a_person_signs(page: Page, service: Service) -> None:
    page.get_by_role("link", name="Halt all strategies").click()
    expect(page.get_by_role("main").get_by_text("Cancel all pending orders")).to_be_visible()
    assert page.locator("input[name=nonce]").input_value()
    page.get_by_label("You must type HALT ALL").fill("halt all")
    assert pressed(page, "Halt All Strategies").status == 400
    expect(page.get_by_role("alert")).to_contain_text('type "HALT ALL" to confirm: nothing was done')
    assert mode(service) == "normal"

    page.get_by_label("Reason").fill("seen in the browser")
    page.get_by_label("You must type HALT ALL").fill("HALT ALL")
    assert pressed(page, "Halt All Strategies").status in (200, 202)
    assert denied(service) == "TRADING_HALTED"
    page.goto("/risk")
    expect(page.get_by_text("Everything halted")).to_be_visible()
    expect(page.get_by_label("What needs attention").get_by_text("seen in the browser")).to_be_visible()

    page.get_by_role("link", name="Resume").click()
    page.get_by_label("Reason").fill("all is well")
    assert pressed(page, "Resume Operations").status == 202
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("A person must sign")
    command = page.get_by_role("main").locator("code").inner_text()
    assert command.startswith("gt risk config sign ")
    assert mode(service) == "halt-all"
    run(service, command)
    page.goto("/risk")
    expect(page.get_by_text("Everything halted")).to_have_count(0)


def lowered(page: Page, value: str) -> Locator:
    """Ask for a lower limit; what the page says it would do."""
    page.goto("/config")
    page.get_by_role("link", name="Change a limit").click()
    page.get_by_label("Limit").fill("position.max_positions")
    page.get_by_label("New value").fill(value)
    pressed(page, "Show what it would do")
    return page.get_by_role("main").get_by_role("list")


def test_limit_when_the_dashboards_key_is_not_listed_then_the_page_names_what_makes_it_act(
    browser: Browser, base: str, service: Service
) -> None:
    watched = Watched(browser, base, viewport=DESKTOP)
    page = logged_in(watched)
    command = f"gt risk trust add web --key {service.home}/keys/web.pub --role web"
    expect(lowered(page, "18")).to_contain_text(command)
    assert pressed(page, "Change a limit").status == 202
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("A person must sign")
    expect(page.get_by_role("main").get_by_role("list")).to_contain_text(command)

    run(service, command)
    until(lambda: "web" in signers(service), "trust.yaml with it is in force")
    expect(lowered(page, "17")).to_contain_text("the dashboard's own key signs it")
    assert pressed(page, "Change a limit").status in (200, 202)
    expect(page.get_by_role("main").get_by_role("list")).to_contain_text("Commit ")
    until(lambda: service.read("limits", "get", "position.max_positions")["limit"]["value"] == 17, "it is in force")
    page.goto("/config")
    expect(page.get_by_role("region", name="Where it stands")).to_contain_text(
        re.compile("Signed by.*web.*written by ada")
    )
    watched.context.close()


def test_login_when_by_tls_then_a_cookie_that_no_other_host_can_set(browser: Browser, service: Service) -> None:
    certificate, key = self_signed(service.home, "localhost", datetime.now(UTC))
    with dashboard(service.home, "--controls", "--certificate", str(certificate), "--key", str(key)) as url:
        assert url.startswith("https://")
        watched = Watched(browser, url, viewport=DESKTOP)
        logged_in(watched)
        kept = {item["name"]: item for item in watched.context.cookies()}["__Host-gt-risk"]
        assert (kept["secure"], kept["httpOnly"], kept["sameSite"]) == (True, True, "Strict")
        watched.context.close()
