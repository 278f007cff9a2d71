"""Where news become events, kept for a while in a ring that every stream reads at its own pace.

A stream holds nothing but its place. One that falls behind the ring ends; its client comes back with the last id, is
told everything at once and each alert that it missed. So memory is bounded, and no client holds another up.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from controller.rpc.client import RpcError
from web.feed import Feed
from web.live.events import Event, News, Place, alert_news, news_between, place_of, rendered, whole
from web.live.pieces import Batch

RING, RING_BYTES = 4_096, 4 * 2**20
"""Events kept, and what their data may be together: minutes of a busy book."""
BATCH = 64
"""Most events that a stream takes at once."""
TICK_SECONDS = 1.0
FOLLOW_SECONDS = 3.0
"""How long a request for alerts waits at the controller: less than its client's patience."""
AGAIN_SECONDS = 1.0
QUIET_SECONDS = 5.0
"""A stream that had nothing to tell for so long says that it lives."""
_log = logging.getLogger(__name__)


class Hub:
    """Follows ``feed`` from the first stream on, in two threads that end with it. ``epoch`` makes eight hex digits."""

    def __init__(self, feed: Feed, epoch: Callable[[], str]) -> None:
        self._feed = feed
        self._epoch = epoch
        self._changed = threading.Condition()
        self._ring: deque[Event] = deque()
        self._bytes = 0
        self._floor: Place | None = None
        """The place right before the ring; None until the controller said how far its alerts are."""
        self._started = False

    def stream(self, last_id: str) -> Iterator[Batch]:
        """What happens behind ``last_id``, batch by batch; an empty one when nothing did for a while.

        Ends with the feed, when its reader is too slow, or when missed alerts cannot be read.
        """
        self._start()
        while not self._begun():
            if self._feed.stopped:
                return
            yield ()
        try:
            yield from self._from(place_of(last_id))
        except RpcError as error:
            _log.warning("a stream ends: %s", error)

    def _from(self, place: Place | None) -> Iterator[Batch]:
        at, known = self._join(place)
        seen = min(place.alert, at.alert) if place else at.alert
        if not known:
            yield (rendered(whole(self._feed.current()), at._replace(alert=seen)),)
        yield from self._missed(at, seen)
        while not self._feed.stopped:
            found = self._after(at)
            if found is None:
                return
            at = found[-1].place if found else at
            yield found

    def _join(self, place: Place | None) -> tuple[Place, bool]:
        """Where a stream goes on, and whether the ring has all that happened behind ``place``."""
        with self._changed:
            floor, now = self._ends()
            if place is None or place.epoch != now.epoch or not floor.seq <= place.seq <= now.seq:
                return now, False
            behind = place.seq - floor.seq
            return self._ring[behind - 1].place if behind else floor, True

    def _missed(self, at: Place, seen: int) -> Iterator[Batch]:
        """Alerts that changed behind ``seen`` and are not behind ``at``. Raises RpcError."""
        while seen < at.alert:
            answer = self._feed.request("alerts.feed", {"after": seen})
            found = [alert_news(item, self._feed.now_ns()) for item in answer["alerts"] if item["change"] <= at.alert]
            if not found:
                return
            seen = found[-1].alert
            yield tuple(rendered(news, at._replace(alert=news.alert)) for news in found)

    def _after(self, at: Place) -> Batch | None:
        """Some of what happened behind ``at``, soon; None when the ring no longer has it."""
        with self._changed:
            self._changed.wait_for(lambda: self._ends()[1] != at or self._feed.stopped, QUIET_SECONDS)
            floor, now = self._ends()
            if now.epoch != at.epoch or at.seq < floor.seq:
                return None
            start = at.seq - floor.seq
            return tuple(islice(self._ring, start, start + BATCH))

    def _ends(self) -> tuple[Place, Place]:
        floor = self._floor or Place("", 0, 0)
        return floor, self._ring[-1].place if self._ring else floor

    def _begun(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._floor is not None or self._feed.stopped, QUIET_SECONDS)
            return self._floor is not None

    def _start(self) -> None:
        with self._changed:
            started, self._started = self._started, True
        if not started:
            for target in (self._tick, self._follow):
                threading.Thread(target=target, name=f"live{target.__name__}", daemon=True).start()

    def _tick(self) -> None:
        before = self._feed.current()
        while not self._feed.stopped:
            now = self._feed.wait(before.version, TICK_SECONDS)
            if now.version != before.version:
                self._publish(news_between(before, now))
            before = now
        with self._changed:
            self._changed.notify_all()

    def _follow(self) -> None:
        at: int | None = None
        while not self._feed.stopped:
            try:
                at = self._alerts(at)
                continue
            except RpcError as error:
                _log.info("no alerts: %s", error)
            except Exception:  # noqa: BLE001  # the edge of the thread's loop: the next look may do better
                _log.exception("no alerts")
            with self._changed:
                self._changed.wait_for(lambda: self._feed.stopped, AGAIN_SECONDS)

    def _alerts(self, at: int | None) -> int:
        """What changed behind ``at``; where that leads. A newest number that is less says that the controller has an
        older store, with which all begins anew. Raises RpcError."""
        asked = {} if at is None else {"after": at, "wait": FOLLOW_SECONDS}
        answer = self._feed.request("alerts.feed", asked)
        newest, found = int(answer["newest"]), answer["alerts"]
        if at is None or newest < at:
            return self._begin(newest)
        now = self._feed.now_ns()
        self._publish(alert_news(item, now) for item in found)
        return int(found[-1]["change"]) if found else at

    def _begin(self, alert: int) -> int:
        with self._changed:
            self._ring.clear()
            self._bytes = 0
            self._floor = Place(self._epoch(), 0, alert)
            self._changed.notify_all()
        return alert

    def _publish(self, news: Iterable[News]) -> None:
        """Add them to the ring and wake every stream, if there are any; what comes before the beginning is in what
        everybody is told first."""
        found = list(news)
        with self._changed:
            if self._floor is None or not found:
                return
            for item in found:
                at = self._ends()[1]
                self._keep(rendered(item, Place(at.epoch, at.seq + 1, item.alert or at.alert)))
            self._changed.notify_all()

    def _keep(self, event: Event) -> None:
        """One more in the ring, whatever its size; the oldest go."""
        self._ring.append(event)
        self._bytes += len(event.data)
        while len(self._ring) > RING or (len(self._ring) > 1 and self._bytes > RING_BYTES):
            oldest = self._ring.popleft()
            self._bytes -= len(oldest.data)
            self._floor = oldest.place
