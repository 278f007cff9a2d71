"""What every room of the web tier is given."""

from dataclasses import dataclass, field

from web.assets import Assets
from web.feed import Feed
from web.live.seats import Seats
from web.metrics import Meters
from web.options import Options


@dataclass(frozen=True, slots=True)
class Parts:
    """How the dashboard was started, what there is to look at, the files of the front end,
    who holds a stream open, and what is measured."""

    options: Options
    feed: Feed
    assets: Assets = field(default_factory=Assets)
    seats: Seats = field(default_factory=Seats)
    meters: Meters = field(default_factory=Meters)
