"""What the command line asks git itself: names of commits, and how the clone stands to the config repo."""

import os
from pathlib import Path

from cli.output import USAGE, Failure
from cli.remote import home


def git(repository: Path, *argv: str) -> str | None:
    """Standard output of one git command, None when git refuses. Raises Failure without git."""
    import subprocess  # 14 ms, which a line that git need not answer saves

    words = ["git", "--no-replace-objects", "-C", str(repository), *argv]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=plain)
    except FileNotFoundError:
        raise Failure("git is not installed", "install git 2.34 or newer, then gt risk doctor", code="NoGit") from None
    return done.stdout if done.returncode == 0 else None


def commit_id(ref: str) -> str:
    """The full id of a commit, because the service takes nothing else; a name speaks of the config repo before the
    clone, which may be behind."""
    if not ref:
        return ""
    for repository in (bare(), Path(home()) / "config"):
        if repository.exists():
            found = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            if found is not None:
                return found.strip()
    raise Failure(f"no commit {ref!r}", "gt risk config history", USAGE, "BadArgument")


def unpushed(commit: str) -> str:
    """``commit``, or the clone's newest when it is empty, if only the clone has it; else empty."""
    found = commit or git(Path(home()) / "config", "rev-parse", "--verify", "--quiet", "HEAD") or ""
    if not found or not bare().exists() or git(bare(), "cat-file", "-e", found.strip()) is not None:
        return ""
    return found.strip()


def behind() -> int:
    """How many commits of the config repo the clone has not pulled; 0 when it has commits of its own."""
    clone = Path(home()) / "config"
    if not bare().exists() or _head(clone / ".git") == _head(bare()) != "":
        return 0
    head = git(clone, "rev-parse", "HEAD")
    if head is None:
        return 0
    count = git(bare(), "rev-list", "--count", f"{head.strip()}..HEAD", "--")
    return int(count) if count else 0


def _head(folder: Path) -> str:
    """The commit that HEAD names by a file of its own; empty when it takes git to know."""
    try:
        head = (folder / "HEAD").read_text().strip()
        return (folder / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return ""


def bare() -> Path:
    """The config repo of this home."""
    return Path(home()) / "config.git"
