"""Invariants 1 and 2 (design section 2) on the latch: whatever happens to the files, a halt binds until it is released
by its own word, and raising never loosens."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.latch import mend
from controller.latch.layout import LatchError, scope24
from controller.latch.permit import PermitFile
from controller.latch.raising import Raised, RaiseFile, create_pair
from controller.latch.reader import LatchReader, LatchState

BOOK = b"b" * 16
SCOPES = ("account", "strategy:" + "a" * 32, "strategy:" + "b" * 32)
STEP_NS = 10**9
RAISE = st.tuples(st.just("raise"), st.sampled_from(SCOPES), st.integers(1, 3))
OTHERS = st.sampled_from(["release", "scribble raise", "scribble permit", "shorten raise", "shorten permit", "mend"])
STEPS = st.lists(st.one_of(RAISE, OTHERS.map(lambda name: (name, "", 0))), max_size=12)


@contextmanager
def pair() -> Iterator[tuple[str, str]]:
    """A new pair."""
    with tempfile.TemporaryDirectory() as folder:
        paths = f"{folder}/raise", f"{folder}/permit"
        create_pair(*paths, BOOK)
        yield paths


class World:
    """The pair, and every halt that was raised and not released."""

    def __init__(self, paths: tuple[str, str]) -> None:
        self.paths = paths
        self.open: list[tuple[str, int, Raised]] = []
        self.count = 0

    def do(self, name: str, scope: str, mode: int) -> None:
        """One step; one that the damaged files do not allow changes nothing."""
        verb, _, half = name.partition(" ")
        if verb == "scribble":
            with Path(self.paths[half == "permit"]).open("r+b") as file:
                file.write(b"?")
        elif verb == "shorten":
            os.truncate(self.paths[half == "permit"], 4_090)
        elif verb == "mend":
            mend.mend(*self.paths, BOOK, lambda nonce: nonce)
        else:
            try:
                self.release() if verb == "release" else self.halt(scope, mode)
            except LatchError:
                return

    def halt(self, scope: str, mode: int) -> None:
        self.count += 1
        file = RaiseFile.open(*self.paths)
        self.open.append((scope, mode, file.raise_halt(self.count.to_bytes(16, "big"), scope, mode, 0, 0)))
        file.close()

    def release(self) -> None:
        if self.open:
            permit = PermitFile(self.paths[1])
            permit.acquire()
            _, _, raised = self.open[0]
            permit.release(raised.slot, raised.word)
            permit.close()
            del self.open[0]

    def bound_by(self, state: LatchState) -> bool:
        """Whether a gate that reads ``state`` is at least as strict as every open halt."""
        ranks = [(state.mode, mode) for scope, mode, _ in self.open if scope == "account"]
        for scope, mode, _ in self.open:
            if scope != "account":
                own = state.strategy_modes.get(scope24(scope.removeprefix("strategy:")), 0)
                ranks.append((max(state.mode, own), mode))
        return all(held >= asked for held, asked in ranks)


@pytest.mark.parametrize("restarted", [False, True])
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_halts_under_any_damage_and_repair_then_each_binds_until_its_own_release(
    restarted: bool, steps: list[tuple[str, str, int]]
) -> None:
    with pair() as paths:
        world, gate, now = World(paths), LatchReader(*paths, BOOK), 0
        for step in steps:
            world.do(*step)
            now += STEP_NS
            if restarted:
                gate.close()
                gate = LatchReader(*paths, BOOK)
            state = gate.poll(now)
            assert state.anomaly or world.bound_by(state), step
        mend.mend(*paths, BOOK, lambda nonce: nonce)
        state = gate.poll(now + STEP_NS)
        assert not state.anomaly
        assert world.bound_by(state)
        gate.close()


@given(before=st.lists(RAISE, max_size=6), more=RAISE)
@settings(max_examples=40, deadline=None)
def test_one_more_halt_then_no_scope_is_looser(before: list[tuple[str, str, int]], more: tuple[str, str, int]) -> None:
    with pair() as paths:
        world, gate = World(paths), LatchReader(*paths, BOOK)
        for step in before:
            world.do(*step)
        old = gate.poll(STEP_NS)
        world.do(*more)
        new = gate.poll(2 * STEP_NS)
        assert new.mode >= old.mode
        assert all(new.strategy_modes.get(scope, 0) >= mode for scope, mode in old.strategy_modes.items())
        gate.close()
