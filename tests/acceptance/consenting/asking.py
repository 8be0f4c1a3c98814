"""A question put and approved, and what these tests say."""

from typing import Any

from provider_runtime import (
    CallOptions,
    ConsentTerms,
    ProviderRuntime,
    RetryPolicy,
)

WORDS = "the patient is called Wilhelmina"
TALK = CallOptions(conversation_id="chat-7")
PATIENT = RetryPolicy(initial_backoff_ms=1, max_backoff_ms=2)


async def consented(
    runtime: ProviderRuntime, request: Any, options: CallOptions | None = None, terms: ConsentTerms | None = None
) -> str:
    question = await runtime.request_consent(request, options)
    receipt = await runtime.consents.approve(question.request_id, user_id="ada", terms=terms or ConsentTerms())
    return receipt.consent_id
