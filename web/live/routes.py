"""``/api/stream`` and ``/ws``: the same events over Server-Sent Events and a WebSocket."""

from collections import deque
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from schemas.scalars import Model
from web.live.hub import Hub
from web.live.outlet import Outlet
from web.live.pieces import framed, packed
from web.live.seats import client
from web.parts import Parts
from web.problems import Problem
from web.registry import Registry, View

RETRY_MS = 2_000
"""After how long a browser connects again."""
_SILENT, _GOING = 1008, 1001


class StreamQuery(Model):
    """Where a stream goes on."""

    last_event_id: str = Field("", max_length=60, description="The last id seen; the header Last-Event-ID wins")


def declare(registry: Registry, parts: Parts) -> None:
    """Declare both streams on one hub."""
    hub = Hub(parts.feed, lambda: token_hex(4))
    seats = parts.seats

    @registry.stream("/api/stream", "What changes, as Server-Sent Events", name="events", query=StreamQuery)
    def stream(query: StreamQuery) -> Response:
        if request.method == "HEAD":
            return Response(mimetype="text/event-stream")
        last, who = request.headers.get("Last-Event-ID") or query.last_event_id, client()
        outlet = Outlet(request.environ)
        seat = seats.take("sse", who, outlet.gone)
        response = Response(_frames(hub, last, outlet), mimetype="text/event-stream")
        response.call_on_close(lambda: seats.free(seat))
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def seated(shake: View) -> View:
        def admit() -> ResponseReturnValue:
            sent, who = request.headers, client()
            if sent.get("Sec-WebSocket-Version") != "13" or not sent.get("Sec-WebSocket-Key"):
                raise Problem(400, "no-handshake", "this is no handshake of a WebSocket, version 13")
            request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # to deflate costs 300 kB a client
            seat = seats.take("ws", who, Outlet(request.environ).gone)
            try:
                return shake()
            finally:
                seats.free(seat)

        return admit

    @registry.socket("/ws", "What changes, over a WebSocket", around=seated, name="events", query=StreamQuery)
    def socket(ws: Any) -> None:
        outlet = Outlet(request.environ)
        try:
            _tell(ws, hub, request.args.get("last_event_id", ""), outlet)
        except OSError:
            ws.connected = False  # gone or too slow: nothing more can be said
        finally:
            outlet.cut()


def _frames(hub: Hub, last_id: str, outlet: Outlet) -> Iterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    for batch in hub.stream(last_id):
        yield from outlet.each(framed(batch))


def _tell(ws: Any, hub: Hub, last_id: str, outlet: Outlet) -> None:
    """Send what happens until the end; a client that talks is sent away, and its talk is not kept."""
    ws.input_buffer = heard = deque[str](maxlen=1)
    for batch in hub.stream(last_id):
        if heard:
            ws.close(_SILENT, "this socket only tells")
            return
        if not ws.connected:
            return
        outlet.send(packed(batch))
    ws.close(_GOING, "connect again")
