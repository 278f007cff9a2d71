import pytest

from web.controls.nonces import EACH, KEPT, LIFE_SECONDS, Mismatch, Nonces, Repeats, UnderWay

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nonce_when_spent_then_gives_its_digest_once(clock: Clock) -> None:
    nonces = Nonces(clock)
    nonce = nonces.issue("ada", "pause s", "d1")
    assert nonces.spend(nonce, "ada", "pause s") == "d1"
    assert nonces.spend(nonce, "ada", "pause s") is None


@pytest.mark.parametrize(("owner", "act"), [("eve", "pause s"), ("ada", "pause t"), ("ada", "resume s")])
def test_nonce_when_it_is_anothers_or_for_another_act_then_worthless(clock: Clock, owner: str, act: str) -> None:
    nonces = Nonces(clock)
    assert nonces.spend(nonces.issue("ada", "pause s", "d1"), owner, act) is None
    assert nonces.spend("", "ada", "pause s") is None


def test_nonce_when_too_old_then_worthless(clock: Clock) -> None:
    nonces = Nonces(clock)
    nonce = nonces.issue("ada", "pause s", "d1")
    clock.now = LIFE_SECONDS
    assert nonces.spend(nonce, "ada", "pause s") is None


def test_nonce_when_somebody_asks_for_many_then_nobody_elses_goes(clock: Clock) -> None:
    nonces = Nonces(clock)
    other, own = nonces.issue("eve", "a", "d"), nonces.issue("ada", "a", "d")
    newest = [nonces.issue("ada", "a", "d") for _ in range(EACH)][-1]
    assert nonces.spend(own, "ada", "a") is None
    assert nonces.spend(newest, "ada", "a") == "d"
    assert nonces.spend(other, "eve", "a") == "d"


def test_repeat_when_the_same_then_the_first_answer(clock: Clock) -> None:
    repeats = Repeats(clock)
    assert repeats.begin("ada", "k", "request") is None
    repeats.end("ada", "k", (202, "{}"))
    assert repeats.begin("ada", "k", "request") == (202, "{}")
    assert repeats.begin("eve", "k", "request") is None
    clock.now = DAY
    assert repeats.begin("ada", "k", "request") is None


def test_repeat_when_another_request_or_under_way_then_refused(clock: Clock) -> None:
    repeats = Repeats(clock)
    repeats.begin("ada", "k", "request")
    with pytest.raises(UnderWay):
        repeats.begin("ada", "k", "request")
    with pytest.raises(Mismatch):
        repeats.begin("ada", "k", "other")


def test_repeat_when_the_first_failed_then_it_may_be_tried_again(clock: Clock) -> None:
    repeats = Repeats(clock)
    repeats.begin("ada", "k", "request")
    repeats.end("ada", "k", None)
    assert repeats.begin("ada", "k", "request") is None


def test_repeats_when_there_are_many_then_the_oldest_go(clock: Clock) -> None:
    repeats = Repeats(clock)
    for number in range(KEPT + 1):
        repeats.begin("ada", str(number), "request")
        repeats.end("ada", str(number), (200, str(number)))
    assert repeats.begin("ada", "1", "request") == (200, "1")
    assert repeats.begin("ada", "0", "request") is None
