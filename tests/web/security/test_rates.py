import pytest

from web.registry import Rate
from web.security.rates import MOST_ASKERS, NAME_RATE, RATES, Rates, neighbourhood


def test_rates_when_one_class_is_drained_then_no_other_and_nobody_elses() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    taken = [rates.take(Rate.CONTROL, "ada") for _ in range(int(RATES[Rate.CONTROL][0]) + 1)]
    assert taken == [True] * (len(taken) - 1) + [False]
    assert rates.take(Rate.HALT, "ada")
    assert rates.take(Rate.CONTROL, "eve")
    now[0] = 1 / RATES[Rate.CONTROL][1]
    assert rates.take(Rate.CONTROL, "ada")
    assert not rates.take(Rate.CONTROL, "ada")


def test_rates_when_every_class_is_asked_for_then_it_has_one() -> None:
    assert set(RATES) == set(Rate)


def test_logins_when_by_one_name_then_counted_by_name() -> None:
    rates = Rates(lambda: 0.0)
    assert [rates.take_login("ada") for _ in range(NAME_RATE[0] + 1)] == [True] * NAME_RATE[0] + [False]
    assert rates.take_login("eve")


def test_rates_when_there_are_very_many_askers_then_bounded_and_who_asks_stays() -> None:
    rates = Rates(lambda: 0.0)
    for _ in range(int(RATES[Rate.HALT][0])):
        rates.take(Rate.HALT, "ada")
    for number in range(MOST_ASKERS - 1):
        rates.take(Rate.READ, str(number))
    assert not rates.take(Rate.HALT, "ada")


@pytest.mark.parametrize(
    ("address", "asker"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("", ""),
    ],
)
def test_asker_when_an_address_then_as_many_as_one_machine_has_are_one(address: str, asker: str) -> None:
    assert neighbourhood(address) == asker
