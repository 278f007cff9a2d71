"""Files of the front end: style sheets, our scripts, and what the build fetched. Their addresses change with them."""

from hashlib import sha256
from pathlib import Path

from flask import Response, abort, request

FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """Every file below ``folder`` as it was at the start, its compressed form beside it where there is one."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = [path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES]
        self._plain = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
        self._urls = {name: f"/static/{name}?{sha256(data).hexdigest()[:12]}" for name, data in self._plain.items()}
        self._packed = {
            name: (folder / f"{name}.gz").read_bytes() for name in self._plain if (folder / f"{name}.gz").exists()
        }

    def url(self, name: str) -> str:
        """Where a browser gets ``name``; another address when the file is another. Empty when there is none."""
        return self._urls.get(name, "")

    def answer(self, name: str) -> Response:
        """The file; 404 when there is none."""
        if name not in self._plain:
            abort(404)
        packed = name in self._packed and request.accept_encodings.quality("gzip") > 0
        response = Response((self._packed if packed else self._plain)[name])
        response.content_type = _TYPES[Path(name).suffix]
        response.headers["Cache-Control"] = _FOREVER if request.query_string else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response
