"""Provider records of the well-known services, ready to use."""

from typing import Final

from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.identity import ANTHROPIC, GEMINI, OPENAI, OPENROUTER, ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject

PRESETS: Final = (
    ProviderConfig(
        provider_id=OPENAI,
        kind=ProviderKind.OPENAI,
        base_url="https://api.openai.com",
        credential=EnvCredential(name="OPENAI_API_KEY"),
    ),
    ProviderConfig(
        provider_id=ANTHROPIC,
        kind=ProviderKind.ANTHROPIC,
        base_url="https://api.anthropic.com",
        credential=EnvCredential(name="ANTHROPIC_API_KEY"),
    ),
    ProviderConfig(
        provider_id=GEMINI,
        kind=ProviderKind.GEMINI,
        base_url="https://generativelanguage.googleapis.com",
        credential=EnvCredential(name="GEMINI_API_KEY"),
    ),
    ProviderConfig(
        provider_id=OPENROUTER,
        kind=ProviderKind.OPENROUTER,
        base_url="https://openrouter.ai",
        credential=EnvCredential(name="OPENROUTER_API_KEY"),
    ),
)


def preset(provider_id: str) -> ProviderConfig:
    """The record of ``openai``, ``anthropic``, ``gemini`` or ``openrouter``; its key is looked for in the environment.

    Raises ``ValueError`` for another name.
    """
    for config in PRESETS:
        if config.provider_id == provider_id:
            return config
    raise ValueError(f"no preset for {provider_id!r:.80}; there are {', '.join(c.provider_id for c in PRESETS)}")


def local_server(
    base_url: str, *, provider_id: str = "local", default_model: str | None = None, options: JsonObject = EMPTY_OBJECT
) -> ProviderConfig:
    """The record of an OpenAI-compatible server on this machine, such as ``http://localhost:8000/v1``."""
    return ProviderConfig(
        provider_id=ProviderId(provider_id),
        kind=ProviderKind.OPENAI_COMPATIBLE,
        base_url=base_url,
        tier=Tier.LOCAL,
        default_model=default_model,
        options=options,
    )


def ollama_server(
    base_url: str = "http://localhost:11434",
    *,
    provider_id: str = "ollama",
    default_model: str | None = None,
    options: JsonObject = EMPTY_OBJECT,
) -> ProviderConfig:
    """The record of an Ollama server on this machine; ``options`` such as ``{"num_ctx": 16384}`` go with every call."""
    return ProviderConfig(
        provider_id=ProviderId(provider_id),
        kind=ProviderKind.OLLAMA,
        base_url=base_url,
        tier=Tier.LOCAL,
        default_model=default_model,
        options=options,
    )
