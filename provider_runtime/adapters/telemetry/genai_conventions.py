"""The names that OpenTelemetry's conventions for generative AI give things, and those we add.

None of them is stable yet. They left the main conventions after 1.41, into a repository of their
own that has no release; ``opentelemetry.semconv._incubating`` marks them all as deprecated. So the
names stand here, and nowhere else.
https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs/gen-ai
"""

import re
from enum import StrEnum
from typing import Final


class GenAiConventions(StrEnum):
    """Which edition of the conventions names spans and metrics.

    ``LATEST`` has the value by which ``OTEL_SEMCONV_STABILITY_OPT_IN`` asks for it. The variable
    itself is not read: pass on what it says, if it shall decide.
    """

    RELEASED = "1.41"
    """The last edition that was released: ``gen_ai.client.operation.duration``, ``gen_ai.client.token.usage``."""

    LATEST = "gen_ai_latest_experimental"
    """As of October 2026, not released: ``gen_ai.client.inference.*``, and cache writes by that name."""


SCHEMA_URLS: Final = {
    GenAiConventions.RELEASED: "https://opentelemetry.io/schemas/1.41.1",
    GenAiConventions.LATEST: None,  # what has no release has no schema
}

# ── attributes, alike in both editions ──────────────────────────────────────────────────────

OPERATION_NAME: Final = "gen_ai.operation.name"
CHAT: Final = "chat"  # for every provider: one name, whoever answers
PROVIDER_NAME: Final = "gen_ai.provider.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"  # what came from a cache is counted inside
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - a token of a model is no secret
TOKEN_MODALITY: Final = "gen_ai.token.modality"  # noqa: S105 - as above
ERROR_TYPE: Final = "error.type"
OTHER_ERROR: Final = "_OTHER"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
HTTP_STATUS_CODE: Final = "http.response.status_code"

USAGE_CACHE_WRITE_INPUT_TOKENS: Final = {
    GenAiConventions.RELEASED: "gen_ai.usage.cache_creation.input_tokens",
    GenAiConventions.LATEST: "gen_ai.usage.cache_write.input_tokens",
}

# ── metrics ─────────────────────────────────────────────────────────────────────────────────

DURATION: Final = {
    GenAiConventions.RELEASED: "gen_ai.client.operation.duration",
    GenAiConventions.LATEST: "gen_ai.client.inference.duration",
}
DURATION_BUCKETS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
# Of RELEASED, split by TOKEN_TYPE; those below are of LATEST.
TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 - as above
OPERATION_INPUT_TOKENS: Final = "gen_ai.client.inference.operation.input_tokens"
OPERATION_OUTPUT_TOKENS: Final = "gen_ai.client.inference.operation.output_tokens"
TOKEN_BUCKETS: Final = tuple(4**power for power in range(14))
TOTAL_INPUT_TOKENS: Final = "gen_ai.client.inference.usage.input_tokens"
TOTAL_OUTPUT_TOKENS: Final = "gen_ai.client.inference.usage.output_tokens"
TOTAL_CACHE_READ_TOKENS: Final = "gen_ai.client.inference.usage.cache_read.input_tokens"
TOTAL_CACHE_WRITE_TOKENS: Final = "gen_ai.client.inference.usage.cache_write.input_tokens"
TOTAL_REASONING_TOKENS: Final = "gen_ai.client.inference.usage.reasoning.output_tokens"

# ── what the conventions have no name for ───────────────────────────────────────────────────

OWN: Final = "provider_runtime."
"""Stands before the name of the field of ``LifecycleEvent`` that is told."""
OUTCOME: Final = f"{OWN}outcome"
ATTEMPTS: Final = f"{OWN}attempts"
LABEL: Final = f"{OWN}label."
EVENT_KIND: Final = f"{OWN}event"
CALLS: Final = f"{OWN}calls"
FAILED_ATTEMPTS: Final = f"{OWN}attempts.failed"
COST: Final = f"{OWN}cost_nano_usd"
RUNTIME_EVENTS: Final = f"{OWN}runtime.events"

# ── the names of providers ──────────────────────────────────────────────────────────────────

_BY_HOST: Final = tuple(
    (re.compile(rf"(?:.+[.-])?{host}\Z"), name)
    for host, name in (
        (r"api\.openai\.com", "openai"),
        (r"openai\.azure\.com", "azure.ai.openai"),
        (r"services\.ai\.azure\.com", "azure.ai.inference"),
        (r"bedrock(?:-runtime|-mantle)?\.[a-z0-9-]+\.(?:amazonaws\.com|api\.aws)", "aws.bedrock"),
        (r"generativelanguage\.googleapis\.com", "gcp.gemini"),
        (r"aiplatform\.googleapis\.com", "gcp.vertex_ai"),
        (r"ml\.cloud\.ibm\.com", "ibm.watsonx.ai"),
        (r"api\.cohere\.(?:com|ai)", "cohere"),
        (r"api\.deepseek\.com", "deepseek"),
        (r"api\.groq\.com", "groq"),
        (r"api\.mistral\.ai", "mistral_ai"),
        (r"api\.moonshot\.(?:ai|cn)", "moonshot_ai"),
        (r"api\.perplexity\.ai", "perplexity"),
        (r"api\.x\.ai", "x_ai"),
    )
)
_BY_KIND: Final = {
    "openai": "openai",
    "openai_chat": "openai",
    "anthropic": "anthropic",
    "gemini": "gcp.gemini",
    "openrouter": "openrouter",  # no name of the conventions; a custom one is allowed
    "ollama": "ollama",  # as above
}


def provider_name(*, host: str | None, kind: str | None, provider: str | None) -> str | None:
    """What the conventions call a provider: by its address, else by its wire, else by our record's id.

    The address comes first: many vendors speak the wire of another one.
    """
    for pattern, name in _BY_HOST if host else ():
        if pattern.match(host or ""):
            return name
    return _BY_KIND.get(kind or "", provider)
