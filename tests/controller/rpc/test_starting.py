import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import SettingsError, StoreUnavailable
from controller.rpc.client import RpcError, ServiceDown, call
from controller.rpc.starting import Starting
from tests.support.folders import short_folder


@pytest.fixture
def path() -> Iterator[Path]:
    with short_folder() as home:
        yield home / "controller.sock"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.rpc.starting.FIRST_SECONDS", 0.001)


def test_act_when_it_works_then_its_result_and_no_socket(path: Path) -> None:
    starting = Starting(path)
    assert starting.until(lambda: 7) == 7
    starting.close()
    assert not path.exists()


def test_act_when_it_fails_for_a_time_then_tried_again_and_who_asks_is_told(path: Path) -> None:
    answers: list[RpcError] = []
    failures: list[int] = []
    starting = Starting(path, lambda: failures.append(1))

    def act() -> str:
        if failures:
            with pytest.raises(RpcError) as found:
                call(str(path), "status")
            answers.append(found.value)
        if len(failures) < 2:
            raise StoreUnavailable("store.db: database is locked", hint="gt risk service status")
        return "opened"

    assert starting.until(act) == "opened"
    starting.close()
    assert len(failures) == len(answers) == 2
    assert not isinstance(answers[0], ServiceDown)
    assert "cannot start and tries again: store.db: database is locked" in answers[0].message
    assert (answers[0].hint, answers[0].exit, answers[0].code) == ("gt risk service status", 3, "CannotStart")
    with pytest.raises(ServiceDown):
        call(str(path), "status")


def test_act_when_it_cannot_ever_work_then_raised_at_once(path: Path) -> None:
    def act() -> None:
        raise SettingsError("a newer release wrote it")

    with pytest.raises(SettingsError):
        Starting(path).until(act)


def test_request_that_is_no_object_then_answered_too(path: Path) -> None:
    starting = Starting(path)
    errors = iter([StoreUnavailable("locked")])

    def act() -> None:
        for error in errors:
            raise error

    starting.until(act)
    starting.close()
    assert json.dumps(starting.reply([1])["id"]) == "null"
