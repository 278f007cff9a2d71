"""A halt without network, PATH, disk space or a journal: in force each time, and it says what it could not do."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from controller.gate.client import GateClient
from controller.home import Home
from tests.support.cli import ENTRY, Ran
from tests.support.service import FAST, Service, in_time, running_service, until
from tests.support.small_disk import fill, small_disk

pytestmark = [pytest.mark.process, pytest.mark.timeout(180), pytest.mark.xdist_group("halt_when_cut")]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


def binding(service: Service) -> set[str]:
    """The words that the gate itself says bind it."""
    with GateClient(Home(service.home).gate_socket) as client:
        return set(client.request("barrier")["words"])


def halt(
    service: Service,
    *,
    prefix: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    own: int = 0,
) -> Ran:
    """``emergency halt-all``, after which the gate itself must say that one more word binds it; up to ``own`` more are
    those that the controller raises for what it has lost."""
    environ = {**os.environ, "GT_RISK_HOME": str(service.home), **FAST, **(env or {})}
    command = [*prefix, sys.executable, "-c", ENTRY, "emergency", "halt-all", "--json", "-r", "drill"]
    words = set[str]()

    def once() -> Ran:
        words.update(binding(service))
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=before,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    ran = in_time(once)
    assert ran.document["in_force"], ran
    assert 1 <= len(binding(service) - words) <= 1 + own
    return ran


def known(service: Service, ran: Ran) -> bool:
    return ran.document["halt"]["id"] in {item["id"] for item in service.read("emergency", "status")["halts"]}


def test_halt_when_the_network_is_cut_then_all_of_it_happens(service: Service) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: this machine lets nobody cut the network (unshare -n)")
    ran = halt(service, prefix=(unshare, "-n"))
    assert (ran.code, ran.document["durable"], ran.document["taken_over"]) == (0, True, True)


@pytest.mark.parametrize("path", ["", "/nonexistent"])
def test_halt_when_path_is_empty_then_all_of_it_happens(service: Service, path: str) -> None:
    ran = halt(service, env={"PATH": path})
    assert (ran.code, ran.document["durable"], ran.document["taken_over"]) == (0, True, True)


def test_halt_when_it_may_write_no_file_then_in_force_not_durable_and_exit_five(service: Service) -> None:
    def no_file() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    ran = halt(service, before=no_file)
    assert (ran.code, ran.document["durable"], ran.document["taken_over"]) == (5, False, True)
    assert any(os.strerror(errno.EFBIG) in text for text in ran.document["problems"])
    until(lambda: known(service, ran), "the controller took it over")


def test_halt_when_the_journal_is_unwritable_then_recorded_elsewhere_and_exit_five(service: Service) -> None:
    journal, away = service.home / "journal", service.home / "elsewhere"
    journal.rename(away)
    journal.mkdir()
    ran = halt(service, own=1)
    assert (ran.code, ran.document["durable"]) == (5, True)
    assert any("journal" in text and "recorded in" in text for text in ran.document["problems"])
    journal.rmdir()
    away.rename(journal)
    until(lambda: known(service, ran), "found where it was recorded")


@pytest.fixture
def small() -> Iterator[Service]:
    with small_disk() as started:
        yield started


def test_halt_when_the_disk_is_full_then_latch_and_journal_have_their_place_already(small: Service) -> None:
    filler = fill(small.home)
    ran = halt(small)
    assert (ran.code, ran.document["durable"]) == (0, True)
    until(lambda: small.read("status")["mode"] == "halt-all", "status says so")
    assert small.gt("status").code == 3
    filler.unlink()
    until(lambda: known(small, ran), "known once there is room again")
