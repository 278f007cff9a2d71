"""Memory that a process that stays gives back."""

import ctypes
import os
import subprocess
import sys

import pytest

from controller.host.allocator import giving_back

LARGE = """
import ctypes

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena o s h mapped u f used free keep".split()]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Info
bytes(1_500_000)
kept = [bytes(1_400_000) for _ in range(8)]
print(mallinfo().mapped // 1_400_000)
"""
"""What was mapped of eight large blocks after a larger one was freed."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="another C library than glibc from 2.33 on")
def test_large_blocks_when_one_was_freed_then_still_the_kernels() -> None:
    def mapped(environ: dict[str, str]) -> int:
        return int(
            subprocess.run([sys.executable, "-c", LARGE], env=environ, stdout=subprocess.PIPE, check=True).stdout
        )

    bare = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    assert (mapped(bare), mapped(giving_back(bare))) == (0, 8)


def test_tunables_when_the_operator_has_his_own_then_those() -> None:
    assert giving_back({"GLIBC_TUNABLES": "mine", "A": "b"}) == {"GLIBC_TUNABLES": "mine", "A": "b"}
