"""harden_process: done in a process of its own, since it cannot be undone."""

import subprocess
import sys

import pytest

_PROBE = """
import ctypes, resource
from provider_runtime import harden_process
dumpable = ctypes.CDLL(None).prctl
print(harden_process(), resource.getrlimit(resource.RLIMIT_CORE), dumpable(3, 0, 0, 0, 0), harden_process())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux what it was told")
def test_a_hardened_process_dumps_no_core_and_shows_nothing_to_others() -> None:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True)
    told = "('no_core_dumps', 'not_dumpable')"
    assert done.stdout.strip() == f"{told} (0, 0) 0 {told}"


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux what it was told")
def test_no_process_is_hardened_unasked() -> None:
    probe = "import ctypes, provider_runtime.adapters.process; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
