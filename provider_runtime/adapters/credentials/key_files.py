"""Key files: one key, and nothing else."""

import os
import stat
from pathlib import Path
from typing import Final

from provider_runtime.domain.secrets import Secret, secret_in

_LONGEST: Final = 64 * 1024  # bytes; more is no key, and nobody waits for it
# Not blocking: a pipe under that name would be waited for.
_READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_key_file(path: str) -> Secret | None:
    """The key in the file at ``path``; ``None`` where there is none that can be read. Blocks: call it in a thread.

    The file is the operator's own, and read as it is: mounted secrets are links, and readable for
    all. Only regular files count.
    """
    try:
        descriptor = os.open(Path(path).expanduser(), _READING)
    except (OSError, RuntimeError, ValueError):  # not there; nobody's home; no path at all
        return None
    try:
        return secret_in(_text(descriptor))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    content = os.read(descriptor, _LONGEST + 1)
    return content.decode("utf-8-sig", "replace") if len(content) <= _LONGEST else None
