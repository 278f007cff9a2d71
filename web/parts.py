"""What every room of the web tier is given."""

from collections.abc import Callable
from dataclasses import dataclass

from web.feed import Ask, Feed
from web.options import Options


@dataclass(frozen=True, slots=True)
class Parts:
    """``feed`` is what to look at; ``ask`` puts one request to the controller at once (RpcError), for acts and for
    answers that must not be old; ``clock`` gives Unix nanoseconds."""

    options: Options
    feed: Feed
    ask: Ask
    clock: Callable[[], int]
