"""The OpenAI Responses wire: one codec for OpenAI itself and for every server that speaks the same API."""

from provider_runtime.adapters.wire.openai_responses.codec import OpenAIResponsesCodec

__all__ = ["OpenAIResponsesCodec"]
