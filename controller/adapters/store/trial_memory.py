"""A/B tests in memory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from controller.adapters.store import merge
from schemas.live import ShadowView
from schemas.trials import Look, Trial


class MemoryTrials:
    """:class:`controller.trial_ports.TrialStore` in dictionaries, under the store's lock ``use``."""

    def __init__(self, use: Callable[[], AbstractContextManager[None]]) -> None:
        self._use = use
        self._trials: dict[str, Trial] = {}
        self._looks: dict[str, dict[int, Look]] = {}
        self._shadows: dict[str, dict[int, ShadowView]] = {}

    def trials(self) -> Mapping[str, Trial]:
        """Every test that was ever seen, by id."""
        with self._use():
            return dict(sorted(self._trials.items()))

    def save_trial(self, trial: Trial, new: Sequence[Look] = ()) -> None:
        """Replace it and add its new looks."""
        with self._use():
            known = self._trials.get(trial.test)
            self._trials[trial.test] = merge.trials(known, trial) if known else trial
            for look in new:
                self._looks.setdefault(trial.test, {}).setdefault(look.n, look)

    def looks(self, test: str) -> Sequence[Look]:
        """Looks of a test, oldest first."""
        with self._use():
            return [look for _, look in sorted(self._looks.get(test, {}).items())]

    def add_shadows(self, book: str, logged: Sequence[ShadowView]) -> None:
        """Keep sessions of paired tests."""
        with self._use():
            for item in logged:
                self._shadows.setdefault(book, {}).setdefault(item.seq, item)

    def shadows(self, book: str, test: str) -> Sequence[ShadowView]:
        """Sessions of a paired test, oldest first."""
        with self._use():
            return [item for _, item in sorted(self._shadows.get(book, {}).items()) if item.test == test]

    def last_shadow(self, book: str) -> int:
        """Number of the newest session of any test; 0 without one."""
        with self._use():
            return max(self._shadows.get(book, {}), default=0)
