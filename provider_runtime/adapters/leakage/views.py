"""A text made ready to be searched: escapes undone, look-alikes folded, what cannot be seen left out."""

import re
from string import ascii_lowercase, ascii_uppercase
from typing import Final
from unicodedata import is_normalized, normalize

from provider_runtime.domain.values import sealed

_ESCAPES: Final = (("\\n", "\n"), ('\\"', '"'), ("\\t", "\t"), ("\\r", "\r"), ("\\/", "/"), ("\\b", " "), ("\\f", " "))
_UNICODE_ESCAPE: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_ASCII: Final = bytes(range(128))
_SIGNS: Final = re.compile("[\u00a0-\u00bf\u2000-\u206f\u2100-\u214f\u3000-\u303f\uff00-\uffef]")
_FEW_SIGNS: Final = 16
# Soft hyphen, zero-width characters and joiners, marks of direction, fillers, variation selectors, tags.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]+"
)
# Letters of other alphabets that look like Latin ones, and the hyphens that stand in for ours.
_LOOK_ALIKES: Final = str.maketrans(
    # Cyrillic, Greek, Armenian, IPA, dashes, Arabic digits
    "АВЕЅІЈКМНОРСТХУЗаеѕіјорсухԁԛԝһӏԌԍΑΒΕΖΗΙΚΜΝΟΡΤΥΧαορνιτκυՏՕսոօցɡɑı‐‑‒–—−﹣٠۰",  # noqa: RUF001 - the list of them
    "ABESIJKMHOPCTXY3aesijopcyxdqwhlGgABEZHIKMNOPTYXaopvitkuSOunoggai-------00",
)


@sealed
class View:
    """One reading of a text.

    ``text`` is what is read; ``plain`` is as long, with ``?`` for every character outside Latin-1, and
    ``low`` is ``plain`` with small letters: so a place in one is the same place in the others.
    ``faithful``: a place in it is the same place in the text it was made from.
    """

    text: str
    plain: bytes
    low: str
    faithful: bool
    foreign: str
    """The characters of ``text`` that are not ASCII, in their order: few, in most texts."""


def view_of(text: str) -> View:
    """``text`` as it reads: compatibility forms folded (full-width ``a`` is ``a``), unseen characters left out."""
    if text.isascii():
        plain = text.encode("ascii")
        return View(text, plain, plain.lower().decode("ascii"), True, "")
    read, foreign = text, _foreign(text)
    if _UNSEEN.search(foreign):
        read = _UNSEEN.sub("", text)
        foreign = _foreign(read)
    if not is_normalized("NFKC", read):
        read = _folded(read, foreign)
        foreign = _foreign(read)
    plain = read.encode("latin-1", "replace")
    return View(read, plain, plain.lower().decode("latin-1"), read == text, foreign)


def _foreign(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def _folded(text: str, foreign: str) -> str:
    """``text`` in compatibility form. As a rule a few signs make the difference, and to replace them is enough."""
    signs = set(_SIGNS.findall(foreign))
    for sign in signs if len(signs) <= _FEW_SIGNS else ():
        text = text.replace(sign, normalize("NFKC", sign))
    return text if is_normalized("NFKC", text) else normalize("NFKC", text)


def unescaped(text: str) -> str:
    """JSON text with the escapes of its strings undone, once. Its quotes and braces stay."""
    if "\\" not in text:
        return text
    return "\\".join(_without_escapes(piece) for piece in text.split("\\\\"))


def _without_escapes(piece: str) -> str:
    if "\\" not in piece:
        return piece
    for escape, meaning in _ESCAPES:
        piece = piece.replace(escape, meaning)
        if "\\" not in piece:
            return piece
    return _UNICODE_ESCAPE.sub(_characters, piece) if "\\u" in piece else piece


def _characters(escapes: re.Match[str]) -> str:
    units = bytes.fromhex(escapes.group().replace("\\u", ""))
    return units.decode("utf-16-be", "replace")


def without_look_alikes(text: str) -> str:
    """``text`` with letters of other alphabets replaced by the Latin ones they look like."""
    return text.translate(_LOOK_ALIKES)


def rotated(text: str) -> str:
    """``text`` with each letter moved thirteen places: its own inverse."""
    return text.translate(_ROT13)


_ROT13: Final = str.maketrans(
    ascii_lowercase + ascii_uppercase,
    ascii_lowercase[13:] + ascii_lowercase[:13] + ascii_uppercase[13:] + ascii_uppercase[:13],
)
