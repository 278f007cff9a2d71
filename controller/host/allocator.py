"""How the C library keeps memory in processes that run for months (docs/adr/0024)."""

from collections.abc import Mapping

_NAME = "GLIBC_TUNABLES"
_VALUE = "glibc.malloc.tcache_count=1:glibc.malloc.arena_max=2:glibc.malloc.mmap_threshold=1048576"


def giving_back(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` for a process that gives back what it no longer needs; an operator's own choice stays.

    Only glibc reads it, at the start of the process.
    """
    return {_NAME: _VALUE, **environ}
