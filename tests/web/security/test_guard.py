"""The guard before every endpoint that the application declares."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from controller.home import Home
from controller.proposals import Proposals
from tests.support.web_people import OURS, USERS, People, people, token
from tests.support.web_rig import WebRig
from web.registry import Endpoint, Kind, Rate, Role, registry_of
from web.security.accounts import LIFE_NS
from web.security.identity import EVERYBODY, Rank, roles_of
from web.security.rates import RATES

PATHS = {"<id>": "ml-momentum-v2", "<symbol>": "NVDA", "<path:name>": "css/base.css", "<int:id>": "1"}


@pytest.fixture(scope="module")
def crowd() -> Iterator[People]:
    with people() as made:
        yield made


def endpoints(crowd: People) -> tuple[Endpoint, ...]:
    return registry_of(crowd.app).endpoints


def address(endpoint: Endpoint) -> str:
    path = endpoint.rule
    for variable, value in PATHS.items():
        path = path.replace(variable, value)
    assert "<" not in path, path
    return path


def asked(client: FlaskClient, endpoint: Endpoint, headers: dict[str, str]) -> tuple[int, str]:
    """Status and problem of a request without a body: no view of an act begins without one."""
    answer = client.open(address(endpoint), method=endpoint.method, headers=headers)
    try:
        document = answer.get_json(silent=True) if answer.mimetype == "application/problem+json" else None
        return answer.status_code, (document or {}).get("type", answer.headers.get("Location", ""))
    finally:
        answer.close()


def guarded(crowd: People) -> list[Endpoint]:
    """All but the socket, which no plain request finds, and probes, which this machine may ask for."""
    others = (Kind.SOCKET, Kind.PROBE)
    return [item for item in endpoints(crowd) if item.role is not Role.ANYONE and item.kind not in others]


@pytest.mark.parametrize("name", USERS)
def test_endpoint_when_asked_by_each_role_then_open_exactly_to_those_that_hold_it(crowd: People, name: str) -> None:
    rank, liquidate = USERS[name]
    client = crowd.client(name)
    headers = {**OURS, "X-CSRF-Token": token(client)}
    for endpoint in guarded(crowd):
        status, _ = asked(client, endpoint, headers)
        assert (status == 403) is (endpoint.role not in roles_of(rank, liquidate)), (endpoint, status)
        assert status not in (303, 401), endpoint


def test_endpoint_when_nobody_is_logged_in_then_closed(crowd: People) -> None:
    for endpoint in guarded(crowd):
        status, said = asked(crowd.stranger(), endpoint, OURS)
        assert status in (303, 401), endpoint
        assert "/login" in said or said.endswith("who-are-you"), endpoint


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_probe_when_asked_by_this_machine_then_open_and_from_elsewhere_only_to_those_who_may_look(
    crowd: People, path: str
) -> None:
    far, stranger = {"REMOTE_ADDR": "10.0.0.7"}, crowd.stranger()
    assert stranger.get(path).status_code == 200
    assert stranger.get(path, environ_base=far).status_code == 401
    assert stranger.get(path, headers={"X-Forwarded-For": "10.0.0.7"}).status_code == 401
    assert stranger.get(path, headers={"Forwarded": "for=10.0.0.7"}).status_code == 401
    assert stranger.get(path, headers=crowd.key(Rank.READ_ONLY), environ_base=far).status_code == 200


def test_socket_when_a_stranger_or_another_site_opens_it_then_refused(crowd: People) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert crowd.stranger().get("/ws", headers=upgrade).status_code == 401
    foreign = {**upgrade, "Origin": "https://evil.example"}
    assert crowd.client("ada").get("/ws", headers=foreign).status_code == 403


def test_endpoint_when_it_halts_then_open_to_whoever_may_look(crowd: People) -> None:
    halts = {item.rule for item in endpoints(crowd) if item.rate is Rate.HALT and item.role is Role.VIEWER}
    assert halts >= {"/api/emergency/halt-all", "/api/emergency/halt-trading", "/api/strategies/<id>/halt"}
    assert {item.rule for item in endpoints(crowd) if item.role is Role.LIQUIDATOR and item.kind is Kind.CONTROL} == {
        "/emergency/liquidate",
        "/api/emergency/liquidate",
    }


def test_role_when_it_has_no_grant_then_no_liquidation_whatever_it_is() -> None:
    assert not any(Role.LIQUIDATOR in roles_of(rank, False) for rank in Rank)
    assert all(Role.LIQUIDATOR in roles_of(rank, True) for rank in Rank)


def test_control_when_the_dashboard_only_looks_then_403_that_says_why() -> None:
    rig = WebRig()
    client = rig.client()
    for endpoint in registry_of(client.application).endpoints:
        if endpoint.kind is Kind.CONTROL:
            answer = client.open(address(endpoint), method=endpoint.method, headers=OURS, json={})
            assert answer.status_code == 403, endpoint
            assert "look only" in answer.text, endpoint
    assert client.get("/").status_code == 200


def test_form_when_another_site_sends_it_then_refused(crowd: People) -> None:
    client = crowd.client("ada")
    form = {"_token": token(client)}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {},
    ):
        answer = client.post("/emergency/halt-trading", data=form, headers=headers)
        assert answer.status_code == 403, headers
        assert "another site" in answer.text
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}
    assert client.post("/emergency/halt-trading", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize("wrong", ["", "x" * 43, "\N{SNOWMAN}"])
def test_form_when_it_does_not_carry_the_sessions_token_then_refused(crowd: People, wrong: str) -> None:
    client = crowd.client("ada")
    answer = client.post("/strategies/ml-momentum-v2/pause", data={"_token": wrong}, headers=OURS)
    assert (answer.status_code, "earlier session" in answer.text) == (403, True)
    assert client.post("/strategies/ml-momentum-v2/pause", headers=OURS).status_code == 403


def test_token_when_it_is_another_sessions_then_refused(crowd: People) -> None:
    ada, rex = crowd.client("ada"), crowd.client("rex")
    stolen = {"_token": token(rex)}
    assert ada.post("/strategies/ml-momentum-v2/pause", data=stolen, headers=OURS).status_code == 403


def test_key_when_a_program_uses_it_then_needs_no_token_and_no_origin(crowd: People) -> None:
    client, key = crowd.stranger(), crowd.key()
    assert client.get("/api/portfolio/status", headers=key).status_code == 200
    assert client.post("/api/config/reload", headers=key).status_code == 415


def test_key_when_a_browser_on_another_site_sends_it_then_refused(crowd: People) -> None:
    client, key = crowd.stranger(), crowd.key()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/api/config/reload", headers={**key, **headers}).status_code == 403


def test_key_when_out_of_its_scope_or_its_role_then_403(crowd: People) -> None:
    client, key = crowd.stranger(), crowd.key(Rank.READ_ONLY, "/api/portfolio/*")
    assert client.get("/api/portfolio/status", headers=key).status_code == 200
    assert client.get("/api/strategies", headers=key).get_json()["type"].endswith("out-of-scope")
    assert client.post("/api/emergency/halt-all", headers=key).get_json()["type"].endswith("out-of-scope")
    assert client.post("/api/config/reload", headers=key).get_json()["type"].endswith("not-yours")


@pytest.mark.parametrize("given", ["Bearer nonsense", "Basic YWRhOng=", "Bearer", "bearer 000000000000.x"])
def test_key_when_it_is_none_then_401_even_with_a_good_session(crowd: People, given: str) -> None:
    answer = crowd.client("ada").get("/api/portfolio/status", headers={"Authorization": given})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_session_when_its_cookie_is_stolen_then_worthless_after_the_logout(crowd: People) -> None:
    owner = crowd.client("ada")
    cookie = owner.get_cookie("gt-risk")
    assert cookie is not None
    thief = crowd.stranger()
    thief.set_cookie("gt-risk", cookie.value)
    assert thief.get("/").status_code == 200
    assert owner.post("/logout", data={"_token": token(owner)}, headers=OURS).status_code == 303
    assert thief.get("/").status_code == 303
    assert thief.post("/emergency/halt-all", data={"phrase": "HALT ALL"}, headers=OURS).status_code == 303


def test_logout_when_another_site_asks_for_it_then_refused(crowd: People) -> None:
    client = crowd.client("ada")
    assert client.post("/logout", headers=OURS).status_code == 403
    assert client.get("/").status_code == 200


def test_session_when_the_user_is_disabled_then_out_with_the_next_request() -> None:
    with people() as crowd:
        client = crowd.client("eve")
        crowd.accounts.disable("eve")
        assert client.get("/").status_code == 303


def test_session_when_its_day_is_over_then_out() -> None:
    with people() as crowd:
        client = crowd.client("eve")
        crowd.rig.now += LIFE_NS
        assert client.get("/").status_code == 303


def test_network_when_it_is_not_allowed_then_refused_before_anything_else() -> None:
    with people(allow=("10.0.0.0/8", "2001:db8::/32")) as crowd:
        for address, status in (("127.0.0.1", 403), ("10.1.2.3", 303), ("2001:db8::1", 303), ("nonsense", 403)):
            answer = crowd.stranger().get("/", environ_base={"REMOTE_ADDR": address})
            assert answer.status_code == status, address


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200), ("evil.example", 421), ("localhost.evil", 421)],
)
def test_name_when_a_stranger_made_it_lead_here_then_no_page_of_ours(host: str, status: int) -> None:
    assert WebRig().client().get("/", headers={"Host": host}).status_code == status


def test_rate_when_others_ask_too_often_then_halts_are_not_among_them() -> None:
    with people() as crowd:
        client = crowd.client("ada")
        headers = {**OURS, "X-CSRF-Token": token(client)}
        statuses = [client.post("/api/config/reload", headers=headers).status_code for _ in range(40)]
        assert statuses[-1] == 429
        assert client.post("/api/emergency/halt-all", headers=headers).status_code == 415
        assert crowd.client("rex").post("/api/emergency/halt-all").status_code == 403


def test_rate_when_somebody_drains_the_halts_then_only_the_own_ones() -> None:
    with people() as crowd:
        flood, other = crowd.client("rex"), crowd.client("ada")
        headers = {**OURS, "X-CSRF-Token": token(flood)}
        statuses = [flood.post("/api/emergency/halt-all", headers=headers).status_code for _ in range(40)]
        assert (statuses[0], statuses[-1]) == (415, 429)
        again = {**OURS, "X-CSRF-Token": token(other)}
        assert other.post("/api/emergency/halt-all", headers=again).status_code == 415


def test_rate_when_strangers_flood_the_halts_then_they_drain_what_is_their_own() -> None:
    with people() as crowd:
        for _ in range(2 * int(RATES[Rate.HALT][0])):
            crowd.stranger().post("/api/emergency/halt-all", headers=OURS)
        assert crowd.stranger().post("/api/emergency/halt-all", headers=OURS).status_code == 429
        client = crowd.client("rex")
        headers = {**OURS, "X-CSRF-Token": token(client)}
        assert client.post("/api/emergency/halt-all", headers=headers).status_code == 415


def test_accounts_when_they_cannot_be_read_then_nobody_is_let_in(crowd: People) -> None:
    with people() as broken:
        client = broken.client("ada")
        path = Home(broken.rig.options.home).dashboard
        broken.accounts._write(("DROP TABLE sessions", ()))  # the file breaks under it
        assert path.exists()
        assert client.get("/").status_code == 503
        assert client.get("/api/portfolio/status").status_code == 503


def test_page_when_a_stranger_asks_for_one_that_is_not_there_then_nothing_of_the_book_is_told(crowd: People) -> None:
    for path in ("/nothing", "/login", "/api/nothing"):
        assert "greenplace" not in crowd.stranger().get(path).text, path


def test_dashboard_when_it_can_be_reached_from_elsewhere_then_even_looking_takes_a_login() -> None:
    with people(controls=False, host="0.0.0.0") as crowd:
        assert crowd.stranger().get("/").status_code == 303
        client = crowd.client("rex")
        assert client.get("/").status_code == 200
        assert client.post("/emergency/halt-all", headers=OURS).status_code == 403


def test_everybody_when_nobody_logs_in_then_only_looks() -> None:
    assert EVERYBODY.roles == roles_of(Rank.READ_ONLY, False)


def test_page_when_there_are_acts_then_links_to_those_that_the_person_may_do(crowd: People) -> None:
    operator, reader = crowd.client("ada"), crowd.client("rex")
    path = "/strategies/ml-momentum-v2"
    assert all(f'href="{path}/{act}"' in operator.get(path).text for act in ("pause", "resume", "halt"))
    assert f'href="{path}/pause"' not in reader.get(path).text
    assert f'href="{path}/halt"' in reader.get(path).text
    assert 'href="/portfolio/positions/NVDA"' in operator.get("/portfolio/positions").text
    position = operator.get("/portfolio/positions/NVDA").text
    assert all(f'href="/portfolio/positions/NVDA/{act}"' in position for act in ("close", "stop"))
    assert 'href="/config/update"' in operator.get("/config").text
    assert 'href="/emergency/halt-all"' in reader.get("/").text


def test_page_when_the_dashboard_only_looks_then_no_act_is_offered() -> None:
    rig = WebRig()
    rig.look()
    client = rig.client()
    for path in ("/strategies/ml-momentum-v2", "/portfolio/positions/NVDA", "/config", "/"):
        text = client.get(path).text
        assert "What may be done here" not in text
        assert "read-only" in text


def test_proposals_page_when_something_waits_then_with_the_command_that_signs_it() -> None:
    with people() as crowd:
        client = crowd.client("rex")
        assert "nothing waits for a signature" in client.get("/config/proposals").text
        proposals = Proposals(Home(crowd.rig.options.home).proposals)
        made = proposals.add({"kind": "resume"}, "ada", "<b>ripe</b>", "risk: resume", "", crowd.rig.now)
        shown = client.get("/config/proposals").text
        assert f"gt risk config sign {made.id}" in shown
        assert "&lt;b&gt;ripe" in shown


@pytest.mark.parametrize("path", ["/emergency/halt-all", "/emergency/halt-trading", "/config/update"])
def test_form_when_shown_then_nothing_refreshes_it_under_somebodys_hands(crowd: People, path: str) -> None:
    text = crowd.client("ada").get(path).text
    assert 'http-equiv="refresh"' not in text
    assert "hx-get" not in text
    assert '<form method="post" class="act">' in text
