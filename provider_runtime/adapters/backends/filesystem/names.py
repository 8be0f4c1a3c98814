"""Any name as a file name, and back: no two names share a file, on whatever file system."""

from hashlib import sha256
from string import ascii_lowercase, digits
from typing import Final

_PLAIN: Final = frozenset(f"{ascii_lowercase}{digits}-_".encode())
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))]
)
_LONGEST: Final = 180
"""File systems allow 255 bytes, some of them fewer; endings and temporary names need room too."""
_KEPT: Final = 80
_CUT: Final = "+"


def file_name(name: str) -> str:
    """The file name for ``name``: small letters, digits, ``-`` and ``_`` as they are, all else as ``=`` and hex.

    So a capital or an accent never depends on how a file system compares names, and nothing can
    name another folder. A device of Windows has its first letter escaped. A name that would be
    too long keeps its beginning and ends with ``+`` and its SHA-256, which no other name does.
    """
    escaped = "".join(chr(byte) if byte in _PLAIN else f"={byte:02x}" for byte in name.encode())
    if escaped in _RESERVED:
        escaped = f"={ord(escaped[0]):02x}{escaped[1:]}"
    if len(escaped) <= _LONGEST:
        return escaped
    return f"{escaped[:_KEPT]}{_CUT}{sha256(name.encode()).hexdigest()}"


def name_of(file: str) -> str | None:
    """The name that ``file_name`` made this of; ``None`` if it is of another making, or was too long."""
    raw = bytearray()
    at = 0
    try:
        while at < len(file):
            if file[at] == "=":
                raw.append(int(file[at + 1 : at + 3], 16))
                at += 3
            else:
                raw.append(ord(file[at]))
                at += 1
        name = raw.decode()
    except ValueError:
        return None
    return name if name and file_name(name) == file else None


def is_shortened(file: str) -> bool:
    """Whether this is the file name of a name that was too long."""
    return _CUT in file and "." not in file
