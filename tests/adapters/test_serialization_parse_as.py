"""parse_as: the structured value of an answer, as a class of the caller."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypedDict

import attrs
import pytest
from hypothesis import given

from provider_runtime.adapters.serialization import make_converter, parse_as
from provider_runtime.domain.conversation.response import AssistantOutput, ProviderResponse
from provider_runtime.domain.errors import Billed, ErrorCode, ProtocolError
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.json_values import JsonObject, JsonValue
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.strategies import json_objects

_SAID = "what nobody else may read"


class Sky(Enum):
    CLEAR = "clear"
    GREY = "grey"


@attrs.define
class Wind:
    speed: float
    from_: Literal["north", "south"]


@attrs.frozen
class Weather:
    city: str
    sky: Sky
    celsius: int | None = None
    winds: tuple[Wind, ...] = ()
    note: str | int = ""


@dataclass
class Point:
    x: int
    y: int = 0


class Row(TypedDict):
    id: int
    name: str


def _answer(value: object) -> ProviderResponse:
    return a_response(
        output=AssistantOutput(structured_output=value),
        provider_request_id="req_1",
    )


def test_an_answer_becomes_an_attrs_class() -> None:
    answer = _answer(
        {"city": "Bonn", "sky": "grey", "celsius": 21, "winds": [{"speed": 3, "from_": "north"}], "note": 7}
    )
    assert parse_as(answer, Weather) == Weather(
        city="Bonn", sky=Sky.GREY, celsius=21, winds=(Wind(speed=3, from_="north"),), note=7
    )


@pytest.mark.parametrize(
    ("value", "into", "expected"),
    [
        ({"x": 1}, Point, Point(x=1)),
        ({"id": 1, "name": "a"}, Row, {"id": 1, "name": "a"}),
        ([1, 2], list[int], [1, 2]),
        ({"a": [1]}, dict[str, tuple[int, ...]], {"a": (1,)}),
        ("clear", Sky, Sky.CLEAR),
        (False, bool, False),
        (0, int, 0),
    ],
)
def test_an_answer_becomes_what_json_can_be_read_as(value: object, into: Any, expected: object) -> None:
    assert parse_as(_answer(value), into) == expected


@given(json_objects())
def test_any_object_reads_as_a_json_object(value: JsonObject) -> None:
    assert parse_as(_answer(value), JsonObject) == value


def test_a_converter_can_be_shared() -> None:
    converter = make_converter()
    for number in range(3):
        assert parse_as(_answer({"x": number}), Point, converter=converter) == Point(x=number)


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"city": "Bonn"}, "sky", "missing"),
        ({"city": "Bonn", "sky": _SAID}, "sky", "none of the known values"),
        ({"city": "Bonn", "sky": "grey", "rain": 1}, "rain", "no field"),
        ({"city": "Bonn", "sky": "grey", "celsius": "21"}, "celsius", "whole number|value"),
        ({"city": "Bonn", "sky": "grey", "winds": [{"speed": 1, "from_": _SAID}]}, "winds[0].from_", "known values"),
        ({"city": "Bonn", "sky": "grey", "winds": {_SAID: 1}}, "winds", "expected a list"),
        ([_SAID], "$", "expected an object, got a list"),
        (_SAID, "$", "expected an object, got text"),
    ],
)
def test_another_value_than_was_asked_for_is_a_bad_answer(value: JsonValue, field: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as refused:
        parse_as(_answer(value), Weather)
    error = refused.value
    assert (error.field, error.provider, error.request_id) == (field, OPENAI, "req_1")
    assert (error.code, error.billed) == (ErrorCode.BAD_RESPONSE, Billed.YES)
    assert _SAID not in f"{error} {error.__context__!r} {error.__cause__!r}"


def test_an_answer_without_a_structured_value_says_how_to_get_one() -> None:
    with pytest.raises(ProtocolError, match="JsonSchemaFormat"):
        parse_as(a_response("free text"), Weather)


def test_a_class_that_json_cannot_be_read_as_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="documents cannot hold"):
        parse_as(_answer({"x": 1}), complex)
