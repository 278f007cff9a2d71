"""Which acts a page offers: those whose address is the page's own and one word more."""

import re
from collections.abc import Sequence

from web.controls.act import Act
from web.security.identity import Identity

_VARIABLE = re.compile(r"<\w+>")


def links(acts: Sequence[Act], path: str, who: Identity) -> tuple[tuple[str, str], ...]:
    """(address, name) of each of ``acts`` that ``who`` may do on the page at ``path``."""
    found = [act for act in acts if who.holds(act.role) and _page(act).fullmatch(path)]
    return tuple((f"{path}/{act.page.rpartition('/')[2]}", act.title) for act in found)


def _page(act: Act) -> re.Pattern[str]:
    pieces = _VARIABLE.split(act.page.rpartition("/")[0])
    return re.compile("[^/]+".join(map(re.escape, pieces)))
