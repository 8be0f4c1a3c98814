"""Which codec speaks with the server of a captured exchange."""

from typing import Any

from chat_support import openai_codec, openrouter_codec, vendor_codec

from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec

_VENDORS = {"azure", "mistral", "deepseek", "xai", "groq", "together", "tgi", "vllm", "llamacpp", "ollama"}


def vendor_of(exchange: dict[str, Any]) -> str:
    """The vendor option for the server; ``generic`` for those that have none."""
    name = str(exchange["provider"]).partition(":")[2]
    return name if name in _VENDORS else "generic"


def codec_of(exchange: dict[str, Any]) -> ChatCompletionsCodec:
    if exchange["provider"] == "openai-chat":
        return openai_codec()
    if exchange["provider"] == "openrouter":
        return openrouter_codec()
    return vendor_codec(vendor_of(exchange))
