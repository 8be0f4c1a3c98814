"""Names of stored keys: what every store can keep, and a person can type."""

import re
from typing import Final

from provider_runtime.domain.errors import BackendError, ErrorCode

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}\Z")


def checked_key_name(name: str) -> str:
    """``name``, if a secret store can keep it. Raises ``BackendError``, code ``name_invalid``, that quotes nothing."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise BackendError(
            code=ErrorCode.NAME_INVALID,
            kind="secret",
            message="this is no name for a key",
            remedy="Use 1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit.",
        )
    return name
