"""harden_process: keep the memory of this process, and the keys in it, out of files and debuggers."""

import contextlib
import ctypes
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # <linux/prctl.h>


def harden_process() -> tuple[str, ...]:
    """Write no core dump, and on Linux let no other process of the same user look into this one.

    For the host to call once when it starts; nothing in the package does it unasked, since it
    holds for the whole process: debuggers and profilers cannot attach any more, and its files in
    ``/proc`` belong to root. Programs that it starts have no core dumps either. Answers what was
    done, ``("no_core_dumps", "not_dumpable")``, less what this system does not offer.
    """
    done = []
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        done.append("no_core_dumps")
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
                done.append("not_dumpable")
    return tuple(done)
