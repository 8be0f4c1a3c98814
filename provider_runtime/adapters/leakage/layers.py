"""What hides a text: encodings of a piece of it, and ways to write the whole of it, each undone once."""

import html
import re
import zlib
from base64 import b32decode, urlsafe_b64decode
from collections.abc import Callable, Iterator
from string import printable
from typing import Final
from urllib.parse import unquote

from provider_runtime.adapters.leakage.joints import concatenated, unwrapped
from provider_runtime.adapters.leakage.runs import is_media
from provider_runtime.adapters.leakage.views import View, rotated, without_look_alikes

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}+={0,2}")
_SOLID: Final = re.compile(r"[A-Za-z0-9]{22}")  # text in base64 or hexadecimal is hardly ever without
_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{24,}+)")
_BASE32: Final = re.compile(r"[A-Z2-7]{32,}+={0,6}")
_SMALLEST: Final = 24
_HEAD: Final = 16
_WIDE: Final = b"\0\0\0\0"
_UNPRINTABLE: Final = bytes(code for code in range(128) if chr(code) not in printable)
_PACKED: Final = (b"\x1f\x8b", b"x\x9c", b"x\xda", b"x\x01", b"x\x5e")
_LARGEST_UNPACKED: Final = 4 * 1024 * 1024


class TooLarge(Exception):
    """Packed so tightly that unpacking it would take more room than anybody needs; it counts as unreadable."""


def decoded(run: str) -> Iterator[tuple[str, str]]:
    """Each text that ``run`` may be an encoding of, with the name of the encoding. Raises ``TooLarge``."""
    if len(run) < _SMALLEST:
        return
    if _SOLID.search(run) is None:
        return
    for found in _BASE64.finditer(run):
        yield from _from_base64(found.group())
    for found in _HEX.finditer(run):
        digits = found[1][: len(found[1]) // 2 * 2]
        plain = _text(bytes.fromhex(digits))
        if plain:
            yield "hex", plain
    for found in _BASE32.finditer(run):
        code = found.group().rstrip("=")
        plain = _text(_attempt(b32decode, code + "=" * (-len(code) % 8)))
        if plain:
            yield "base32", plain


def _from_base64(code: str) -> Iterator[tuple[str, str]]:
    if is_media(code):
        return
    code = code.rstrip("=").translate(_URL_SAFE)
    head = _attempt(urlsafe_b64decode, code[:_HEAD])
    if head.startswith(_PACKED):
        plain = _text(_unpacked(_bytes(code)))
        if plain:
            yield "gzip in base64", plain
    elif head[1:8:2] == _WIDE:  # PowerShell encodes its commands so
        yield "base64", _bytes(code).decode("utf-16-le", "replace")
    elif _is_printable(head):
        plain = _text(_bytes(code))
        if plain:
            yield "base64", plain


_URL_SAFE: Final = str.maketrans("+/", "-_")


def _bytes(code: str) -> bytes:
    code = code[:-1] if len(code) % 4 == 1 else code
    return _attempt(urlsafe_b64decode, code + "=" * (-len(code) % 4))


def _attempt(decode: Callable[[str], bytes], code: str) -> bytes:
    try:
        return decode(code)
    except ValueError:
        return b""


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=47)  # gzip or zlib, by its head
    try:
        plain = unpacking.decompress(packed, _LARGEST_UNPACKED)
    except zlib.error:
        return b""
    if unpacking.unconsumed_tail:
        raise TooLarge
    return plain


def _is_printable(content: bytes) -> bool:
    """Whether no control character stands in it; what is not ASCII is looked at later."""
    return len(content.translate(None, _UNPRINTABLE)) == len(content)


def _text(content: bytes) -> str:
    """``content`` as text; empty where it is none."""
    if len(content) < 8 or not _is_printable(content):
        return ""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


# ── the whole text, written otherwise ───────────────────────────────────────────────────────

_PERCENT: Final = re.compile(r"%[2-7][0-9a-fA-F]")  # a sign or letter of ASCII
_ESCAPED: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|\\[0-7]{3})")
_SPACED: Final = re.compile(r"(?:[!-~][ \t\n.,|·]){12,}+[!-~]?")
_SPACED_SHAPE: Final = bytes(32 if chr(code) in " \t\n.,|" else 120 if 32 < code < 127 else 46 for code in range(256))
_SPACED_GATE: Final = b"x " * 12
_EVERY_SECOND: Final = re.compile(b" x" * 11)  # faster to find, since it begins with what is rare
_CODES: Final = re.compile(r"[0-9](?<![0-9.][0-9])[0-9]{1,2}(?:, ?| )(?:[0-9]{2,3}(?:, ?| )){14,}+[0-9]{0,3}")
_CODES_SHAPE: Final = bytes(
    48 if 48 <= code < 58 else code if code in b", " else 120 for code in range(256)
)  # every digit a 0
_CODES_GATE: Final = re.compile(b"000?(?:, ?| )(?:000?(?:, ?| )){14}")
# What stands apart, sign by sign or number by number, is first seen in every fourth character: of twelve blanks with
# a sign before each, six are there, counted from the first character or from the second; of fifteen numbers of two
# digits, which are 45 characters with what is between them, eleven.
_APART: Final = bytes(48 if code in b"0123456789 \t\n.,|" else 120 for code in range(256))
_SIX, _ELEVEN = b"0" * 6, b"0" * 11
_FEWEST_CODES: Final = 14  # commas between the numbers of what is hidden so
_LOOKS_ALIKE: Final = "\u0131\u0251\u0261\u0370-\u058f\u0660-\u06f9\u2010-\u2212\ufe63"
_LOOK_ALIKE: Final = re.compile(f"[{_LOOKS_ALIKE}]")
_MIXED: Final = re.compile(rf"[{_LOOKS_ALIKE}](?:(?<=[A-Za-z0-9_-].)|(?<=[\u0370-\u058f])(?=[A-Za-z0-9_-]))")


def rewritten(view: View) -> list[tuple[str, str]]:
    """``view`` as it reads when each way of hiding it in plain sight is undone, with the name of that way.

    Of a text in pieces, only the words are told that are other ones when the pieces are joined.
    """
    text, low, plain = view.text, view.low, view.plain
    found: list[tuple[str, str]] = []
    if "%" in low and _PERCENT.search(text):
        found.append(("percent", unquote(text, errors="replace")))
    if "&" in low and "&#" in low:
        found.append(("html", html.unescape(text)))
    if "\\" in low and _ESCAPED.search(text):
        found.append(("escapes", _ESCAPED.sub(_character, text)))
    apart = (plain[::4] + plain[1::4]).translate(_APART)
    if (some_apart := _SIX in apart) and _is_spaced(plain):
        found.append(("spaces", _SPACED.sub(lambda found: f" {found.group()[::2]} ", text)))
    if view.foreign and _LOOK_ALIKE.search(view.foreign) and _MIXED.search(text):
        found.append(("look-alikes", without_look_alikes(text)))
    if (joined := concatenated(view)) is not None:
        found.append(("concatenation", joined))
    if "\n" in low and (joined := unwrapped(view)) is not None:
        found.append(("line ends", joined))
    if (
        some_apart
        and _ELEVEN in apart
        and low.count(",") >= _FEWEST_CODES
        and _are_codes(plain)
        and (codes := _CODES.search(text)) is not None
    ):
        numbers = [int(code) for code in re.findall(r"[0-9]+", codes.group())]
        if all(31 < number < 127 for number in numbers):
            found.append(("character codes", "".join(map(chr, numbers))))
    return found


def _is_spaced(plain: bytes) -> bool:
    shape = plain.translate(_SPACED_SHAPE)
    return _EVERY_SECOND.search(shape) is not None and _SPACED_GATE in shape


def _are_codes(plain: bytes) -> bool:
    return _CODES_GATE.search(plain.translate(_CODES_SHAPE)) is not None


def turned(run: str) -> Iterator[tuple[str, str]]:
    """``run`` read backwards, and with its letters rotated: from where a name or a sign before it ends."""
    solid = run.strip(".:=/&!#*~^")
    yield "reversed", solid[::-1]
    if "=" in solid or ":" in solid:
        yield "reversed", solid[_after_sign(solid) :][::-1]
    yield "rot13", rotated(solid[_after_sign(solid) :])


def _after_sign(run: str) -> int:
    return max(run.rfind("="), run.rfind(":")) + 1


def _character(found: re.Match[str]) -> str:
    code = found.group()
    number = int(code[1:], 8) if code[1].isdigit() else int(code.strip("\\xu{}"), 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else " "
