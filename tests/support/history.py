"""Earlier commits for intents: the texts of each commit's documents, oldest commit first."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class HeldHistory:
    """Implements :class:`controller.core.plan.edits.History` over a line of commits; a text is its own content id."""

    commits: dict[str, dict[str, str]] = field(default_factory=dict)

    def documents(self, commit: str) -> Mapping[str, str]:
        return self.commits[commit]

    def text(self, content_id: str) -> str:
        return content_id

    def is_ancestor(self, old: str, new: str) -> bool:
        line = list(self.commits)
        return old in line and line.index(old) <= line.index(new)
