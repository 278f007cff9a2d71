"""Which file systems may carry the latch: local ones, whose pages all processes of this machine share."""

import os

from controller.latch.layout import LatchError

_MOUNTS = "/proc/self/mountinfo"
_REMOTE = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "virtiofs",
    "ceph",
    "afs",
    "gfs2",
    "ocfs2",
    "lustre",
    "glusterfs",
}
_VOLATILE = ("/run/user", "/dev/shm")


def check_filesystem(path: str) -> None:
    """Raise LatchError when ``path`` is on a network, FUSE, 9p or virtiofs mount, or in /run/user or /dev/shm.

    Without /proc/self/mountinfo (not Linux) only the folder is checked.
    """
    real = os.path.realpath(path)
    if any(_is_below(real, folder) for folder in _VOLATILE):
        raise LatchError(f"{path}: this folder does not survive a restart; choose a home on a local disk")
    kind = mount_type(real)
    if kind in _REMOTE or kind.startswith("fuse"):
        raise LatchError(f"{path}: a {kind} file system does not share memory between processes; use a local disk")


def mount_type(real: str) -> str:
    """File system type of the mount that holds the absolute path ``real``; empty when it cannot be known."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  # pathlib is slow to load
            lines = file.read().splitlines()
    except OSError:
        return ""
    return type_of_mount(lines, real)


def type_of_mount(lines: list[str], real: str) -> str:
    """The type in the mountinfo line with the longest mount point above ``real``; the later line wins a tie."""
    best, kind = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = (
            left.split(" ")[4]
            .replace("\\040", " ")
            .replace("\\011", "\t")
            .replace("\\012", "\n")
            .replace("\\134", "\\")
        )
        if _is_below(real, point) and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
