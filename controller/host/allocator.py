"""How the C library keeps memory in processes that run for months (docs/adr/0024)."""

from collections.abc import Mapping

_NAME = "GLIBC_TUNABLES"
_TUNABLES = {"tcache_count": 1, "arena_max": 2, "mmap_threshold": 2**20, "trim_threshold": 4 * 2**20}


def giving_back(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` for a process that gives back what it no longer needs; an operator's own choice stays.

    Only glibc reads it, at the start of the process.
    """
    return {_NAME: ":".join(f"glibc.malloc.{name}={value}" for name, value in _TUNABLES.items()), **environ}
