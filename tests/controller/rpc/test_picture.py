"""The picture's number: whoever waits hears of each change, and nobody who changes it waits."""

import threading

import pytest

from controller.rpc.picture import Picture, methods


def test_wait_when_something_has_changed_meanwhile_then_answers_at_once() -> None:
    picture = Picture()
    assert picture.wait(0, 0) == 0
    picture.changed()
    picture.changed()
    assert picture.wait(0, 60) == picture.wait(1, 60) == 2
    assert methods(picture)["picture.wait"]({"after": 1, "wait": 60}) == {"number": 2}


def test_wait_when_the_controller_is_another_one_then_answers_at_once() -> None:
    assert Picture().wait(7, 60) == 0


def test_wait_when_it_changes_then_everybody_hears() -> None:
    picture, heard = Picture(), list[int]()
    waiting = [threading.Thread(target=lambda: heard.append(picture.wait(0, 60))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    picture.changed()
    for thread in waiting:
        thread.join(60)
    assert heard == [1, 1, 1]


def test_counts_when_the_act_fails_then_counted_all_the_same() -> None:
    picture = Picture()
    assert picture.counts(lambda: 5)() == 5
    with pytest.raises(ZeroDivisionError):
        picture.counts(lambda: 1 // 0)()
    assert picture.wait(0, 0) == 2
