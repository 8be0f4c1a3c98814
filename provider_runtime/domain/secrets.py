"""What never prints: a secret value, and text made safe to show."""

import hmac
import re
from string import ascii_letters, digits
from typing import Final, Never

MASK: Final = "***"
MAX_SAFE_TEXT: Final = 500

# Shapes of credentials that vendors echo in error texts. A net for messages, not the leak guard.
# No upper bounds: a longer one would leave its tail in plain sight.
_CREDENTIAL: Final = re.compile(
    r"(?:sk|pk|rk|gsk|xai|hf|key|tok|ghp|gho|AIza|AKIA)[-_]?[A-Za-z0-9*._-]{8,}"
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}"
    r"|[A-Za-z0-9_-]{40,}"
)
_CREDENTIAL_LETTERS: Final = f"{ascii_letters}{digits}*._~+/=-"
_USERINFO: Final = re.compile(r"://[^/?#\s]+@")
# Control characters, line ends, half characters, and what turns the direction of writing.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class Secret:
    """A credential. It does not print, format, pickle, copy into text, or hash.

    ``reveal()`` is the only way to the value; the transport and the credential sources call it,
    nothing else. Comparison takes the same time wherever the values differ.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        """Keep ``value``. Raises ``ValueError`` for empty text or text unfit for a header."""
        if not value or not all("\x21" <= letter <= "\x7e" for letter in value):
            raise ValueError("a secret must be printable ASCII without spaces, and not empty")
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def __setattr__(self, _name: str, _value: object) -> Never:
        raise AttributeError("a Secret cannot be changed")

    def __repr__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal(), other.reveal())

    def __getstate__(self) -> Never:
        raise TypeError("a Secret has no state to show")

    __hash__ = None  # type: ignore[assignment]  # a hash would let equal secrets be found

    def __reduce__(self) -> Never:
        raise TypeError("a Secret cannot be pickled or copied")


def safe_text(text: object) -> str:
    """``text`` fit for an error message: one line, credentials masked, at most 500 characters."""
    whole = str(text)
    line = _CONTROL.sub(" ", whole[: 4 * MAX_SAFE_TEXT])
    if len(whole) > 4 * MAX_SAFE_TEXT:
        line = f"{line.rstrip(_CREDENTIAL_LETTERS)}…"  # half a credential has no shape to know it by
    line = _CREDENTIAL.sub(MASK, _USERINFO.sub(f"://{MASK}@", line)).strip()
    return line if len(line) <= MAX_SAFE_TEXT else f"{line[: MAX_SAFE_TEXT - 1]}…"
