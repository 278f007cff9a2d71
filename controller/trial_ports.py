"""What is kept of A/B tests, as a contract."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.live import ShadowView
from schemas.trials import Look, Trial


class TrialStore(Protocol):
    """What was seen of A/B tests. What a method wrote is durable when it returns. Raises StoreUnavailable."""

    def trials(self) -> Mapping[str, Trial]:
        """Every test that was ever seen, by id."""
        ...

    def save_trial(self, trial: Trial, new: Sequence[Look] = ()) -> None:
        """Replace it and add its new looks, as one. What is decided stays decided; a look (``n``) that is there
        stays."""
        ...

    def looks(self, test: str) -> Sequence[Look]:
        """Looks of a test, oldest first."""
        ...

    def add_shadows(self, book: str, logged: Sequence[ShadowView]) -> None:
        """Keep sessions of paired tests of a book; the same one (``seq``) again changes nothing."""
        ...

    def shadows(self, book: str, test: str) -> Sequence[ShadowView]:
        """Sessions of a paired test in one book, oldest first."""
        ...

    def last_shadow(self, book: str) -> int:
        """``seq`` of the newest session kept of a book; 0 without one."""
        ...
