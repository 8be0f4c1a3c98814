"""Runs: the pieces of a text without spaces, quotes and brackets, where credentials stand."""

import re
from typing import Final, TypeAlias

from provider_runtime.adapters.leakage.views import View

Runs: TypeAlias = list[tuple[int, str]]
SHORTEST: Final = 16  # no credential with a shape of its own is shorter
_BETWEEN: Final = frozenset(b" \t\r\n\"'`,;<>(){}[]|\\?" + bytes(range(32)) + bytes(range(127, 256)))
_SHAPE: Final = bytes(32 if code in _BETWEEN else 120 for code in range(256))
_ANY_LONG: Final = b"x" * SHORTEST
_LONG: Final = re.compile(_ANY_LONG + b"x*")
# Names, paths, numbers, dates, rules; hashes and identifiers in hexadecimal, unless they spell text.
_ORDINARY: Final = re.compile(
    rb"(?:[a-z_./:#*=+-]++|[A-Z]{0,14}+(?:[_-]++[A-Z]{0,14}+)++|[=*#_.~+-]++|[0-9.:/TZ+-]++"
    rb"|(?:sha(?:1|256|512)[:-])?(?!(?:[2-7][0-9a-f]){12})[0-9a-f-]++)[.:]?\Z"
)
_span: Final = re.Match[bytes].span
_BLANKS: Final = re.compile(rb"\\[ntr]")
_LEAST_MEDIA: Final = 128
# How the files begin that people send as media, in base64: PNG, JPEG, GIF, RIFF (WebP, WAV), PDF, ZIP (office
# documents), Ogg, FLAC, MP3, fonts. Nobody can read secrets in their bytes, and there are very many of them.
_MEDIA: Final = (
    "iVBORw0KGgo",
    "/9j/",
    "_9j_",
    "R0lGOD",
    "UklGR",
    "JVBERi0",
    "UEsDB",
    "T2dnUw",
    "ZkxhQ",
    "SUQz",
    "d09G",
)


def runs(view: View) -> Runs:
    """Each run of ``view`` that is long enough and nothing ordinary, with its place, in their order."""
    plain = view.plain
    if b"\\" in plain:
        plain = _BLANKS.sub(b"  ", plain)  # in JSON inside a text, they stand before what matters
    shape = plain.translate(_SHAPE)
    if _ANY_LONG not in shape:  # faster to know than where
        return []
    odd = [span for span in map(_span, _LONG.finditer(shape)) if _ORDINARY.match(plain, *span) is None]
    runs = [(start, plain[start:end].decode("ascii")) for start, end in odd]
    return [(place, run) for place, run in runs if not is_media(run)]


def is_media(run: str) -> bool:
    """Whether it is a picture, a recording or a document in base64."""
    return len(run) >= _LEAST_MEDIA and run.startswith(_MEDIA)
