"""A response as the caller gets it: nothing that the provider answered is lost on the way."""

from typing import Any

from attrs import evolve
from hypothesis import given

from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.testing.strategies import responses

SETTLED = ("cost", "warnings", "call_id", "runtime_id", "attempts", "passed_over", "duration_s")


@given(answered=responses(), last=responses())
def test_a_settled_response_differs_in_nothing_but_what_was_settled(
    answered: ProviderResponse, last: ProviderResponse
) -> None:
    settled: dict[str, Any] = {name: getattr(last, name) for name in SETTLED}
    settled |= {"call_id": CallId("call_1"), "runtime_id": RuntimeId("rt_1"), "duration_s": 0.5}
    assert answered.settled(**settled) == evolve(answered, **settled)
