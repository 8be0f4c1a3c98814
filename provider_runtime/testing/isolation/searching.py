"""Is this secret in that text, in any of the forms in which secrets escape?

``encodings_of`` lists the forms, ``found_in`` looks for one secret, ``Search`` for many at once.
What to look through is read by ``sinks``.
"""

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, TypeVar
from urllib.parse import quote

from attrs import field, frozen

PIECE: Final = 12  # so many characters of a secret in a row are a leak of it
PLAIN: Final = "plain"
Content = str | bytes
NameT = TypeVar("NameT")


def encodings_of(secret: str) -> dict[str, bytes]:
    """Every form in which ``secret`` may stand somewhere, by name; forms equal to an earlier one are left out.

    As it is, in the other case, reversed, in base64 of both alphabets at each of its three offsets,
    hexadecimal, percent-encoded, escaped as in JSON and HTML, and in UTF-16.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    wide = secret.encode("utf-16-be", "surrogatepass")
    units = [wide[place : place + 2].hex() for place in range(0, len(wide), 2)]
    forms = {
        PLAIN: raw,
        "upper case": secret.upper().encode("utf-8", "surrogatepass"),
        "lower case": secret.lower().encode("utf-8", "surrogatepass"),
        "reversed": secret[::-1].encode("utf-8", "surrogatepass"),
        "hex": raw.hex().encode(),
        "hex, upper case": raw.hex().upper().encode(),
        "percent-encoded": quote(raw, safe="").encode(),
        "percent-encoded throughout": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "percent-encoded throughout, lower case": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "JSON-escaped": json.dumps(secret)[1:-1].encode(),
        "JSON-escaped throughout": "".join(f"\\u{unit}" for unit in units).encode(),
        "JSON-escaped throughout, upper case": "".join(f"\\u{unit.upper()}" for unit in units).encode(),
        "HTML-escaped": html.escape(secret).encode("utf-8", "surrogatepass"),
        "UTF-16, little endian": secret.encode("utf-16-le", "surrogatepass"),
        "UTF-16, big endian": wide,
    }
    for offset in range(3):
        forms[f"base64 at offset {offset}"] = _base64_core(raw, offset, base64.b64encode)
        forms[f"base64 for URLs at offset {offset}"] = _base64_core(raw, offset, base64.urlsafe_b64encode)
    first: dict[bytes, str] = {}
    for name, form in forms.items():
        first.setdefault(form, name)
    return {name: form for form, name in first.items() if form}


def found_in(content: Content, secret: str, *, piece: int | None = PIECE) -> tuple[str, ...]:
    """The names of the forms under which ``secret`` stands in ``content``; none when it does not.

    ``piece``: so many characters of it in a row count, too, as the form ``"a piece"``.
    """
    return tuple(form for _, form in Search({secret: secret}, piece=piece).found(content))


@frozen
class Search(Generic[NameT]):
    """Looks for several secrets at once; ``secrets`` are their values, by whatever names them.

    ``sharing``: a text that all of them contain. Texts without it, in any form, are then passed
    over at once, however many secrets there are. ``piece`` as for ``found_in``.
    """

    secrets: Mapping[NameT, str] = field(repr=False)
    sharing: str | None = field(default=None, kw_only=True, repr=False)
    piece: int | None = field(default=None, kw_only=True)
    _forms: tuple[tuple[NameT, str, bytes], ...] = field(init=False, repr=False)
    _gate: tuple[bytes, ...] = field(init=False, repr=False)
    _gate_of_values: frozenset[bytes] = field(init=False, repr=False)
    _gate_of_texts: tuple[str, ...] = field(init=False, repr=False)
    _shortest: int = field(init=False, repr=False)
    _blocks: frozenset[str] = field(init=False, repr=False)

    @_forms.default
    def _all_forms(self) -> tuple[tuple[NameT, str, bytes], ...]:
        return tuple(
            (name, form, encoded)
            for name, value in self.secrets.items()
            for form, encoded in encodings_of(value).items()
        )

    @_gate.default
    def _the_forms_that_matter(self) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys(form for value in self._keys() for form in encodings_of(value).values()))

    @_gate_of_values.default
    def _the_forms_as_they_are(self) -> frozenset[bytes]:
        return frozenset(value.encode("utf-8", "surrogatepass") for value in self._keys())

    def _keys(self) -> list[str]:
        return [self.sharing] if self.sharing else list(self.secrets.values())

    @_gate_of_texts.default
    def _the_same_as_text(self) -> tuple[str, ...]:
        return tuple(form.decode("utf-8", "surrogatepass") for form in self._gate if _is_text(form))

    @_shortest.default
    def _length_of_the_shortest(self) -> int:
        return min(map(len, (*self._gate, *self._gate_of_texts)), default=1)

    @_blocks.default
    def _blocks_of_half_a_piece(self) -> frozenset[str]:
        # A piece, wherever it begins, contains one of the blocks that begin at multiples of half its length.
        if not self.piece:
            return frozenset()
        half = self.piece // 2
        parts = [part for value in self.secrets.values() for part in self._own_parts(value)]
        return frozenset(part[at : at + half] for part in parts for at in range(0, len(part) - half + 1, half))

    def may_hold(self, content: Content) -> bool:
        """A quick look: ``False`` means that ``found`` finds nothing; pieces are not looked for."""
        if len(content) < self._shortest:
            return False
        gate = self._gate_of_texts if isinstance(content, str) else self._gate
        for form in gate:  # noqa: SIM110 - twice as fast as any(), and this runs for every text of the process
            if form in content:  # type: ignore[operator]  # each gate goes with its kind of content
                return True
        return False

    def found(self, content: Content) -> tuple[tuple[NameT, str], ...]:
        """Which secrets stand in ``content``, each with the name of the form."""
        whole = tuple(self._whole(content)) if self.may_hold(content) else ()
        return whole or tuple(self._pieces(content))

    def _whole(self, content: Content) -> Iterator[tuple[NameT, str]]:
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        # Nearly always a secret stands there as it is, or not at all: the other forms wait for a sign of one.
        if any(form in raw for form in self._gate_of_values):
            for name, value in self.secrets.items():
                if value.encode("utf-8", "surrogatepass") in raw:
                    yield name, PLAIN
        if any(form in raw for form in self._gate if form not in self._gate_of_values):
            for name, form, encoded in self._forms:
                if form != PLAIN and encoded in raw:
                    yield name, form

    def _pieces(self, content: Content) -> Iterator[tuple[NameT, str]]:
        if not self.piece:
            return
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        if not any(block in text for block in self._blocks):
            return
        for name, value in self.secrets.items():
            parts = self._own_parts(value)
            if any(part[at : at + self.piece] in text for part in parts for at in range(len(part) - self.piece + 1)):
                yield name, "a piece"

    def _own_parts(self, value: str) -> list[str]:
        """``value`` without what all the secrets share: a piece of that says nothing of any one of them."""
        return value.split(self.sharing) if self.sharing else [value]


def _base64_core(raw: bytes, offset: int, encode: Callable[[bytes], bytes]) -> bytes:
    """What base64 makes of ``raw`` behind ``offset`` other bytes, without the characters its neighbours decide on."""
    encoded = encode(b"\0" * offset + raw).rstrip(b"=")
    start = -(-offset * 8 // 6)
    end = (offset + len(raw)) * 8 // 6
    return encoded[start:end]


def _is_text(form: bytes) -> bool:
    """Whether a form can stand in a text at all: UTF-16 stands in bytes only."""
    try:
        return "\0" not in form.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
