"""What the dashboard measures of itself: answers by route, who uses it, how many streams are open."""

import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g

from schemas.exposition import Histogram
from web.live.seats import Seats, client
from web.registry import Endpoint, Kind, Registry

USER_SECONDS = 60.0
"""Who asked for something within it is active."""
MOST_USERS = 10_000
Sample = dict[str, Any]
_SECONDS = ("gt_risk_http_seconds", "Time to answer.")


class Meters:
    """Safe for threads; ``clock`` in seconds, never backwards."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._answers: Counter[tuple[str, str]] = Counter()
        self._seen: OrderedDict[str, float] = OrderedDict()

    def install(self, app: Flask, registry: Registry) -> None:
        """Measure every request of ``app``; the time of a stream is that to its first byte."""

        @app.before_request
        def begin() -> None:
            g.begun = self._clock()

        @app.after_request
        def end(response: Response) -> Response:
            endpoint = registry.of_request()
            if endpoint is not None and endpoint.kind is not Kind.SOCKET:
                self.note(endpoint, response.status_code, self._clock() - g.begun, client())
            return response

    def note(self, endpoint: Endpoint, status: int, seconds: float, who: str) -> None:
        """One answer."""
        with self._lock:
            self._times[endpoint.rule].add(seconds)
            self._answers[endpoint.rule, str(status)] += 1
            if endpoint.kind not in (Kind.PROBE, Kind.ASSET):
                self._seen[who] = self._clock()
                self._seen.move_to_end(who)
                if len(self._seen) > MOST_USERS:
                    self._seen.popitem(last=False)

    def samples(self, seats: Seats) -> list[Sample]:
        """Every figure, for :func:`schemas.exposition.exposition`."""
        with self._lock:
            timed = [(times, {"route": rule}) for rule, times in self._times.items()]
            found = [sample for times, of in timed for sample in times.samples(*_SECONDS, of)]
            found += [_answers(rule, status, count) for (rule, status), count in self._answers.items()]
            since = self._clock() - USER_SECONDS
            active = sum(at >= since for at in self._seen.values())
        found.append(_gauge("gt_risk_dashboard_users", "Who asked for something within a minute.", active, {}))
        for kind in ("sse", "ws"):
            labels = {"kind": kind}
            found.append(_gauge("gt_risk_dashboard_streams", "Open streams.", seats.count(kind), labels))
        return found


def _answers(rule: str, status: str, count: int) -> Sample:
    labels = {"route": rule, "status": status}
    return {**_gauge("gt_risk_http_answers_total", "Answers.", count, labels), "type": "counter"}


def _gauge(name: str, text: str, value: float, labels: dict[str, str]) -> Sample:
    return {"name": name, "help": text, "value": value, "labels": labels}
