"""Documents that are wrong: refused at the right place, in clear words, without quoting what somebody said."""

import traceback
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Literal

import attrs
import pytest
from cattrs import Converter
from document_places import places, with_change
from hypothesis import assume, given
from hypothesis import strategies as st

from provider_runtime.adapters.serialization import (
    DocumentFault,
    make_converter,
    read_json,
    request_from_json,
    request_to_json,
    response_from_json,
    response_to_json,
    structure,
    to_json,
)
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery, ErrorCode, RecordCorrupt, RequestInvalid
from provider_runtime.testing.strategies import json_values, requests, responses

_SAID = "what nobody else may read"
_REQUIRED = {"type", "model", "messages", "model_id", "role", "content", "tool_call", "tool_result", "source", "data"}


@pytest.fixture(scope="module")
def converter() -> Converter:
    return make_converter()


def _refused(converter: Converter, document: object) -> RequestInvalid:
    body = document if isinstance(document, bytes) else to_json(converter, document)
    with pytest.raises(RequestInvalid) as refused:
        request_from_json(converter, body)
    return refused.value


def _request(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}], **changes}


def _read_or_fault(converter: Converter, body: bytes) -> ProviderRequest | RequestInvalid:
    try:
        return request_from_json(converter, body)
    except RequestInvalid as refused:
        return refused


# ── rules that hold for any document ────────────────────────────────────────────────────────


@given(request_=requests(), data=st.data())
def test_an_unknown_field_is_refused_wherever_it_stands(
    converter: Converter, request_: ProviderRequest, data: st.DataObject
) -> None:
    document = read_json(request_to_json(converter, request_))
    objects = [path for path, value in places(document) if isinstance(value, dict)]
    path = data.draw(st.sampled_from(objects))
    refused = _refused(
        converter, with_change(document, path, lambda value: {**value, "unheard_of": data.draw(json_values())})
    )
    assert refused.field in (f"{path}.unheard_of".removeprefix("."), path)


@given(response=responses(), data=st.data())
def test_an_unknown_field_in_a_response_is_refused_wherever_it_stands(
    converter: Converter, response: ProviderResponse, data: st.DataObject
) -> None:
    document = read_json(response_to_json(converter, response))
    path = data.draw(st.sampled_from([path for path, value in places(document) if isinstance(value, dict)]))
    changed = to_json(converter, with_change(document, path, lambda value: {**value, "unheard_of": 1}))
    with pytest.raises(RecordCorrupt) as refused:
        response_from_json(converter, changed)
    assert refused.value.key in (f"{path}.unheard_of".removeprefix("."), path)


@given(request_=requests(), data=st.data(), other=json_values())
def test_any_value_in_any_place_is_read_exactly_or_refused_in_safe_words(
    converter: Converter, request_: ProviderRequest, data: st.DataObject, other: Any
) -> None:
    document = read_json(request_to_json(converter, request_))
    path = data.draw(st.sampled_from([path for path, _ in places(document)]))
    said = data.draw(st.sampled_from([other, _SAID, [_SAID], {"type": _SAID}, {_SAID: _SAID}, {"text": _SAID}]))
    changed = to_json(converter, with_change(document, path, lambda _: said))
    read = _read_or_fault(converter, changed)
    if isinstance(read, RequestInvalid):
        assert _SAID not in f"{read} {read!r} {read.__cause__!r} {read.__context__!r}"
        assert read.field
        assert read.message
    else:
        assert request_from_json(converter, request_to_json(converter, read)) == read


@given(request_=requests(), data=st.data())
def test_a_missing_field_is_named_or_has_a_default(
    converter: Converter, request_: ProviderRequest, data: st.DataObject
) -> None:
    document = read_json(request_to_json(converter, request_))
    objects = [(path, value) for path, value in places(document) if isinstance(value, dict) and value]
    path, value = data.draw(st.sampled_from(objects))
    key = data.draw(st.sampled_from(sorted(value)))
    without = {name: item for name, item in value.items() if name != key}
    read = _read_or_fault(converter, to_json(converter, with_change(document, path, lambda _: without)))
    if isinstance(read, RequestInvalid):
        assert read.field in (f"{path}.{key}".removeprefix("."), path)
    else:
        assert key not in _REQUIRED


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_refused(converter: Converter, body: bytes) -> None:
    assert _refused(converter, body).field


@given(value=json_values())
def test_any_json_is_a_request_or_refused(converter: Converter, value: Any) -> None:
    assume(not isinstance(value, dict) or "messages" not in value)
    assert _refused(converter, value).code is ErrorCode.REQUEST_INVALID


# ── where, why, and the way out ─────────────────────────────────────────────────────────────

_MESSAGE = {"role": "user", "content": "hi"}


def _saying(*parts: Any, role: Any = "user") -> dict[str, Any]:
    return _request(messages=[_MESSAGE, {"role": role, "content": list(parts)}])


@pytest.mark.parametrize(
    ("document", "field", "words", "way_out"),
    [
        (_request(temprature=1), "temprature", 'no field "temprature"', 'Did you mean "temperature"?'),
        (_request(**{"what nobody may read": 1}), "$", "a field that is not known", "Use one of: model,"),
        ({"model": "m", "mesages": []}, "mesages", "no field", 'Did you mean "messages"?'),
        ({"model": "m"}, "messages", "missing", "Add it."),
        (_request(messages=[]), "messages", "must not be empty", ""),
        (_request(messages="hi"), "messages", "expected a list, got text", ""),
        (_request(messages=["hi"]), "messages[0]", "expected an object, got text", ""),
        (_request(model="openai:"), "model", "no model reference", "provider:model"),
        (_request(model=None), "model", "expected an object, got null", ""),
        (_request(model={"model_id": "m", "provider_hint": "a b"}), "model.provider_hint", "not a ProviderId", ""),
        (
            _request(model={"model_id": "m", "provider_hint": {"name": "x"}}),
            "model.provider_hint",
            "no provider",
            "other",
        ),
        (_request(temperature="1"), "temperature", "expected a number, got text", ""),
        (_request(temperature=True), "temperature", "expected a number, got true or false", ""),
        (_request(temperature=9), "temperature", "between 0 and 2", ""),
        (_request(top_k=1.0), "top_k", "expected a whole number, got a number", ""),
        (_request(parallel_tool_calls=1), "parallel_tool_calls", "expected true or false", ""),
        (_request(stop="x"), "stop", "expected a list, got text", ""),
        (_request(stop=["x", 1]), "stop[1]", "expected text, got a number", ""),
        (_request(metadata={"a": 1}), "metadata", "metadata['a'] must be text", ""),
        (_request(metadata=[]), "metadata", "expected a JSON object", ""),
        (_request(provider_options={"a": 1}), "provider_options", "must be an object of fields", ""),
        (_request(tools=[{"name": ""}]), "tools[0].name", "must not be empty", ""),
        (_request(tools=[{"name": "x"}, {"name": "x"}]), "tools", "defined twice", ""),
        (_request(tool_choice="atuo"), "tool_choice", "none of the known", 'Did you mean "auto"?'),
        (_request(tool_choice="specific"), "tool_choice", "none of the known", "auto, none, required"),
        (_request(tool_choice={"type": "specific"}), "tool_choice.name", "missing", ""),
        (_request(tool_choice={"type": "auto", "name": "x"}), "tool_choice.name", "no field", ""),
        (_request(tool_choice={"name": "x"}), "tool_choice.type", "tag is missing", "specific"),
        (_request(tool_choice={"type": 1}), "tool_choice.type", "none of the known ones", "Use one of"),
        (_request(tool_choice=None), "tool_choice", "expected an object, got null", ""),
        (_request(reasoning={"type": "effort", "effort": "hihg"}), "reasoning.effort", "none of the known", '"high"'),
        (_saying("a", role="usr"), "messages[1].role", "none of the known values", 'Did you mean "user"?'),
        (_saying("a", role={"type": "user", "name": "x"}), "messages[1].role", "alone", ""),
        (_saying("a", {"type": "txt", "text": "b"}), "messages[1].content[1].type", "tag", 'Did you mean "text"?'),
        (_saying("a", {"text": "b"}), "messages[1].content[1].type", "the tag is missing", "text, image"),
        (_saying("a", {"type": "text", "text": 5}), "messages[1].content[1].text", "expected text, got a number", ""),
        (_saying("a", {"type": "text"}), "messages[1].content[1].text", "missing", ""),
        (_saying("a", 5), "messages[1].content[1]", "expected an object, got a number", ""),
        (
            _saying({"type": "image", "source": {"type": "inline", "media_type": "image/png", "data": "?"}}),
            "messages[1].content[0].source.data",
            "base64",
            "",
        ),
        (
            _saying({"type": "image", "source": {"type": "inline", "media_type": "image/png", "data": ""}}),
            "messages[1].content[0].source.data",
            "must not be empty",
            "",
        ),
        (
            _saying(
                {"type": "tool_call", "tool_call": {"id": "c", "name": "f", "argumens_json": {}}}, role="assistant"
            ),
            "messages[1].content[0].tool_call.argumens_json",
            "no field",
            'Did you mean "arguments_json"?',
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:40],
)
def test_a_fault_says_where_why_and_the_way_out(
    converter: Converter, document: Any, field: str, words: str, way_out: str
) -> None:
    refused = _refused(converter, document)
    assert refused.field == field
    assert words in refused.message
    assert way_out in refused.remedy


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"{}garbage",
        b'{"model": NaN}',
        b'"\\ud800"',
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"1e999",
        b"1" * 5000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_not_json_is_refused_as_a_whole(converter: Converter, body: bytes) -> None:
    refused = _refused(converter, body)
    assert (refused.field, refused.message) == ("$", "this is not JSON")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"model": "a", "model": "b", "messages": []}', 'the field "model"'),
        (b'{"model": "a", "messages": [{"role": "user", "content": "a", "content": "b"}]}', 'the field "content"'),
        (b'{"model": "a", "metadata": {"\\u0061": "1", "a": "2"}}', 'the field "a"'),
        (b'{"what nobody else may read": 1, "what nobody else may read": 2}', "a field"),
    ],
)
def test_a_key_that_stands_twice_is_refused(converter: Converter, body: bytes, name: str) -> None:
    assert _refused(converter, body).message == f"{name} stands twice in one object"


@given(value=json_values())
def test_keys_are_counted_right_whatever_texts_look_like(converter: Converter, value: Any) -> None:
    for tricky in ('"a": 1', '{"a":', "\\", '\\"', '"', ":"):
        assert read_json(to_json(converter, {"v": value, tricky: [tricky, {tricky: tricky}]}))["v"] == (
            read_json(to_json(converter, value))
        )


def test_an_error_keeps_no_trace_of_the_original_one(converter: Converter) -> None:
    refused = _refused(converter, _saying({"type": "text", "text": {"x": _SAID}}))
    assert refused.__cause__ is None
    assert refused.__context__ is None
    assert _SAID not in "".join(traceback.format_exception(refused))


def test_a_document_may_nest_json_deeply_but_not_endlessly(converter: Converter) -> None:
    deep: Any = "x"
    for _ in range(150):
        deep = {"a": deep}
    call = {"type": "tool_call", "tool_call": {"id": "c", "name": "f", "arguments_json": deep}}
    assert request_from_json(converter, to_json(converter, _saying(call, role="assistant")))
    for _ in range(100):
        deep = {"a": deep}
    call = {"type": "tool_call", "tool_call": {"id": "c", "name": "f", "arguments_json": deep}}
    refused = _refused(converter, _saying(call, role="assistant"))
    assert refused.field == "messages[1].content[0].tool_call.arguments_json"
    assert "nested" in refused.message


# ── values of other kinds ───────────────────────────────────────────────────────────────────


def test_a_fault_in_settings_names_the_field_too(converter: Converter) -> None:
    document = {"provider_id": "acme", "kind": "openai", "base_url": "http://a", "credential": {"type": "env"}}
    with pytest.raises(DocumentFault) as refused:
        structure(converter, ProviderConfig, document)
    assert (refused.value.field, refused.value.message) == ("credential.name", "this field is missing")
    assert str(refused.value) == "credential.name: this field is missing. Add it."


def test_the_place_in_a_map_is_named_unless_the_key_may_be_text(converter: Converter) -> None:
    for key, field in (("acme", "acme.model"), (_SAID, "[…].model")):
        with pytest.raises(DocumentFault) as refused:
            structure(converter, dict[str, ProviderRequest], {key: {"messages": [{"role": "user", "content": "a"}]}})
        assert refused.value.field == field


class _Level(IntEnum):
    LOW = 1


@attrs.frozen
class _Quoting:
    """A class of somebody else, whose errors quote what they refuse."""

    text: str = attrs.field()

    @text.validator
    def _refuse(self, _attribute: object, value: str) -> None:
        raise ValueError(f"{value} is not allowed")


def test_texts_of_other_peoples_checks_are_not_repeated(converter: Converter) -> None:
    with pytest.raises(DocumentFault) as refused:
        structure(converter, list[_Quoting], [{"text": _SAID}])
    assert (refused.value.field, refused.value.message) == ("[0]", "this value is not allowed here")


def test_a_class_that_no_document_can_hold_is_the_callers_mistake(converter: Converter) -> None:
    with pytest.raises(TypeError, match="documents cannot hold"):
        structure(converter, complex, 1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (tuple[int, ...], "123"),
        (tuple[int, ...], {"1": 2}),
        (list[str], "abc"),
        (frozenset[str], "abc"),
        (set[str], {"a": 1}),
        (tuple[str, str], "ab"),
        (tuple[str, str], ["a"]),
        (tuple[str, str], ["a", "b", "c"]),
        (dict[str, int], [["a", 1]]),
        (dict[str, int], {"a": "1"}),
        (int | str, 1.5),
        (int | None, "1"),
        (str, 1),
        (str, "\ud800"),
        (int, 1.0),
        (int, True),
        (float, "1"),
        (float, float("nan")),
        (bool, 0),
        (bytes, "a"),
        (bytes, [1]),
        (Delivery, 1),
        (_Level, True),
        (_Level, 1.0),
        (_Level, {"type": 1, "name": "LOW"}),
        (TextPart, {"text": "a"}),
        (TextPart, {"type": "refusal", "text": "a"}),
        (Literal[1, "a"], True),
        (Literal[1, "a"], "b"),
    ],
    ids=str,
)
def test_nothing_is_guessed(converter: Converter, kind: Any, value: object) -> None:
    with pytest.raises(DocumentFault):
        structure(converter, kind, value)


def test_nothing_is_guessed_of_a_kind_that_was_read_before(converter: Converter) -> None:
    assert structure(converter, dict[str, float], {"a": 1.5}) == {"a": 1.5}
    assert structure(converter, Mapping[str, bool], {"a": True}) == {"a": True}  # a kind that is new
    with pytest.raises(DocumentFault):
        structure(converter, dict[str, float], [["a", 1.5]])
