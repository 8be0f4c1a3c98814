"""Secrets known by their value, however they are written: what is looked for, and the search.

Text and secrets are compared by their letters and digits alone, without case. So one search finds a
value as it is, with its quotes escaped, percent-encoded in part, cut by spaces, line ends, zero-width
characters or anything else that is no letter.
"""

from base64 import b32encode, b64encode
from codecs import encode
from collections.abc import Iterable, Iterator
from operator import itemgetter
from string import ascii_letters, ascii_lowercase, digits
from typing import Any, Final, Never

from attrs import field, frozen

from provider_runtime.adapters.leakage.hits import Hit
from provider_runtime.adapters.leakage.views import View
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.secrets import Secret

_MANY: Final = 256  # needles, some twenty secrets: from here on one walk is faster than a search for each
SHORTEST: Final = 8  # letters and digits; shorter values stand in ordinary text
_KEPT: Final = frozenset((ascii_letters + digits).encode())
_DROPPED: Final = bytes(code for code in range(256) if code not in _KEPT)
_NO_DIGITS: Final = bytes(code for code in range(256) if code not in digits.encode())


def bare(text: str) -> str:
    """The ASCII letters and digits of ``text``, in small letters."""
    return text.encode("ascii", "ignore").translate(None, _DROPPED).lower().decode("ascii")


def disguises(value: str) -> Iterator[tuple[str, str]]:
    """Each way to write ``value`` that changes its letters, with its name; the value itself has none.

    Base64 at each of the three places where a value can begin in what is encoded: only letters that
    no neighbour has a part in are kept.
    """
    raw = value.encode()
    yield "", bare(value)
    yield "reversed", bare(value)[::-1]
    yield "rot13", bare(encode(value, "rot13"))
    yield "hex", raw.hex()
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + raw).decode().rstrip("=")
        first = (shift * 8 + 5) // 6
        last = len(encoded) - (1 if (shift + len(raw)) % 3 else 0)
        yield "base64", bare(encoded[first:last])
    yield "base32", bare(b32encode(raw).decode().rstrip("=")[:-1])
    yield "reversed base64", bare(b64encode(raw).decode().rstrip("=")[:-1])[::-1]


@frozen
class KnownSecrets:
    """The secrets a runtime knows, ready to be looked for. Shows none of them."""

    _needles: tuple[tuple[str, str, str], ...] = field(repr=False)
    """What is looked for, the name of the disguise, and the digits in it."""
    _all_digits: frozenset[str] = field(default=frozenset(), repr=False)
    _automaton: Any = field(default=None, repr=False, eq=False)  # of a library without types

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> "KnownSecrets":
        """Those of ``secrets`` that are long enough not to stand in ordinary text."""
        needles: dict[str, str] = {}
        for secret in secrets:
            value = secret.reveal()
            if len(bare(value)) < SHORTEST:
                continue
            for name, needle in disguises(value):
                if len(needle) >= SHORTEST:
                    needles.setdefault(needle, name)
        ready = tuple((needle, name, _digits(needle.encode())) for needle, name in needles.items())
        return cls(
            ready,
            frozenset(own for _, _, own in ready),
            _automaton_of(needles) if len(needles) > _MANY else None,
        )

    def __bool__(self) -> bool:
        return bool(self._needles)

    def __reduce__(self) -> Never:
        raise TypeError("known secrets cannot be pickled or copied")

    def hits(self, view: View) -> Iterable[Hit]:
        """One hit for each known secret that stands in ``view``; an empty tuple where there is none."""
        there = self._there(view) if self._needles else ()
        return (_hit(view, needle, name) for needle, name in there) if there else ()

    def _there(self, view: View) -> list[tuple[str, str]]:
        """The needles that stand in ``view``, in their own order, each with the name of its disguise.

        The digits of a needle stand in the digits of the text as they stand in the needle, or the needle
        is not there. Texts have few digits, so this rules out nearly all at nearly no cost.
        """
        digits = _digits(view.plain)
        if not any(map(digits.__contains__, self._all_digits)):
            return []
        likely = [(needle, name) for needle, name, own in self._needles if own in digits]
        text = view.plain.translate(None, _DROPPED).lower().decode("ascii")
        if self._automaton is not None and len(likely) > _MANY:
            seen = set(map(itemgetter(1), self._automaton.iter(text)))
            return [(needle, name) for number, (needle, name, _) in enumerate(self._needles) if number in seen]
        return [(needle, name) for needle, name in likely if needle in text]


def _digits(plain: bytes) -> str:
    return plain.translate(None, _NO_DIGITS).decode("ascii")


def _automaton_of(needles: Iterable[str]) -> Any:
    """All needles as one machine (extra ``guard``); ``None`` where the library is absent, and each is looked for."""
    try:
        import ahocorasick  # noqa: PLC0415 - the extra may be absent, and few runtimes know so many secrets
    except ImportError:
        return None
    automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
    for number, needle in enumerate(needles):
        automaton.add_word(needle, number)
    automaton.make_automaton()
    return automaton


def _hit(view: View, needle: str, name: str) -> Hit:
    return Hit(FindingKind.KNOWN_SECRET, "", *_span(view, needle), (name,) if name else ())


def _span(view: View, needle: str) -> tuple[int, int]:
    """Where the letters of ``needle`` stand in ``view``."""
    places = [place for place, letter in enumerate(view.low) if letter in _LETTERS]
    first = "".join(view.low[place] for place in places).find(needle)
    return places[first], places[first + len(needle) - 1] + 1


_LETTERS: Final = frozenset(ascii_lowercase + digits)
