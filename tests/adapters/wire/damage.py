"""Answers as networks, proxies and other people's servers may garble them, the same in every run."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

CANARY: Final = "the heron ✦ said: 7"
"""A piece of conversation. Its blanks and its star keep it from passing for a name or an id."""

_LONGEST: Final = 24_000
_DEEP: Final = (64, 500, 3_000)
# JSON texts, so that each use is a value of its own; the last ones are not JSON at all.
_VALUES: Final = (
    *("null", "true", "false", "0", "-1", "3.0", "3.5", "1e400", "-1e308", f"1{'0' * 30}", f"1{'0' * 4500}"),
    *('""', '" "', '"x"', '"\\u0000\\ufffd"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00x"', f'"{"9" * 500}"'),
    *("[]", "[null]", "[[]]", "[{}]", "{}", '{"": null}', '{"type": "text"}', '{"type": ["text"]}', '{"a": {"b": []}}'),
    *('{"type": "text", "type": null}', "NaN", "Infinity", "-Infinity", "nul", "'x'"),
)
_MARK: Final = '"\ue000"'  # stands for a text of JSON that json.dumps cannot write
_PREFIXES: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b" \r\n\t", b"\x00", b")]}',\n", b": keep-alive\n\n", b"data: ")


def places(value: object) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its holder and the key there."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            todo.append(holder[key])
    return found


def damaged(body: bytes, chance: Random) -> bytes:
    """The body with one kind of damage, or a few."""
    if chance.random() < 0.75:
        body = _rearranged(body, chance)
    if chance.random() < 0.35:
        body = chance.choice(_BYTES)(body, chance)
    return body


def _rearranged(body: bytes, chance: Random) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    texts: list[str] = []
    for _ in range(chance.randint(1, 5)):
        found = places(value)
        if not found:
            break
        holder, key = chance.choice(found)
        chance.choice(_DEEDS)(holder, key, chance, texts)
    written = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    for text in texts:
        written = written.replace(_MARK, text, 1)
    return written.encode(errors="surrogatepass")


def _retyped(holder: Any, key: Any, chance: Random, texts: list[str]) -> None:
    holder[key] = _MARK[1:-1]
    texts.append(chance.choice(_VALUES))


def _spoken(holder: Any, key: Any, _chance: Random, _texts: list[str]) -> None:
    holder[key] = CANARY


def _nulled(holder: Any, key: Any, _chance: Random, _texts: list[str]) -> None:
    holder[key] = None


def _deleted(holder: Any, key: Any, _chance: Random, _texts: list[str]) -> None:
    del holder[key]


def _doubled(holder: Any, key: Any, _chance: Random, _texts: list[str]) -> None:
    if isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(holder[key])))
    else:
        holder[f"{key}_"] = holder[key] = json.loads(json.dumps(holder[key]))


def _wrapped(holder: Any, key: Any, chance: Random, _texts: list[str]) -> None:
    holder[key] = chance.choice(([holder[key]], {"text": holder[key]}, [[holder[key], holder[key]]]))


def _moved(holder: Any, key: Any, chance: Random, _texts: list[str]) -> None:
    other, other_key = chance.choice(places(holder))
    holder[key] = json.loads(json.dumps(other[other_key]))


def _nested(holder: Any, key: Any, chance: Random, texts: list[str]) -> None:
    depth = chance.choice(_DEEP)
    opened, closed = chance.choice((("[", "]"), ('{"content":', "}"), ('[{"type":"text","text":', "}]")))
    holder[key] = _MARK[1:-1]
    texts.append(opened * depth + '"x"' + closed * depth)


_DEEDS: Final[tuple[Callable[[Any, Any, Random, list[str]], None], ...]] = (
    *(_retyped, _retyped, _retyped, _spoken, _spoken, _nulled, _deleted, _deleted, _doubled, _wrapped, _moved),
    _nested,
)


def _flipped(body: bytes, chance: Random) -> bytes:
    data = bytearray(body or b"0")
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _prefixed(body: bytes, chance: Random) -> bytes:
    return chance.choice(_PREFIXES) + body


def _twice(body: bytes, _chance: Random) -> bytes:
    return body + body


def _key_twice(body: bytes, chance: Random) -> bytes:
    start = body.find(b"{", chance.randrange(len(body) + 1))
    pair = chance.choice((b'"type":null,', b'"content":[],', b'"usage":7,', b'"error":{"message":"m"},', b'"id":[],'))
    return body if start < 0 else body[: start + 1] + pair + body[start + 1 :]


def _in_another_charset(body: bytes, chance: Random) -> bytes:
    return body.decode(errors="replace").encode(chance.choice(("utf-16", "utf-32", "latin-1")), errors="replace")


_BYTES: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    *(_flipped, _flipped, _cut, _prefixed, _twice, _key_twice, _key_twice, _in_another_charset),
)


def fit_to_damage(bodies: list[bytes]) -> list[bytes]:
    """The bodies that are short enough to be damaged a thousand times."""
    return [body for body in bodies if len(body) <= _LONGEST]
