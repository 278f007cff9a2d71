"""Make a backup of the embedded home: ``python -m controller.host.backup WHY``, or :func:`make` in process.

Store, audit log, configuration, settings and policies. Never in it: the latch pair and the halt journal, which nothing
may ever put back (safety section 2), who may log in, sockets and pid files, private keys, the clone, the venue's own
book, logs.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.adapters.git.process import Git, GitFailed
from controller.adapters.store import snapshot, sqlite_file
from controller.errors import GtRiskError, Permanent, StoreUnavailable, Temporary
from controller.home import Home
from controller.host import backups
from controller.host.backups import AUDIT, BUNDLE, HEAD, MANIFEST, STORE, UNFINISHED, Backup
from controller.settings import HOME_VERSION, load
from schemas.audit import ChainReport

LEFT_OUT = (
    "latch/ and journal: halts never go back",
    "keys/: private keys stay where they are",
    "dashboard.db, proposals/: nobody who was shut out comes back, and nothing is asked for again",
    "run/: sockets and pid files",
    "config/: the clone; its commits are in config.bundle",
    "engine/: the venue's book is the venue's",
    "logs/, backups/, replaced/",
)
_SPARE = 64 << 20
_GIT_SECONDS = 120.0


def make(home: Home, why: str, rest: float = snapshot.REST_SECONDS) -> Backup:
    """A whole, verified backup named by this instant; older ones beyond ``backup.keep_days`` days are deleted.

    Raises Temporary while another one is made, StoreUnavailable without room, a store or with a damaged one, OSError.
    Nothing of a backup that failed stays.
    """
    settings = load({"GT_RISK_HOME": str(home.root)})
    if not home.store.exists():
        raise StoreUnavailable(f"{home.store} does not exist: nothing to back up", hint="gt risk service start")
    home.backups.mkdir(mode=0o700, exist_ok=True)
    with _alone(home):
        _enough_room(home)
        at_ns = time.time_ns()
        fresh = home.backups / f"{UNFINISHED}{backups.name_of(at_ns)}"
        try:
            _fill(home, fresh, rest)
            _describe(fresh, at_ns, why, _verified(home, fresh), _tip(home, settings.pins.branch))
            made = fresh.rename(home.backups / backups.name_of(at_ns))
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        _sync(home.backups)
        found, _ = backups.listed(home)
        for old in backups.surplus(found, settings.backup.keep_days):
            shutil.rmtree(old.folder)
    return next(item for item in found if item.folder == made)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One backup at a time; what a killed one left is removed. The kernel drops the lock with the process."""
    descriptor = os.open(home.backups / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in home.backups.glob(f"{UNFINISHED}*"):
            shutil.rmtree(path)
        yield
    except BlockingIOError:
        raise Temporary("another backup is being made", 5.0, "gt risk db status") from None
    finally:
        os.close(descriptor)


def _enough_room(home: Home) -> None:
    files = [home.store, *home.root.glob(f"{home.store.name}-wal"), *home.bare.rglob("*")]
    wanted = sum(path.stat().st_size for path in files if path.is_file()) + _SPARE
    free = shutil.disk_usage(home.backups).free
    if free < wanted:
        message = f"{home.backups}: a backup needs {wanted >> 20} MiB, {free >> 20} MiB are free"
        raise StoreUnavailable(message, hint=f"df -h {home.backups}")


def _fill(home: Home, fresh: Path, rest: float) -> None:
    fresh.mkdir(mode=0o700)
    (fresh / "policy").mkdir(mode=0o700)
    snapshot.copy(home.store, home.audit_head, fresh / STORE, fresh / HEAD, rest)
    _export_audit(fresh)
    _bundle(home, fresh / BUNDLE)
    _keep(home.settings, fresh / home.settings.name)
    for path in sorted(home.policy.glob("*.json")):
        try:
            _keep(path, fresh / "policy" / path.name)
        except FileNotFoundError:
            continue  # the controller has just pruned an old snapshot


def _export_audit(fresh: Path) -> None:
    """Every audit record as a line of JSON, for readers without SQLite."""
    with _new(fresh / AUDIT) as file, sqlite_file.reading(fresh / STORE) as connection:
        for link in snapshot.links(connection):
            record = {"seq": link.seq, **link.fields, "previous": link.previous, "hash": link.hash}
            file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _bundle(home: Home, target: Path) -> None:
    """Every branch with its whole history in one file, which ``git clone`` takes."""
    git = Git(home.bare, _GIT_SECONDS)
    try:
        git.run(["bundle", "create", "--quiet", str(target), "--all"])
        git.run(["bundle", "verify", "--quiet", str(target)])
    except GitFailed as error:
        raise Permanent(error.message, "gt risk doctor") from error
    target.chmod(0o600)


def _keep(source: Path, target: Path) -> None:
    content = source.read_bytes()
    with _new(target) as file:
        file.write(content)


def _new(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _verified(home: Home, fresh: Path) -> ChainReport:
    """The chain of the copy. Raises StoreUnavailable when the copy is damaged: so is the store then."""
    if problem := sqlite_file.problem(fresh / STORE):
        raise StoreUnavailable(f"the store does not copy whole: {problem}", hint="gt risk db restore --date …")
    report = snapshot.chain_of(fresh / STORE, fresh / HEAD)
    if not report.ok:
        message = f"{home.store}: the audit chain is broken at record {report.bad_seq}: {report.problem}"
        raise StoreUnavailable(message, hint="gt risk doctor --verify-data")
    return report


def _tip(home: Home, branch: str) -> str:
    return Git(home.bare).run(["rev-parse", "--verify", f"refs/heads/{branch}^{{commit}}"]).decode().strip()


def _describe(fresh: Path, at_ns: int, why: str, chain: ChainReport, tip: str) -> None:
    """The manifest, written last; every file is on disk before it."""
    files = {}
    for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
        _sync(path)
        name = path.relative_to(fresh).as_posix()
        files[name] = {"sha256": backups.sha256(path), "bytes": path.stat().st_size}
    document = {
        "format": 1,
        "time": backups.iso(at_ns),
        "at_ns": at_ns,
        "why": why,
        "home_version": HOME_VERSION,
        "schema": sqlite_file.schema_of(fresh / STORE),
        "audit": {"records": chain.records, "head": chain.head},
        "tip": tip,
        "files": files,
        "left_out": list(LEFT_OUT),
    }
    with _new(fresh / MANIFEST) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    for path in (fresh / MANIFEST, fresh / "policy", fresh):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Make one, the daily one at the lowest priority: for another one somebody waits. 0, or 1 with the reason on
    standard error."""
    from controller.settings import home_from

    why = " ".join(arguments) or "by hand"
    os.nice(19 if why == backups.DAILY else 0)
    os.umask(0o077)
    try:
        made = make(Home(home_from(os.environ)), why)
    except (GtRiskError, OSError) as error:
        sys.stderr.write(f"backup failed: {error}\n")
        return 1
    sys.stderr.write(f"backup {made.name}: {made.bytes} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
