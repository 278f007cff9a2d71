"""Make the config repos of a new home: the bare repo that verifies pushes, its introduction, the people's clone."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import git

from controller.adapters.git import hook_files
from controller.adapters.git.folder import Folder
from controller.adapters.git.process import Git, environment
from controller.adapters.git.reader import Reader
from controller.adapters.git.remote import Remote
from controller.adapters.git.scripts import bare_hooks, clone_hooks
from controller.adapters.git.writer import Writer
from controller.adapters.signatures.keys import public_path
from controller.adapters.signatures.kinds import verify
from controller.core.trust.authority import TRUST
from controller.core.trust.commits import TARGET, target_text
from controller.core.trust.keys import SignatureError, key_blob
from controller.errors import Raced, SettingsError
from controller.home import Home
from controller.settings import Pins

PUSH_BYTES = 64 * 1024 * 1024
"""Most bytes of one push: far above any config repo, far below a full disk."""
_UNFILLED = b'repo: "00000000000000000000000000000000"'
"""What the template's trust.yaml says of its target."""
_BARE_CONFIG = (
    ("receive.fsckObjects", "true"),
    ("receive.denyDeletes", "true"),
    ("receive.denyNonFastForwards", "true"),
    ("receive.maxInputSize", str(PUSH_BYTES)),
    ("receive.autogc", "false"),
    ("receive.shallowUpdate", "false"),
    ("core.logAllRefUpdates", "true"),
    ("core.sharedRepository", "0600"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who edits the clone: name and email for commits, the signing key (a private key file, or a ``.pub`` of one
    that the ssh-agent holds)."""

    name: str
    email: str
    signing_key: Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where the config repo is: ``remote`` (a URL), empty for the bare repo of the home; ``path``: the folder of it,
    empty for all of it."""

    remote: str = ""
    path: str = ""


HERE = Place()


def provision(
    home: Home,
    files: Mapping[str, bytes],
    person: Person,
    pins: Pins,
    sign: Callable[[bytes], bytes],
    place: Place = HERE,
    python: str = sys.executable,
) -> Pins:
    """Bare repo, introduction commit of ``files`` signed by ``sign``, clone with hooks; the pins that then hold.

    ``pins`` names repo id, environment and branch. With a remote the bare repo is its mirror, an empty remote gets the
    introduction (one with a history too, when it goes into a folder), and the clone pushes there. Idempotent: what
    exists is left as it is, and an existing introduction must be the pinned one. ``python`` is the interpreter that the
    hooks run. Raises SettingsError, SourceUnavailable.
    """
    _make_bare(home, pins, python)
    reader = Reader(Git(home.bare))
    try:
        introduction, fingerprint = _introduce(reader, files, person, pins, sign, place)
    finally:
        reader.close()
    _make_clone(home, person, pins, place.remote, python)
    fingerprints = pins.fingerprints or (fingerprint,)
    return replace(pins, introduction=introduction, fingerprints=fingerprints)


def _make_bare(home: Home, pins: Pins, python: str) -> None:
    if not (home.bare / "HEAD").exists():
        with _whole(home.bare) as folder:
            bare = Git(folder)
            bare.run(["init", "--quiet", "--bare", "--template=", f"--initial-branch={pins.branch}"])
            _configure(bare)
    _configure(Git(home.bare))
    hook_files.write(home.bare / "hooks", bare_hooks(home, python))


def _configure(bare: Git) -> None:
    """Add the settings that are missing, as in a repo that was cloned from a backup's bundle."""
    there = set(bare.run(["config", "--local", "--list", "--name-only"]).decode().split())
    for key, value in _BARE_CONFIG:
        if key.lower() not in there:
            bare.run(["config", key, value])


def _introduce(
    reader: Reader,
    files: Mapping[str, bytes],
    person: Person,
    pins: Pins,
    sign: Callable[[bytes], bytes],
    place: Place,
) -> tuple[str, str]:
    """(id, signer's fingerprint) of the introduction, made unless there is one."""
    ref = f"refs/heads/{pins.branch}"
    there = Remote(reader, place.remote, (ref,)) if place.remote else None
    if there is not None:
        there.update()
    tip, target = reader.ref(ref), target_text(pins.repo, pins.environment, pins.branch)
    message = f"Introduce the desired state\n\n{TARGET}: {target}\n"
    if tip is not None and pins.introduction:
        return pins.introduction, ""
    if tip is not None and not _is_free(reader, tip, place.path):
        return _adopt(reader, tip, person, message)
    if pins.introduction:
        message = f"{reader.git.git_dir} has no {ref}; settings pin {pins.introduction[:12]}, so none is made anew"
        raise SettingsError(message, "gt risk doctor")
    writer, author = Writer(reader), f"{person.name} <{person.email}>"
    payload = writer.stage(tip, _placed(files, place.path), author, int(time.time()), message)
    signature = sign(payload)
    commit = writer.commit(payload, signature)
    try:
        (writer.move if there is None else there.push)(ref, commit, tip)
    except Raced as error:
        raise SettingsError(f"{reader.git.git_dir} was introduced by someone else just now", "gt risk init") from error
    return commit, verify(payload, signature).fingerprint


def _placed(files: Mapping[str, bytes], folder: str) -> dict[str, bytes | None]:
    """``files`` where they belong; the workflows of a larger repository are its own."""
    if not folder:
        return dict(files)
    return {f"{folder}/{name}": content for name, content in files.items() if not name.startswith(".github/")}


def _is_free(reader: Reader, tip: str, folder: str) -> bool:
    """Whether the folder of a larger repository has no trust.yaml, or one that nobody has filled in."""
    entry = Folder(reader, folder, tip).tree(tip).get(TRUST) if folder else None
    return bool(folder) and (entry is None or _UNFILLED in reader.blob(entry.id))


def _adopt(reader: Reader, tip: str, person: Person, message: str) -> tuple[str, str]:
    """An init that was killed before it wrote its pins left an introduction signed by this very key: take it up."""
    commit = reader.commit(tip)
    public = person.signing_key if person.signing_key.suffix == ".pub" else public_path(person.signing_key)
    try:
        signed = verify(commit.payload, commit.signature or b"")
        if (not commit.parents or commit.message == message) and signed.key == key_blob(public.read_text()):
            return tip, signed.fingerprint
        reason = "its tip is no introduction signed by this installation's key"
    except SignatureError as error:
        reason = str(error)
    raise SettingsError(
        f"{reader.git.git_dir} has a history, settings pin none and nothing is trusted on first use: {reason}",
        "write the [pins] of whoever introduced it into settings.toml, or take another repository, then: gt risk init",
    )


def _make_clone(home: Home, person: Person, pins: Pins, remote: str, python: str) -> None:
    if not (home.clone / ".git").exists():
        with _whole(home.clone) as folder:
            _clone(home, folder, person, pins, remote)
    hook_files.write(home.clone / ".git" / "hooks", clone_hooks(home, pins, python))


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A new folder that becomes ``folder`` when the block ends well: an init that was killed leaves no half of it."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    yield fresh
    _private(fresh)
    fresh.rename(folder)


def _clone(home: Home, folder: Path, person: Person, pins: Pins, remote: str) -> None:
    """From the bare repo, which is up to date with a remote; only pushes and pulls go there."""
    env = environment({"GIT_CONFIG_COUNT": "0"})
    try:
        # GitPython holds --template for unsafe with a folder of strangers; empty, it keeps sample hooks out.
        repo = git.Repo.clone_from(
            str(home.bare), folder, None, env, allow_unsafe_options=True, branch=pins.branch, template=""
        )
    except git.GitCommandError as error:
        raise SettingsError(f"{home.clone} cannot be cloned: {error.stderr.strip()}", "gt risk doctor") from error
    with repo, repo.config_writer() as config:
        for section, key, value in _clone_config(home, person, pins):
            config.set_value(section, key, value)
        if remote:
            config.set_value('remote "origin"', "url", remote)


def _clone_config(home: Home, person: Person, pins: Pins) -> tuple[tuple[str, str, str], ...]:
    return (
        ("user", "name", person.name),
        ("user", "email", person.email),
        ("user", "signingkey", str(person.signing_key)),
        ("gpg", "format", "ssh"),
        # Over a hooksPath of the person's own configuration, which would switch these hooks off.
        ("core", "hooksPath", str(home.clone / ".git" / "hooks")),
        ("core", "sharedRepository", "0600"),
        ("pull", "rebase", "true"),
        ("push", "default", "upstream"),
        (f'branch "{pins.branch}"', "rebase", "true"),
    )


def _private(folder: Path) -> None:
    """Nobody but the owner reads below ``folder``."""
    for parent, _, names in os.walk(folder):
        Path(parent).chmod(0o700)
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
