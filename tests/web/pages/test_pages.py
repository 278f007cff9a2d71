"""Every page over the spec's book: what it shows, and that nothing on it is green that is not known to be."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.book import HeldControl, halt, overview
from tests.support.pages_rig import PAGES, Page, page, pages_rig
from tests.support.web_rig import WebRig
from web.feed import NAMES


@pytest.fixture(scope="module")
def rig() -> Iterator[WebRig]:
    yield pages_rig()


@pytest.fixture(scope="module")
def client(rig: WebRig) -> FlaskClient:
    return rig.client()


@pytest.fixture(params=PAGES)
def shown(request: pytest.FixtureRequest, client: FlaskClient) -> Page:
    return page(client, request.param)


def test_page_then_no_box_fails_and_each_says_as_of_when(shown: Page) -> None:
    assert shown.boxes
    assert {name for name, words in shown.boxes.items() if "error" in words or "stale" in words} == set()
    assert shown.times == len(shown.boxes)


def test_page_then_nothing_is_inline_that_the_policy_forbids(shown: Page) -> None:
    assert shown.inline == []


def test_page_then_headings_begin_with_one_h1_and_ids_are_unique(shown: Page) -> None:
    outside = [name for name in shown.headings if name == "h1"]
    assert len(outside) == 1
    assert len(shown.ids) == len(set(shown.ids))
    assert {"main", "nav"} <= set(shown.tags)


def test_page_then_environment_mode_and_emergency_stand_on_it(shown: Page) -> None:
    assert "PAPER" in shown.html
    assert re.search(r'class="mode ok".*Normal', shown.html)
    assert shown.html.count("<button disabled>") == 4
    assert "read-only" in shown.html


def test_overview_then_reads_as_the_book(client: FlaskClient) -> None:
    html = page(client, "/").html
    for figure in ("$98,450.23", "$102,340.56", "ml-momentum-v2", "Contrarian Swing", "P&amp;L, 30 sessions"):
        assert figure in html
    assert "$97,000.00" in html and "start $100,000" in html


@pytest.mark.parametrize("address", PAGES)
def test_page_when_the_controller_is_gone_then_keeps_figures_stale_and_nothing_green(address: str) -> None:
    rig = pages_rig()
    client = rig.client()
    page(client, address)
    rig.down = True
    rig.now += 2_000_000_000
    rig.look()
    found = page(client, address)
    assert not found.green
    assert {word for words in found.boxes.values() for word in words} & {"ok", "empty"} == set()
    assert "service down: nobody answers" in found.html


@pytest.mark.parametrize("address", [name for name in PAGES if "/alerts/" not in name and name != PAGES[6]])
def test_page_when_nothing_was_ever_read_then_says_unknown_and_nothing_green(address: str) -> None:
    rig = WebRig(down=True)
    rig.look()
    found = page(rig.client(), address)
    assert not found.green
    assert all("error" in words for words in found.boxes.values())
    assert "no verified configuration" in found.html


@pytest.mark.parametrize("address", [name for name in PAGES if name not in ("/alerts", "/alerts/1", "/audit")])
def test_page_when_the_engine_is_silent_then_nothing_of_it_is_green(address: str) -> None:
    rig = pages_rig(HeldControl(overview(engine=False)))
    found = page(rig.client(), address)
    assert 'class="mode ok"' not in found.html
    if address != "/config":
        assert not found.green


@pytest.mark.parametrize("name", NAMES)
def test_overview_when_one_source_fails_then_what_it_feeds_is_not_ok(name: str) -> None:
    rig = pages_rig()
    del rig.dispatcher.methods[name]
    rig.look()
    panel = rig.feed.current().panels[name]
    assert panel.state == "stale"
    assert "no method" in panel.reason
    client = rig.client()
    for address in PAGES:
        page(client, address)


def test_page_when_prices_stand_still_then_the_mode_is_not_green() -> None:
    seen = overview()
    assert seen.live is not None
    rig = pages_rig(HeldControl(seen.model_copy(update={"live": seen.live.model_copy(update={"feed": "stale"})})))
    found = page(rig.client(), "/")
    assert not found.green
    assert "no new prices" in found.html


def test_page_when_halts_are_open_then_each_stands_on_every_page() -> None:
    rig = pages_rig(HeldControl(overview("halt-all", (halt(),))))
    client = rig.client()
    for address in PAGES:
        html = page(client, address).html
        assert "market volatility check" in html, address
        assert "Everything halted" in html, address


def test_page_when_htmx_asks_then_only_what_changes(client: FlaskClient) -> None:
    found = page(client, "/", **{"HX-Request": "true"})
    assert "html" not in found.tags and "header" in found.tags
    assert found.boxes and "<button disabled>" not in found.html


def test_page_without_scripts_then_refreshes_itself(client: FlaskClient) -> None:
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page(client, "/").html


def test_emergency_then_small_and_without_a_script(client: FlaskClient) -> None:
    found = page(client, "/emergency")
    assert "script" not in found.tags
    assert len(found.html.encode()) <= 20_000


def test_positions_when_sorted_then_in_that_order_and_the_link_turns_it_round(client: FlaskClient) -> None:
    rising = page(client, "/portfolio/positions?sort=value").html
    falling = page(client, "/portfolio/positions").html
    assert rising.index(">AMD<") < rising.index(">JPM<") or rising != falling
    assert 'aria-sort="ascending"' in rising and 'aria-sort="descending"' in falling
    assert "sort=-value" in rising and "?sort=value" in falling


def test_positions_when_filtered_then_only_those_and_the_choice_stays(client: FlaskClient) -> None:
    html = page(client, "/portfolio/positions?strategy=heuristic-value-1").html
    assert ">JPM<" in html and ">NVDA<" not in html
    assert '<option value="heuristic-value-1" selected>' in html


def test_positions_when_the_filter_finds_nothing_then_the_form_is_still_there(client: FlaskClient) -> None:
    assert "<select" in page(client, "/portfolio/positions?sector=Nowhere").html


@pytest.mark.parametrize("address", ["/portfolio/positions?sort=salary", "/alerts?level=LOUD", "/portfolio?sessions=0"])
def test_page_when_asked_for_what_is_none_then_400_and_says_what(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert "Bad Request" in answer.text


@pytest.mark.parametrize("address", ["/strategies/nobody", "/alerts/4000000", "/nothing"])
def test_page_when_there_is_no_such_thing_then_404(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_short_address_of_the_positions_then_leads_to_them(client: FlaskClient) -> None:
    answer = client.get("/positions")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/portfolio/positions")


def test_theme_when_chosen_then_kept_and_back_where_one_was(rig: WebRig) -> None:
    client = rig.client()
    answer = client.get("/theme?to=dark&back=/risk")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/risk")
    assert '<html lang="en" data-theme="dark">' in page(client, "/").html


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0aevil"])
def test_theme_when_back_leads_elsewhere_then_refused(client: FlaskClient, back: str) -> None:
    assert client.get(f"/theme?to=dark&back={back}").status_code == 400


def test_text_from_elsewhere_then_cannot_become_markup() -> None:
    rig = pages_rig(HeldControl(overview("halt-all", (halt(reason="<script>alert(1)</script>"),))))
    html = page(rig.client(), "/emergency").html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
