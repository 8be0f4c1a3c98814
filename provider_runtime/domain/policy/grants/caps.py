"""Names of capabilities, and CapSet: those that somebody has, wildcards and all."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import field, frozen

_MOST: Final = 200
_NAME: Final = re.compile(rf"(?=.{{1,{_MOST}}}\Z)[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_.-]+)?\Z")
_DOMAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\.\*\Z")
_CORE: Final = "cap."
EVERYTHING: Final = "*"


def cap_name(text: str) -> str:
    """``text`` as it is compared: ``cap.file.read`` is ``file.read``."""
    return text.removeprefix(_CORE)


def is_cap_name(text: object) -> bool:
    """Whether ``text`` can name one capability: words joined by dots, such as ``file.read``; no wildcard."""
    return isinstance(text, str) and _NAME.match(text) is not None


def checked_grant(text: object) -> str:
    """A name, ``domain.*`` or ``*``, as it is compared. Raises ``TypeError`` or ``ValueError``."""
    if not isinstance(text, str):
        raise TypeError(f"a capability is named by text, not by {type(text).__name__}")
    name = cap_name(text)
    if name == EVERYTHING or is_cap_name(name) or (len(name) <= _MOST and _DOMAIN.match(name)):
        return name
    if name.endswith(".*"):
        raise ValueError("a wildcard stands for a whole domain, the text before the first dot: write 'file.*'")
    raise ValueError("a capability is words joined by dots ('file.read'), a domain ('file.*'), or '*'")


def granting(names: frozenset[str], cap: object) -> str | None:
    """Which of ``names`` grants ``cap``: itself, its domain (the text before the first dot), or everything."""
    if not isinstance(cap, str) or not is_cap_name(wanted := cap_name(cap)):
        return None
    if wanted in names:
        return wanted
    domain, dot, _ = wanted.partition(".")
    if dot and (whole := f"{domain}.*") in names:
        return whole
    return EVERYTHING if EVERYTHING in names else None


def _names(caps: Iterable[str]) -> frozenset[str]:
    if isinstance(caps, str):
        raise TypeError("caps are several names; put one into a list")
    return frozenset(checked_grant(cap) for cap in caps)


DEFAULT_CAPS: Final = frozenset({"eval", "apply", "observe"})


@frozen(repr=False)
class CapSet:
    """The capabilities that somebody has, without conditions. By default ``eval``, ``apply`` and ``observe``.

    ``*`` grants everything, ``file.*`` all that begins with ``file.``, any other name itself. The core
    names of the source documents begin with ``cap.``; they mean the same without.
    Raises ``TypeError`` or ``ValueError``. Source: semantics B.7.
    """

    names: frozenset[str] = field(default=DEFAULT_CAPS, converter=_names)

    def grants(self, cap: str) -> bool:
        """Whether ``cap`` is among them. What is no name of a capability is not."""
        return granting(self.names, cap) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.names))

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"CapSet({list(self)})"


def caps_of(caps: "CapSet | Iterable[str]") -> CapSet:
    """A converter of fields: a set as it is, names made into one."""
    return caps if isinstance(caps, CapSet) else CapSet(caps)
