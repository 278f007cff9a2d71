"""Sends a little over 1,000 small orders a minute: ``python -m tests.bench.load_client SOCKET UID SECONDS``.

Open loop: each order has its instant, and what is late is not left out. A name that is held is sold, else one share
of it is bought. Prints, tab-separated: sent, accepted, the most that an order was behind its instant (ms), refusals.
"""

import sys
import time
from collections import Counter

from controller.gate.client import GateClient

INTERVAL_NS = 58_000_000
INDEX = "SPX"


def held(client: GateClient, uid: str) -> tuple[list[str], dict[str, int]]:
    """(symbols that have a price, what ``uid`` holds less its working exits)."""
    state = client.request("state")
    free: Counter[str] = Counter()
    for item in state["positions"]:
        free[item["symbol"]] += item["quantity"] * (item["uid"] == uid)
    for item in state["orders"]:
        free[item["symbol"]] -= item["quantity"] * (item["uid"] == uid and item["side"] == "sell")
    return [name for name in sorted(state["prices"]) if name != INDEX], dict(free)


def main(socket: str, uid: str, seconds: str) -> None:
    """Send, and say what became of it."""
    count = int(seconds) * 1_000_000_000 // INTERVAL_NS
    refused: Counter[str] = Counter()
    accepted, behind = 0, 0
    with GateClient(socket, 5.0) as client:
        symbols, free = held(client, uid)
        began = time.monotonic_ns()
        for number in range(count):
            due = began + number * INTERVAL_NS
            time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
            behind = max(behind, time.monotonic_ns() - due)
            if number % len(symbols) == 0:
                symbols, free = held(client, uid)
            symbol = symbols[number % len(symbols)]
            side = "sell" if free.get(symbol, 0) > 0 else "buy"
            order = {"uid": uid, "symbol": symbol, "side": side, "quantity": 1, "client_id": f"load-{number}"}
            answer = client.submit(order)
            accepted += bool(answer["ok"])
            if not answer["ok"]:
                refused[f"{answer.get('code')} {answer.get('limit', '')}".strip()] += 1
    words = ", ".join(f"{count} {code}" for code, count in refused.most_common(5))
    print(count, accepted, behind // 1_000_000, words, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
