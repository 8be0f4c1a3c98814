"""Which codec speaks for which record."""

import pytest

from provider_runtime import ModelCatalog, ModelInfo, ProviderConfig, ProviderKind, Tier
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.adapters.wire.gemini.codec import GeminiCodec
from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.openai_responses.codec import OpenAIResponsesCodec
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.composition.wires import adapter_for, build_providers, codec_for
from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter, FakeTokens, FakeTransport

CODECS = {
    ProviderKind.OPENAI: OpenAIResponsesCodec,
    ProviderKind.OPENAI_CHAT: ChatCompletionsCodec,
    ProviderKind.ANTHROPIC: AnthropicMessagesCodec,
    ProviderKind.GEMINI: GeminiCodec,
    ProviderKind.OLLAMA: OllamaCodec,
    ProviderKind.OPENROUTER: ChatCompletionsCodec,
    ProviderKind.OPENAI_COMPATIBLE: ChatCompletionsCodec,
}


def a_record(kind: ProviderKind, **others: object) -> ProviderConfig:
    fields = {"provider_id": "acme", "kind": kind, "base_url": "https://llm.acme.test"}
    return ProviderConfig(**{**fields, **others})  # type: ignore[arg-type]  # checked by the record itself


@pytest.mark.parametrize("kind", ProviderKind)
def test_every_kind_has_a_codec(kind: ProviderKind) -> None:
    assert type(codec_for(a_record(kind), ModelCatalog())) is CODECS[kind]


@pytest.mark.parametrize("kind", ProviderKind)
def test_an_option_that_a_wire_does_not_know_is_refused_naming_option_and_provider(kind: ProviderKind) -> None:
    with pytest.raises(InvalidProviderConfig) as refused:
        codec_for(a_record(kind, options={"temprature": 1}), ModelCatalog())
    assert refused.value.field == "options.temprature"
    assert refused.value.provider == "acme"
    assert refused.value.remedy


@pytest.mark.parametrize("kind", [ProviderKind.OPENAI, ProviderKind.OPENAI_CHAT, ProviderKind.GEMINI])
def test_a_wire_without_options_says_so(kind: ProviderKind) -> None:
    with pytest.raises(InvalidProviderConfig, match="take no options"):
        codec_for(a_record(kind, options={"vendor": "vllm"}), ModelCatalog())


def test_anthropic_knows_the_output_limits_of_its_own_models_alone() -> None:
    catalog = ModelCatalog(
        models=[
            ModelInfo(provider="acme", model_id="small", max_output_tokens=100),
            ModelInfo(provider="acme", model_id="unknown"),
            ModelInfo(provider="other", model_id="big", max_output_tokens=900),
        ]
    )
    codec = codec_for(a_record(ProviderKind.ANTHROPIC), catalog)
    assert isinstance(codec, AnthropicMessagesCodec)
    assert codec.output_limits == {"small": 100}


@pytest.mark.parametrize(
    ("kind", "tier", "required"),
    [
        (ProviderKind.OPENAI_COMPATIBLE, Tier.LOCAL, False),
        (ProviderKind.OPENAI_COMPATIBLE, Tier.CLOUD, True),
        (ProviderKind.OLLAMA, Tier.LOCAL, False),
        (ProviderKind.OLLAMA, Tier.CLOUD, True),
        (ProviderKind.OPENAI, Tier.LOCAL, True),
        (ProviderKind.ANTHROPIC, Tier.CLOUD, True),
    ],
)
def test_only_a_server_of_ones_own_on_this_machine_may_do_without_a_key(
    kind: ProviderKind, tier: Tier, *, required: bool
) -> None:
    adapter = adapter_for(a_record(kind, tier=tier), ModelCatalog(), FakeTransport(), CredentialSources())
    assert isinstance(adapter, WireAdapter)
    assert adapter.credential_required is required


def test_a_ready_made_adapter_replaces_the_record_of_its_id() -> None:
    ready = RegisteredProvider(config=a_record(ProviderKind.OPENAI), adapter=FakeAdapter("acme"))
    built = build_providers(
        (a_record(ProviderKind.OPENAI),), ModelCatalog(), FakeTransport(), CredentialSources(), (ready,)
    )
    assert built.ids == {"acme"}
    assert built.get(ready.config.provider_id) is ready


def test_an_adapter_is_built_without_a_look_at_credentials_or_network() -> None:
    tokens, transport = FakeTokens(), FakeTransport()
    adapter = adapter_for(a_record(ProviderKind.OPENAI), ModelCatalog(), transport, CredentialSources(tokens=tokens))
    adapter.prepare(a_request(model="acme:gpt-5-mini"))
    assert (tokens.asked, transport.exchanges) == ([], [])


def test_an_anthropic_record_may_name_the_version_of_the_api() -> None:
    record = a_record(ProviderKind.ANTHROPIC, options={"api_version": "2026-10-21"})
    assert codec_for(record, ModelCatalog()).fixed_headers == (("anthropic-version", "2026-10-21"),)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"api_version": "1999-01-01"}, "options.api_version"), ({"beta": "x"}, "options.beta")],
)
def test_another_option_of_an_anthropic_record_is_refused_by_name(options: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidProviderConfig) as refused:
        codec_for(a_record(ProviderKind.ANTHROPIC, options=options), ModelCatalog())
    assert (refused.value.field, refused.value.provider) == (field, "acme")
