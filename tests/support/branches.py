"""A forge's config repo: what ``init`` writes, pushed to a bare repo that judges nothing, and a checkout of it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.signatures.keys import generate
from controller.home import Home
from controller.host.provision import Wish, initialise


@dataclass(frozen=True)
class Forge:
    """``bare`` is the forge's repo, ``checkout`` a clone of it whose commits the operator signs."""

    home: Home
    bare: Path
    checkout: Path

    def git(self, *words: str, check: bool = True) -> str:
        """Standard output of git in the checkout."""
        return git(self.checkout, *words, check=check)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one text of a document in the checkout."""
        file = self.checkout / path
        text = file.read_text()
        assert old in text, (path, old)
        file.write_text(text.replace(old, new, 1))

    def commit(self, subject: str, *trailers: str) -> str:
        """Sign everything as one commit; its id."""
        self.git("add", "-A")
        extra = [word for trailer in trailers for word in ("--trailer", trailer)]
        self.git("commit", "-q", "--allow-empty", "-S", "-m", subject, *extra)
        return self.git("rev-parse", "HEAD").strip()

    def branch(self, name: str) -> None:
        """A new branch at the base."""
        self.git("checkout", "-q", "-B", name, "origin/main")

    def stranger(self) -> None:
        """From here on a key signs that nobody has listed."""
        key = self.checkout.parent / "stranger"
        generate(key, "stranger")
        self.git("config", "user.signingkey", str(key))


def git(folder: Path, *words: str, check: bool = True) -> str:
    """Standard output of git in ``folder``, with no configuration but the repository's own."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env = {**keep, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def make_forge(folder: Path) -> Forge:
    """A forge with the template's repo on branch ``main``."""
    home = Home(folder / "h")
    initialise(home, Wish(name="Op", email="op@example.org"))
    bare, checkout = folder / "forge.git", folder / "checkout"
    git(folder, "clone", "-q", "--bare", str(home.bare), str(bare))
    git(folder, "clone", "-q", str(bare), str(checkout))
    for key, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(home.keys / "operator")),
        ("user.name", "Op"),
        ("user.email", "op@example.org"),
    ):
        git(checkout, "config", key, value)
    return Forge(home, bare, checkout)
