"""Write ``docs/api/openapi.yaml`` from the declarations; ``--check`` only says whether it is stale.

Run as ``python -m web.api.document [--check]`` from the top of the checkout.
"""

import sys
from io import StringIO
from pathlib import Path
from time import time_ns
from typing import Any

from ruamel.yaml import YAML

from controller.rpc.client import ServiceDown
from web.api.openapi import openapi
from web.app import create_app
from web.feed import Feed
from web.options import Options
from web.registry import registry_of

PATH = Path("docs/api/openapi.yaml")
_HEAD = "# Generated from the declarations of the endpoints by `python -m web.api.document`; do not edit.\n"


def document() -> dict[str, Any]:
    """The document of a dashboard that has nobody to ask."""

    def nobody(method: str, _: dict[str, Any]) -> dict[str, Any]:
        raise ServiceDown(f"nobody answers {method}")

    app = create_app(Options(home=Path()), Feed(nobody, time_ns))
    return openapi(registry_of(app).endpoints)


def text() -> str:
    """The file's text."""
    yaml, out = YAML(), StringIO()
    yaml.width = 120
    yaml.dump(document(), out)
    return _HEAD + out.getvalue()


def main(arguments: list[str], root: Path) -> int:
    """Write the file, or with ``--check`` return 1 when it is stale."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m web.api.document [--check]\n")
        return 2
    path, wanted = root / PATH, text()
    if arguments:
        stale = not path.is_file() or path.read_text() != wanted
        if stale:
            sys.stderr.write(f"stale: {PATH}\nrun: python -m web.api.document\n")
        return int(stale)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[2]))
