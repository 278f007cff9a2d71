"""What goes into an act and what comes out of it, the same for a form and for a program."""

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.scalars import Line, Model

Word = Annotated[str, Field(max_length=100)]


class Given(Model):
    """``reason`` goes into the audit log; ``phrase`` is what the act asks to be typed; ``nonce`` comes from the preview
    of exactly this act. Without a nonce the answer is that preview, but an act that holds back happens at once."""

    reason: Line = ""
    phrase: Word = ""
    nonce: Word = ""


class GivenResume(Given):
    """``peak``: what becomes of the high-water mark after a drawdown halt."""

    peak: Literal["", "keep", "rebase"] = ""


class GivenReview(GivenResume):
    """``note``: what the review of the strategy's halt has found; ``reviewer``: by whom, who asks when it is empty."""

    note: Line = ""
    reviewer: Line = ""


class GivenStop(Given):
    """``price`` in dollars, as ``$142.50``."""

    price: Word = ""


class GivenUpdate(Given):
    """Either one ``limit`` and its ``value``, or whole ``files`` over those of commit ``base``; null removes one."""

    limit: Word = ""
    value: Word = ""
    base: Annotated[str, Field(pattern=r"^([0-9a-f]{40}|)$")] = ""
    files: dict[Line, str | None] = Field(default_factory=dict)


State = Literal["confirm", "done", "asked", "partly"]


class Answer(Model):
    """What came of it. ``confirm``: nothing yet, this is what it would do, send ``nonce`` and ``phrase`` to do it;
    ``asked``: nothing yet, a person must sign, ``next`` is the command; ``partly``: some of it, ``lines`` say what."""

    ok: bool = True
    state: State
    title: str
    lines: tuple[str, ...] = ()
    nonce: str = ""
    phrase: str = ""
    changes: tuple[dict[str, Any], ...] = ()
    digest: str = ""
    next: str = ""
    detail: dict[str, Any] = Field(default_factory=dict)

    @property
    def status(self) -> int:
        """Of HTTP: 202 while something of it is still to come."""
        return 202 if self.state in ("asked", "partly") else 200
