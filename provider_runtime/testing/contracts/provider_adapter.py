"""What every ProviderAdapter keeps to."""

import asyncio
from hashlib import sha256

import pytest

from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery, ProviderError
from provider_runtime.ports.provider_adapter import AdapterContext, ProviderAdapter
from provider_runtime.testing.builders import a_conversation_with_a_tool_call, a_request, a_tool

_CREDENTIAL_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
_NO_CONTEXT = AdapterContext()


class ProviderAdapterContract:
    """Give the fixtures ``adapter``, ``failing`` and ``model_id``."""

    @pytest.fixture
    def adapter(self) -> ProviderAdapter:
        """An adapter whose provider answers any request."""
        raise NotImplementedError("the subclass says which adapter")

    @pytest.fixture
    def failing(self) -> ProviderAdapter:
        """An adapter of the same kind, each exchange of which fails."""
        raise NotImplementedError("the subclass knows how to make it fail")

    @pytest.fixture
    def model_id(self) -> str:
        """A model that the provider has."""
        return "gpt-5-mini"

    @pytest.fixture
    def request_(self, model_id: str) -> ProviderRequest:
        """A question with a tool, its answer, and one more question."""
        return a_request(*a_conversation_with_a_tool_call(), model=model_id, tools=(a_tool(),), max_output_tokens=500)

    def test_it_is_an_adapter(self, adapter: ProviderAdapter) -> None:
        assert isinstance(adapter, ProviderAdapter)
        assert isinstance(adapter.capabilities, ProviderCapabilities)
        assert adapter.wire

    def test_it_says_for_itself_what_conversations_must_look_like(
        self, adapter: ProviderAdapter, model_id: str
    ) -> None:
        target = adapter.handoff_target(model_id)
        assert (target.provider, target.wire) == (adapter.provider_id, adapter.wire)

    def test_equal_requests_give_equal_bytes(self, adapter: ProviderAdapter, model_id: str) -> None:
        one, other = (adapter.prepare(a_request("Hello.", model=model_id, max_output_tokens=100)) for _ in range(2))
        assert one == other

    def test_another_question_gives_other_bytes(self, adapter: ProviderAdapter, model_id: str) -> None:
        one, other = (adapter.prepare(a_request(said, model=model_id)) for said in ("Hello.", "Good-bye."))
        assert one.body != other.body

    def test_what_is_prepared_is_named_and_hashed_and_holds_no_credential(
        self, adapter: ProviderAdapter, request_: ProviderRequest
    ) -> None:
        prepared = adapter.prepare(_handed(adapter, request_))
        assert (prepared.provider, prepared.model_id) == (adapter.provider_id, request_.model.model_id)
        assert prepared.body_sha256 == sha256(prepared.body).hexdigest()
        assert prepared.url.startswith(("http://", "https://"))
        assert _CREDENTIAL_HEADERS.isdisjoint(name.lower() for name in prepared.headers)

    async def test_it_answers_in_the_name_of_its_provider(
        self, adapter: ProviderAdapter, request_: ProviderRequest
    ) -> None:
        response = await adapter.send(adapter.prepare(_handed(adapter, request_)), _NO_CONTEXT)
        assert isinstance(response, ProviderResponse)
        assert response.provider == adapter.provider_id
        assert response.output.content

    async def test_sending_the_same_bytes_again_works_and_changes_them_not(
        self, adapter: ProviderAdapter, request_: ProviderRequest
    ) -> None:
        prepared = adapter.prepare(_handed(adapter, request_))
        for _ in range(2):
            await adapter.send(prepared, _NO_CONTEXT)
        assert prepared == adapter.prepare(_handed(adapter, request_))

    async def test_the_providers_own_json_comes_along_only_if_asked_for(
        self, adapter: ProviderAdapter, request_: ProviderRequest
    ) -> None:
        prepared = adapter.prepare(_handed(adapter, request_))
        without = await adapter.send(prepared, _NO_CONTEXT)
        with_it = await adapter.send(prepared, AdapterContext(include_raw_response=True))
        assert without.raw_provider_response is None
        assert with_it.raw_provider_response is not None

    async def test_many_calls_at_once_are_all_answered(self, adapter: ProviderAdapter, model_id: str) -> None:
        prepared = [adapter.prepare(a_request(f"Question {number}.", model=model_id)) for number in range(20)]
        responses = await asyncio.gather(*(adapter.send(one, _NO_CONTEXT) for one in prepared))
        assert all(response.provider == adapter.provider_id for response in responses)

    async def test_a_failure_is_a_provider_error_that_names_the_provider(
        self, failing: ProviderAdapter, request_: ProviderRequest
    ) -> None:
        with pytest.raises(ProviderError) as failed:
            await failing.send(failing.prepare(_handed(failing, request_)), _NO_CONTEXT)
        assert failed.value.provider == failing.provider_id
        assert isinstance(failed.value.delivery, Delivery)

    async def test_the_models_it_lists_are_its_own(self, adapter: ProviderAdapter) -> None:
        found = await adapter.discover_models(DiscoveryOptions(remote=True, refresh_cache=True), _NO_CONTEXT)
        assert isinstance(found, tuple)
        assert all(isinstance(model, ModelInfo) and model.provider == adapter.provider_id for model in found)

    async def test_a_listing_that_fails_is_a_provider_error_too(self, failing: ProviderAdapter) -> None:
        with pytest.raises(ProviderError):
            await failing.discover_models(DiscoveryOptions(remote=True, refresh_cache=True), _NO_CONTEXT)


def _handed(adapter: ProviderAdapter, request: ProviderRequest) -> ProviderRequest:
    handed = hand_off(request.messages, adapter.handoff_target(request.model.model_id))
    return a_request(*handed.messages, model=request.model, tools=request.tools, max_output_tokens=500)
