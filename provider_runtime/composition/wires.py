"""Which codec speaks for which kind of provider. A wire is loaded with the first provider that speaks it."""

from typing import Final

from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.application.providers import Providers, RegisteredProvider
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.provider_adapter import ProviderAdapter
from provider_runtime.ports.tokens import CredentialFinder

# Servers that people run themselves: on a machine of one's own they mostly ask for no key.
_SELF_HOSTED: Final = frozenset({ProviderKind.OPENAI_COMPATIBLE, ProviderKind.OLLAMA})


def codec_for(config: ProviderConfig, catalog: ModelCatalog) -> WireCodec:
    """The codec of a provider record. Raises ``InvalidProviderConfig`` for options its wire does not know."""
    try:
        return _codec_for(config, catalog)
    except InvalidProviderConfig as fault:
        fault.provider = config.provider_id  # a dialect knows the option, and not whose it is
        raise


def _codec_for(config: ProviderConfig, catalog: ModelCatalog) -> WireCodec:
    match config.kind:
        case ProviderKind.OPENROUTER:
            return _openrouter_codec(config)
        case ProviderKind.OPENAI_COMPATIBLE:
            return _openai_compatible_codec(config)
        case ProviderKind.ANTHROPIC:
            return _anthropic_codec(config, catalog)
        case ProviderKind.OLLAMA:
            return _ollama_codec(config)
    if config.options:
        raise InvalidProviderConfig(
            provider=config.provider_id,
            field=f"options.{next(iter(config.options))}",
            message=f"providers of kind {config.kind} take no options",
            remedy="Take the options out of the record.",
        )
    match config.kind:
        case ProviderKind.OPENAI:
            return _openai_codec()
        case ProviderKind.OPENAI_CHAT:
            return _openai_chat_codec()
        case ProviderKind.GEMINI:
            return _gemini_codec()


# What each of these imports, a runtime with other providers need not load.


def _openrouter_codec(config: ProviderConfig) -> WireCodec:
    from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec  # noqa: PLC0415 - see above
    from provider_runtime.adapters.wire.openrouter import openrouter_dialect  # noqa: PLC0415 - see above

    return ChatCompletionsCodec(dialect=openrouter_dialect(config.options))


def _openai_compatible_codec(config: ProviderConfig) -> WireCodec:
    from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec  # noqa: PLC0415 - see above
    from provider_runtime.adapters.wire.openai_compatible import openai_compatible_dialect  # noqa: PLC0415 - see above

    return ChatCompletionsCodec(dialect=openai_compatible_dialect(config.options))


def _openai_chat_codec() -> WireCodec:
    from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec  # noqa: PLC0415 - see above
    from provider_runtime.adapters.wire.chat_completions.dialect import OPENAI_CHAT  # noqa: PLC0415 - see above

    return ChatCompletionsCodec(dialect=OPENAI_CHAT)


def _openai_codec() -> WireCodec:
    from provider_runtime.adapters.wire.openai_responses.codec import OpenAIResponsesCodec  # noqa: PLC0415 - see above

    return OpenAIResponsesCodec()


def _gemini_codec() -> WireCodec:
    from provider_runtime.adapters.wire.gemini.codec import GeminiCodec  # noqa: PLC0415 - see above

    return GeminiCodec()


def _ollama_codec(config: ProviderConfig) -> WireCodec:
    from provider_runtime.adapters.wire.ollama.codec import OllamaCodec  # noqa: PLC0415 - see above
    from provider_runtime.adapters.wire.ollama.options import ollama_options  # noqa: PLC0415 - see above

    return OllamaCodec(settings=ollama_options(config.options), cloud_models=config.tier is not Tier.LOCAL)


def _anthropic_codec(config: ProviderConfig, catalog: ModelCatalog) -> WireCodec:
    from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec  # noqa: PLC0415 - see above
    from provider_runtime.adapters.wire.anthropic_messages.families import VERSIONS  # noqa: PLC0415 - see above

    version = config.options.get("api_version", next(iter(VERSIONS)))
    unknown = next((name for name in config.options if name != "api_version"), None)
    if unknown is not None or version not in VERSIONS:
        raise InvalidProviderConfig(
            provider=config.provider_id,
            field=f"options.{unknown or 'api_version'}",
            message="the one option of this kind is api_version, which this is not"
            if unknown
            else "this version of the API is not known here",
            remedy=f'Write {{"api_version": …}} with one of {", ".join(VERSIONS)}, or leave it out.',
        )
    limits = catalog.output_limits_of(config.catalog_names)
    return AnthropicMessagesCodec(api_version=str(version), output_limits=limits)


def build_providers(
    configs: tuple[ProviderConfig, ...],
    catalog: ModelCatalog,
    transport: HttpTransport,
    credentials: CredentialFinder,
    adapters: tuple[RegisteredProvider, ...] = (),
) -> Providers:
    """Each record with its adapter; ``adapters`` are ready-made ones and replace records of the same id."""
    built = [RegisteredProvider(config=c, adapter=adapter_for(c, catalog, transport, credentials)) for c in configs]
    return Providers({provider.config.provider_id: provider for provider in (*built, *adapters)})


def adapter_for(
    config: ProviderConfig, catalog: ModelCatalog, transport: HttpTransport, credentials: CredentialFinder
) -> ProviderAdapter:
    """The adapter of one record."""
    keyless = config.kind in _SELF_HOSTED and config.tier is Tier.LOCAL
    return WireAdapter(
        config=config,
        codec=codec_for(config, catalog),
        transport=transport,
        credentials=credentials,
        credential_required=not keyless,
        public_model_list=config.kind is ProviderKind.OPENROUTER,
    )
