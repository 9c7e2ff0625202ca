"""Large buffers of long-lived processes have pages of their own, whatever was freed before."""

import platform
import subprocess
import sys

import pytest

LARGE = """
import ctypes
from benchrace.heap import return_freed

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

info = ctypes.CDLL(None).mallinfo2
info.restype = Info
{call}
for _ in range(3):
    before = info().hblkhd
    buffer = bytes(1 << 20)
    own = info().hblkhd - before
    del buffer
print(own >= 1 << 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do it otherwise")
@pytest.mark.parametrize(("call", "own"), [("return_freed()", "True"), ("", "False")])
def test_a_buffer_has_pages_of_its_own(call: str, own: str) -> None:
    code = LARGE.replace("{call}", call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == own
