"""Reading JSON that may hold anything anywhere: each function takes what it can and never raises.

Providers put ``null`` where their descriptions promise a list, leave fields out, and send numbers
as text. Decoders ask these functions and decide themselves what a missing value means.
"""

import json
import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args

import msgspec

from provider_runtime.domain.json_values import JsonValue, freeze_parsed

_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
_MAX_COUNT: Final = 10**9  # a token count beyond a thousand million is not believed
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_MAX_COUNT)] | None
_COUNT: Final = get_args(Count)[0]
Counts = TypeVar("Counts", bound=msgspec.Struct)
_LONG: Final = 4096  # bytes of an answer that is mostly text, if its pieces are few
_FEW: Final = 500
_MAX_VALUES: Final = 250_000  # about 24 MB of objects, and a tenth of a second to make them
# To the next comma or opening bracket that stands in no text. Matches at every place, so that bytes which are no
# JSON are gone through once and no more.
_NEXT_VALUE: Final = re.compile(
    rb'[^",\[{]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)[^",\[{]*+)*+(?:[,\[{]|\Z)', re.DOTALL
)


class NotJson(ValueError):
    """The bytes are not a JSON text, or one with two readings."""


def parse(body: bytes) -> Any:
    """The JSON value of ``body``. Raises ``NotJson``, whose message quotes nothing of the body.

    An object that names a key twice has no value: readers differ in which one they take.
    """
    try:
        value = _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # raised below: the codec's own exception may quote the text
    else:
        if _says_it_once(body, value):
            return value
    del body  # no frame of a traceback should show it
    raise NotJson("not a JSON text")


def is_crowded(body: bytes) -> bool:
    """Whether ``body`` holds more values than are read: as objects they take many times their bytes."""
    if len(body) <= _MAX_VALUES or body.count(b",") + body.count(b"[") + body.count(b"{") <= _MAX_VALUES:
        return False
    outside_texts = islice(_NEXT_VALUE.finditer(body), _MAX_VALUES + 1)
    return sum(1 for _ in outside_texts) > _MAX_VALUES


def _says_it_once(body: bytes, value: object) -> bool:
    """Whether no object in ``body``, which was read as ``value``, names a key twice."""
    if len(body) > _LONG and (told := _told_by(value)) is not None:
        pairs, in_texts = told
        if not in_texts:
            return _colons(body) == pairs
        colons = pairs + in_texts
    else:
        try:
            written = _ENCODER.encode(value)
        except (msgspec.MsgspecError, OverflowError, RecursionError):
            return _reads_once(body)
        if written == body:
            return True
        colons = _colons(written)
    # A pair that was dropped takes its colon with it, and only a colon that was escaped could make up for that.
    return _colons(body) == colons if body.find(b"\\u003") < 0 else _reads_once(body)


def _colons(text: bytes) -> int:
    return len(text) - len(text.replace(b":", b""))  # which looks for them; ``count`` looks at every byte


def _told_by(value: object) -> tuple[int, int] | None:
    """The pairs of a value, and the colons in its texts; ``None`` for many pieces, which are sooner written again."""
    pairs = colons = pieces = 0
    holders: list[Collection[Any]] = [(value,)]
    for holder in holders:
        pieces += len(holder)
        if pieces > _FEW:
            return None
        for piece in holder:
            kind = type(piece)
            if kind is str:
                if ":" in piece:
                    colons += piece.count(":")
            elif kind is dict:
                pairs += len(piece)
                colons += "".join(piece).count(":")
                holders.append(piece.values())
            elif kind is list:
                holders.append(piece)
    return pairs, colons


def _reads_once(body: bytes) -> bool:
    """The same, by reading all of it again with an eye on every key: three times as slow."""

    def once(pairs: list[tuple[str, object]]) -> None:
        if len(dict(pairs)) != len(pairs):
            raise NotJson

    try:
        json.loads(body, object_pairs_hook=once, parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        return False
    return True


def an_object(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def a_list(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list; everything else in it is passed over."""
    return (item for item in a_list(value) if isinstance(item, dict))


def a_text(value: object) -> str | None:
    """The text, or ``None``."""
    return value if isinstance(value, str) else None


def filled(value: object) -> str | None:
    """The text if it is not empty, else ``None``."""
    return value if isinstance(value, str) and value else None


def a_count(value: object) -> int | None:
    """A token count: a whole number from 0 to a thousand million (``3.0`` counts as 3), else ``None``."""
    if value is None:
        return None
    if type(value) is int:
        return value if 0 <= value <= _MAX_COUNT else None
    if type(value) is float and value.is_integer():
        return a_count(int(value))
    return None


def counts(value: dict[str, Any], kind: type[Counts]) -> Counts:
    """The token counts in an object, and in objects in it, as ``kind`` names them: each is what ``a_count`` says.

    A ``kind`` has fields that are a ``Count``, or of another kind or ``None``.
    """
    try:
        return msgspec.convert(value, kind)  # in one look, as most answers are
    except msgspec.ValidationError:
        return _counts_one_by_one(value, kind)


def _counts_one_by_one(value: dict[str, Any], kind: type[Counts]) -> Counts:
    told: dict[str, Any] = {}
    for each in msgspec.structs.fields(kind):
        said, inner = value.get(each.encode_name), get_args(each.type)[0]
        if inner == _COUNT:
            told[each.name] = a_count(said)
        elif isinstance(said, dict):
            told[each.name] = _counts_one_by_one(said, inner)
    return kind(**told)


def a_json(value: object) -> JsonValue:
    """A value that ``parse`` made, frozen; ``None`` for what cannot be frozen."""
    try:
        return freeze_parsed(value)
    except ValueError:
        return None
