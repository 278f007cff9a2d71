"""One message by Apprise: ``{"urls": […], "title": …, "body": …}`` on standard input; the exit code says how
it went.
"""

import json
import logging
import sys

from controller.adapters.channels.apprise_urls import BAD_URL, MISSING, NOT_TAKEN


def main() -> int:
    """0 when every URL has taken it."""
    request = json.load(sys.stdin)
    logging.disable(logging.CRITICAL)
    try:
        from apprise import Apprise
    except ImportError:
        return MISSING
    sender = Apprise()
    if not all([sender.add(url) for url in request["urls"]]):
        return BAD_URL
    return 0 if sender.notify(title=request["title"], body=request["body"]) else NOT_TAKEN


if __name__ == "__main__":
    sys.exit(main())
