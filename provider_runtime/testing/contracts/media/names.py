"""Names that media must keep apart, and names that none can keep."""

import unicodedata
from typing import Final

# Names that some file system, or some careless join of paths, would mix up or lead elsewhere.
ODD_NAMES: Final = (
    *("..", ".", "../up", "a/b", "/etc/passwd", "a\\b", "C:\\x", "a:b", ".hidden", "-rf", "~", "a b", " a", "a ", "a."),
    *("con", "CON", "nul", "Nul", "com1", "lpt9", "aux.txt", "nul\0byte", "\n", "line\nbreak", "\x7f", "%2e%2e", "=2e"),
    *(
        "a",
        "A",
        "ß",
        "SS",
        "\N{LATIN SMALL LETTER DOTLESS I}",
        "I",
        "i",
        "K",
        "\N{KELVIN SIGN}",
        "\N{ANGSTROM SIGN}",
        "Å",
        "😀",
        "\u202e",
        "\ufeff",
    ),
    *(unicodedata.normalize(form, "café") for form in ("NFC", "NFD")),
    *("x" * length for length in (1, 179, 180, 181, 255, 256, 1000)),
    *("X" * 400, "é" * 400, "é" * 399 + "e", "😀" * 1000, "a" * 79 + "é" * 50, "+", "a+b"),
)
IMPOSSIBLE_NAMES: Final = ("", "x" * 1001, "\ud800", "a\udfffb")
