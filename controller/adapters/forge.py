"""Asks a forge's API, read-only: no redirects, no proxy, bounded in time; the token never stands in a message."""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from controller.errors import SourceUnavailable

_SECONDS = 5.0
_BYTES = 1 << 20
_HERE = ("localhost", "127.0.0.1", "::1")
_NOT_FOUND, _OK = 404, 200


class ForgeApi:
    """The API at ``url`` (https, or http on this machine); ``headers`` carry the token. Raises SourceUnavailable."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.hostname or "", parts.path.rstrip("/")
        if not self._host or (parts.scheme != "https" and not (parts.scheme == "http" and self._host in _HERE)):
            raise SourceUnavailable(f"forge.api {url!r} does not begin with https://", hint="$EDITOR settings.toml")
        self._port, self._plain = parts.port, parts.scheme == "http"
        self._headers = {"Accept": "application/json", "User-Agent": "gt-risk", **headers}

    def get(self, path: str, hidden: str = "") -> Any:
        """The document at ``path``; an empty one where there is none, None where this token may not look: then a forge
        says so, or that there is nothing in the word ``hidden``."""
        connection = self._connection()
        try:
            connection.request("GET", f"{self._path}{path}", headers=self._headers)
            answer = connection.getresponse()
            body = answer.read(_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"{self._host} does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        try:
            found = json.loads(body)
        except ValueError as error:
            raise SourceUnavailable(f"{self._host}{self._path}{path} answers no JSON") from error
        if answer.status == _NOT_FOUND:
            return None if hidden and found.get("message") == hidden else {}
        return found if answer.status == _OK else None

    def _connection(self) -> http.client.HTTPConnection:
        if self._plain:
            return http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=_SECONDS, context=context)
