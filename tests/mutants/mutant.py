"""One safety rule switched off."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """A rule of ``module``, and the test files (by name: those are unique) that must notice when it is gone.

    Three kinds: ``rule`` is removed from the tuple ``attribute``; or the function ``attribute`` is replaced by
    ``instead``; or the text ``old``, which the module holds once, becomes ``new``. ``why`` says what is lost.
    """

    module: str
    tests: tuple[str, ...]
    attribute: str = ""
    rule: str = ""
    instead: Any = None
    old: str = ""
    new: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        return ":".join(filter(None, (self.module, self.attribute, self.rule, self.why)))

    def apply(self) -> None:
        """Switch the rule off in this process; call before anything else of ours is imported."""
        if self.old:
            self._rewrite()
            return
        owner: Any = importlib.import_module(self.module)
        *path, last = self.attribute.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, self._without(getattr(owner, last)) if self.rule else self.instead)

    def _without(self, rules: tuple[Any, ...]) -> tuple[Any, ...]:
        left = tuple(item for item in rules if item.__name__ != self.rule)
        assert len(left) == len(rules) - 1, f"{self.name}: no such rule"
        return left

    def _rewrite(self) -> None:
        spec = importlib.util.find_spec(self.module)
        assert spec is not None and spec.origin is not None, f"{self.module}: no such module"
        source = Path(spec.origin).read_text(encoding="utf-8")
        assert source.count(self.old) == 1, f"{self.name}: its text occurs {source.count(self.old)} times: {self.old!r}"
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = module
        exec(compile(source.replace(self.old, self.new), spec.origin, "exec"), module.__dict__)
        package, _, last = self.module.rpartition(".")
        setattr(importlib.import_module(package), last, module)
