"""Chat Completions as OpenAI itself serves it, under ``/v1``. Reasoning is billed and not shown."""

from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.model import reply_to
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.chat.checks import OPENAI_FIELDS, OPENAI_MESSAGE, check_fields
from provider_runtime.testing.sandbox.wires.chat.completions import (
    check_conversation,
    check_is_post,
    completion_of,
    message_of,
    prompt_of,
)
from provider_runtime.testing.sandbox.wires.openai.checks import check_bearer, checked_object
from provider_runtime.testing.sandbox.wires.openai.responses_checks import REASONING_MODEL
from provider_runtime.testing.sandbox.wires.openai.voice import openai_failure, openai_headers, openai_refusal


@frozen
class OpenAIChat:
    """Stands in for the Chat Completions of ``api.openai.com``."""

    kind = ProviderKind.OPENAI_CHAT

    def serves(self, arrival: Arrival) -> bool:
        return arrival.path == "/v1/chat/completions"

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        check_is_post(arrival)
        check_bearer(arrival)
        body = checked_object(arrival)
        check_fields(body, OPENAI_FIELDS)
        check_conversation(body, OPENAI_MESSAGE)
        if REASONING_MODEL.match(body["model"]) and "max_tokens" in body:
            raise Refused(
                "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                code="unsupported_parameter",
                param="max_tokens",
            )
        effort = body.get("reasoning_effort")
        think = effort != "none" and (effort is not None or REASONING_MODEL.match(body["model"]) is not None)
        prompt = prompt_of(body, body["model"], think=think)
        reply = reply_to(prompt)
        message = message_of(reply, arrival, stamps) | {"refusal": None, "annotations": []}
        return as_json(200, completion_of(prompt, reply, message, arrival, stamps), openai_headers(arrival, stamps))

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:
        return openai_refusal(refused, arrival, stamps)

    def failure(self, status: int) -> Refused:
        return openai_failure(status)
