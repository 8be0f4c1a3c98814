"""A response gives its structured value as a class of the caller."""

import pytest
from attrs import frozen

from provider_runtime.domain.conversation.response import AssistantOutput
from provider_runtime.domain.errors import ProtocolError
from provider_runtime.testing.builders import a_response


@frozen
class Weather:
    city: str
    celsius: float


def test_a_response_structures_its_value_into_a_class_of_the_caller() -> None:
    response = a_response(output=AssistantOutput(structured_output={"city": "Bonn", "celsius": 21.5}))
    assert response.parse_as(Weather) == Weather(city="Bonn", celsius=21.5)


def test_a_response_without_a_structured_value_says_so() -> None:
    with pytest.raises(ProtocolError, match="no structured value"):
        a_response().parse_as(Weather)
