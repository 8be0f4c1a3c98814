"""What never prints: a secret value, and text made safe to show."""

import hmac
import re
from itertools import groupby
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Final, Never

MASK: Final = "***"
MAX_SAFE_TEXT: Final = 500

# Shapes of credentials that vendors echo in error texts. A net for messages, not the leak guard.
# No upper bounds: a longer one would leave its tail in plain sight.
_CREDENTIAL: Final = re.compile(
    # Names of our own settings, which have such shapes, and are what a message is about.
    r"(?P<ours>(?<![A-Za-z0-9_])(?:PROVIDER_RUNTIME__[A-Z_]+|tokens_per_minute|token_provider_only)(?![A-Za-z0-9_*.-]))"
    r"|(?:sk|pk|rk|gsk|xai|hf|key|tok|ghp|gho|AIza|AKIA)[-_]?[A-Za-z0-9*._-]{8,}"
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}"
    r"|[A-Za-z0-9_-]{40,}"
)
_CREDENTIAL_LETTERS: Final = f"{ascii_letters}{digits}*._~+/=-"
_USERINFO: Final = re.compile(r"://[^/?#\s]+@")
_FIT: Final = re.compile(r"[\x21-\x7e]+")
_SHORTEST_KEY: Final = 8
_QUOTED: Final = 12
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)  # as long as before, which lower() is not
_UNSET: Final = frozenset({"", "none"})
# Control characters, line ends, half characters, and what turns the direction of writing.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class _Hidden(str):
    """The text of a secret: whatever lists the attributes of an object, and prints them, prints this as ``***``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK


class Secret:
    """A credential. It does not print, format, pickle, copy into text, or hash.

    ``reveal()`` is the only way to the value; the transport and the credential stores call it,
    nothing else. Comparison takes the same time wherever the values differ.
    """

    __slots__ = ("_value",)
    _value: _Hidden

    def __init__(self, value: str) -> None:
        """Keep ``value``. Raises ``ValueError`` for empty text or text unfit for a header."""
        if not _FIT.fullmatch(value):
            del value  # a traceback may show the locals of this frame
            raise ValueError("a secret must be printable ASCII without spaces, and not empty")
        object.__setattr__(self, "_value", _Hidden(value))

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return str.__str__(self._value)

    def is_shorter_than(self, length: int) -> bool:
        """Whether it has fewer letters than that: it could be guessed."""
        return len(self.reveal()) < length

    def stands_in(self, body: bytes, text: str) -> bool:
        """Whether this secret stands, as it is, in the body or in the text. A quick look, no proof."""
        value = self._value
        # ``find``, since ``in`` asks first whether what is looked for is a number.
        return body.find(value.encode()) >= 0 or value in text

    def masked_in(self, text: str) -> str:
        """``text`` without this secret, and without any twelve letters in a row of it, which others may quote.

        Capital letters count as small ones. A secret of fewer than eight letters is masked nowhere:
        it would be found in plain words.
        """
        value, read = self.reveal().translate(_SMALL), text.translate(_SMALL)
        if len(value) < _SHORTEST_KEY:
            return text
        size = min(_QUOTED, len(value))
        hidden = bytearray(len(text))
        for start in range(len(value) - size + 1):
            piece = value[start : start + size]
            place = read.find(piece)
            while place >= 0:
                hidden[place : place + size] = b"\x01" * size
                place = read.find(piece, place + 1)
        return _masked(text, hidden) if any(hidden) else text

    def __setattr__(self, _name: str, _value: object) -> Never:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, _name: str) -> Never:
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


def _masked(text: str, hidden: bytearray) -> str:
    runs = groupby(range(len(text)), key=hidden.__getitem__)
    return "".join(MASK if is_hidden else "".join(text[place] for place in places) for is_hidden, places in runs)


def secret_in(text: str | None) -> Secret | None:
    """The secret that a variable or a file holds; ``None`` for what is blank, "none", or fit for no header."""
    trimmed = (text or "").strip()
    unset = trimmed.lower() in _UNSET or not _FIT.fullmatch(trimmed)
    return None if unset else Secret(trimmed)


def safe_text(text: object) -> str:
    """``text`` fit for an error message: one line, credentials masked, at most 500 characters."""
    whole = str(text)
    line = _CONTROL.sub(" ", whole[: 4 * MAX_SAFE_TEXT])
    if len(whole) > 4 * MAX_SAFE_TEXT:
        line = f"{line.rstrip(_CREDENTIAL_LETTERS)}…"  # half a credential has no shape to know it by
    line = _CREDENTIAL.sub(lambda found: found["ours"] or MASK, _USERINFO.sub(f"://{MASK}@", line)).strip()
    return line if len(line) <= MAX_SAFE_TEXT else f"{line[: MAX_SAFE_TEXT - 1]}…"
