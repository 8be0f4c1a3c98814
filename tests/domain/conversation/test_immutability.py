"""Nothing in a request or a response can change after it was made, and each survives a journey."""

import copy
import pickle
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest
from exactness import shape
from hypothesis import given

from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import AssistantOutput, ProviderResponse
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.strategies import requests, responses

_ATOMS = (bool, int, float, str, bytes, Decimal, datetime, type(None), Enum)


def _everything_in(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, JsonObject):
        inner: Any = (*value.keys(), *value.values())
    elif isinstance(value, tuple):
        inner = value
    elif attrs.has(type(value)):
        inner = (getattr(value, field.name) for field in attrs.fields(type(value)))
    else:
        inner = ()
    for item in inner:
        yield from _everything_in(item)


def _is_immutable(value: Any) -> bool:
    if attrs.has(type(value)):
        frozen: bool = getattr(type(value), "__setattr__", None) is not object.__setattr__
        return frozen and not hasattr(value, "__dict__")
    return type(value) in (tuple, JsonObject) or isinstance(value, _ATOMS)


@given(requests())
def test_a_request_holds_nothing_that_can_change(request_: ProviderRequest) -> None:
    assert [value for value in _everything_in(request_) if not _is_immutable(value)] == []


@given(responses())
def test_a_response_holds_nothing_that_can_change(response: ProviderResponse) -> None:
    assert [value for value in _everything_in(response) if not _is_immutable(value)] == []


@pytest.mark.parametrize("value", [a_request(), a_response(), a_response().output, a_response().usage], ids=repr)
def test_no_field_can_be_assigned_or_added(value: Any) -> None:
    for name in (*(field.name for field in attrs.fields(type(value))), "something_new"):
        with pytest.raises(AttributeError):
            setattr(value, name, None)


@given(requests())
def test_a_request_survives_pickling_and_copying(request_: ProviderRequest) -> None:
    for twin in (pickle.loads(pickle.dumps(request_)), copy.deepcopy(request_)):  # noqa: S301 - our own bytes
        assert twin == request_
        assert hash(twin) == hash(request_)
        assert shape(twin) == shape(request_)


@given(responses())
def test_a_response_survives_pickling_and_copying(response: ProviderResponse) -> None:
    for twin in (pickle.loads(pickle.dumps(response)), copy.deepcopy(response)):  # noqa: S301 - our own bytes
        assert twin == response
        assert shape(twin) == shape(response)


def test_lists_and_dicts_handed_in_are_copied_and_frozen() -> None:
    value: dict[str, Any] = {"a": [1]}
    attempts: list[Any] = []
    response = a_response(
        output=AssistantOutput(structured_output=value),
        raw_provider_response=value,
        attempts=attempts,
    )
    value["a"].append(2)
    attempts.append("later")
    assert response.output.structured_output == {"a": (1,)}
    assert response.raw_provider_response == {"a": (1,)}
    assert response.attempts == ()
