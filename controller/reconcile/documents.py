"""The documents of any commit, as intents and comparisons read them."""

from collections.abc import Mapping

from controller.core.trust.authority import is_document
from controller.errors import Refused
from controller.ports import Source
from schemas.status import Refusal, RefusalReason


class Documents:
    """Documents of commits of ``source`` by path, content id and text."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def documents(self, commit: str) -> Mapping[str, str]:
        """Content id of every document of ``commit`` by path. Raises Refused."""
        return {path: entry.id for path, entry in self._source.tree(commit).items() if is_document(path)}

    def text(self, content_id: str) -> str:
        """The document with that content id. Raises Refused(TooLarge | BadObject)."""
        try:
            return self._source.blob(content_id).decode()
        except UnicodeDecodeError as error:
            message = f"{content_id[:12]} is not UTF-8 text: {error.reason}"
            refusal = Refusal(commit=content_id, reason=RefusalReason.BAD_OBJECT, message=message)
            raise Refused(refusal) from error

    def texts(self, commit: str) -> dict[str, str]:
        """Every document of ``commit`` by path. Raises Refused."""
        return {path: self.text(content_id) for path, content_id in self.documents(commit).items()}

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or one of its ancestors."""
        return self._source.is_ancestor(old, new)
