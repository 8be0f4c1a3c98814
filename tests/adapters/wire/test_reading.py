"""Reading bodies: one value or none, never one of two, and never more values than memory is meant for."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.wire.reading import Count, NotJson, a_count, an_object, counts, is_crowded, parse

keys = st.text(st.sampled_from('a:"\\\n\u00e9 {,'), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('a:"\\\n\u00e9,[')) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
layouts = st.sampled_from(
    ({}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (" , ", " : ")}, {"ensure_ascii": False})
)


@given(value=values, layout=layouts)
def test_what_names_every_key_once_is_read_as_it_is(value: object, layout: dict[str, object]) -> None:
    assert parse(json.dumps(value, **layout).encode()) == value


def _twice(value: dict[str, object], key: str, layout: dict[str, object]) -> bytes:
    """``value`` as text, with a key that comes a second time."""
    marker = "a key that nobody has"
    text = json.dumps({**value, marker: 1}, **layout)
    return text.replace(json.dumps(marker, **layout), json.dumps(key, **layout)).encode()


@given(value=st.dictionaries(keys, values, min_size=1), layout=layouts, depth=st.integers(0, 3), data=st.data())
def test_an_object_that_names_a_key_twice_is_not_read_at_any_depth(
    value: dict[str, object], layout: dict[str, object], depth: int, data: st.DataObject
) -> None:
    body = _twice(value, data.draw(st.sampled_from(sorted(value))), layout)
    for _ in range(depth):
        body = data.draw(st.sampled_from((b'{"in":%b}', b"[1,%b]", b'{"x":":","y":[%b,"a:b"]}'))) % body
    with pytest.raises(NotJson):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":"\\u003a"}', b'{"a":1,"\\u0061":2}', b'{"a":1,"a":12345678901234567890123}', b'{"a" :1,"a": ":"}'],
)
def test_a_second_name_does_not_hide_behind_an_escape_a_number_or_a_gap(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse(body)


def test_nothing_that_is_refused_is_quoted() -> None:
    with pytest.raises(NotJson) as refused:
        parse(b'{"a": "a secret", "a": 2}')
    assert "secret" not in repr(refused.value)
    assert refused.value.__context__ is None
    assert "body" not in refused.traceback[-1].frame.f_locals


@pytest.mark.parametrize("piece", [b"[],", b"{},", b'{"":0},', b"0,", b'"ab",', b'"a\\"",', b"[[", b'",'])
def test_a_body_of_countless_values_is_crowded(piece: bytes) -> None:
    assert is_crowded(b"[" + piece * 600_000)


@pytest.mark.parametrize("text", [b"a,", b"[{", b'\\",', b"\\\\", b"x"])
def test_a_text_is_one_value_whatever_it_holds(text: bytes) -> None:
    assert not is_crowded(b'{"text":"' + text * 600_000 + b'","rest":[1,2,3]}')
    assert not is_crowded(b'{"cut":"' + text * 600_000)


@pytest.mark.parametrize("text", ["x", "a: b, ", '\\u003a "', "é:\n", '"k":1,'])
@given(value=st.dictionaries(keys, values, min_size=1), layout=layouts, data=st.data())
def test_a_long_text_changes_nothing_about_names_that_come_twice(
    text: str, value: dict[str, object], layout: dict[str, object], data: st.DataObject
) -> None:
    long = {"long": text * 5_000, **value}
    assert parse(json.dumps(long, **layout).encode()) == long
    with pytest.raises(NotJson):
        parse(_twice(long, data.draw(st.sampled_from(sorted(value))), layout))


def test_many_small_values_are_read_as_few_large_ones_are() -> None:
    many = [{"a": 1, "b": "x:y"}] * 1_000
    assert parse(json.dumps(many).encode()) == many
    with pytest.raises(NotJson):
        parse(json.dumps([*many, "here"]).replace('"here"', '{"a":1,"a":1}').encode())


class _Inner(msgspec.Struct):
    a: Count = None
    b: Count = None


class _Outer(msgspec.Struct, rename="camel"):
    of_all: Count = None
    part: _Inner | None = None


_SAID = st.sampled_from((None, True, 0, 7, -1, 3.0, 3.5, -2.0, 10**9, 10**9 + 1, 1e9, 1e300, 10**40, "7", "", [], {}))
_PART = st.dictionaries(st.sampled_from("abc"), _SAID)


@given(value=st.dictionaries(st.sampled_from(("ofAll", "of_all", "part", "else")), _SAID | _PART))
def test_counts_are_what_each_is_when_it_is_looked_at_alone(value: dict[str, object]) -> None:
    told, part = counts(value, _Outer), an_object(value.get("part"))
    assert told.of_all == a_count(value.get("ofAll"))
    assert type(told.of_all) in {int, type(None)}
    assert (told.part or _Inner()) == _Inner(a=a_count(part.get("a")), b=a_count(part.get("b")))
