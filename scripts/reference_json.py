"""The page about the JSON form of requests and responses, with examples that are really written and read."""

import json
from decimal import Decimal
from typing import Final

from attrs import fields
from markdown_tables import code, table

from provider_runtime.adapters.serialization import make_converter, request_to_json, response_to_json
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    ImagePart,
    InlineData,
    MediaUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from provider_runtime.domain.conversation.request import (
    JsonSchemaFormat,
    ProviderRequest,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.response import (
    AssistantOutput,
    Attempt,
    CallWarning,
    FinishReason,
    ProviderResponse,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolChoiceSpecific, ToolDefinition
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.identity import ANTHROPIC, CallId, RuntimeId
from provider_runtime.domain.json_values import freeze_object

_CALL: Final = ToolCall(id="toolu_01", name="get_weather", arguments_json=freeze_object({"city": "Bonn"}))
_SIGNATURE: Final = Signature(provider=ANTHROPIC, wire="anthropic_messages", value="EqoBCkgIARABGAIiQL8x")
_CITY: Final = freeze_object(
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
)
REQUEST: Final = ProviderRequest(
    model="anthropic:claude-sonnet-4-5",
    messages=(
        system(TextPart("You are terse.", cache=CacheBoundary(ttl="1h"))),
        user(
            "What is the weather where this was taken?",
            ImagePart(source=InlineData(media_type="image/png", data=b"\x89PNG\r\n\x1a\n"), detail="low"),
            ImagePart(source=MediaUrl(url="https://example.com/skyline.jpg")),
        ),
        assistant(
            ThinkingPart(text="That is Bonn.", signature=_SIGNATURE, provider=ANTHROPIC),
            ToolCallPart(_CALL),
        ),
        tool_result(_CALL, {"celsius": 21}),
    ),
    tools=(ToolDefinition(name="get_weather", description="The weather in a city, now.", parameters_schema=_CITY),),
    tool_choice=ToolChoiceSpecific("get_weather"),
    response_format=JsonSchemaFormat(name="place", schema=_CITY),
    max_output_tokens=1024,
    stop=("END",),
    reasoning=ReasoningEffort("low"),
    parallel_tool_calls=False,
    metadata={"user_id": "u-17"},
    provider_options={"anthropic": {"service_tier": "auto"}},
)
RESPONSE: Final = ProviderResponse(
    output=AssistantOutput(
        content=(ThinkingPart(text="Bonn.", signature=_SIGNATURE, provider=ANTHROPIC), TextPart('{"city":"Bonn"}')),
        structured_output={"city": "Bonn"},
    ),
    provider=ANTHROPIC,
    model="claude-sonnet-4-5-20250929",
    finish_reason=FinishReason.STOP,
    usage=Usage(input_tokens=812, output_tokens=31, cached_input_tokens=640, total_tokens=843),
    cost=CostBreakdown(
        input_cost=Decimal("0.000516"),
        cached_input_cost=Decimal("0.000192"),
        output_cost=Decimal("0.000465"),
        total_cost=Decimal("0.001173"),
        pricing_source=PricingSource.CONFIGURED,
    ),
    warnings=(CallWarning("tool_result_coerced", "messages[3].content[0]: a JSON result was sent as text"),),
    response_id="msg_01",
    provider_request_id="req_01",
    call_id=CallId("call_01"),
    runtime_id=RuntimeId("rt_01"),
    attempts=(
        Attempt(number=1, outcome="overloaded", duration_s=0.21, status_code=529),
        Attempt(number=2, outcome="answered", duration_s=1.37, wait_s=0.75),
    ),
    duration_s=2.33,
)
SHORT: Final = {
    "model": "anthropic:claude-sonnet-4-5",
    "messages": [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": ["Why is the sky blue?"]},
    ],
    "tool_choice": "auto",
    "reasoning": "off",
}
FULL: Final = ProviderRequest(
    model="anthropic:claude-sonnet-4-5",
    messages=(system("You are terse."), user("Why is the sky blue?")),
    reasoning=ReasoningOff(),
)
_SHORT_FORMS: Final = (
    (
        '`"role": "user"`',
        '`"role": {"type": "user"}`',
        "a member of a closed set, or a value without fields, as its name",
    ),
    (
        '`"model": "anthropic:claude-sonnet-4-5"`',
        '`"model": {"model_id": "claude-sonnet-4-5", "provider_hint": "anthropic"}`',
        "a model as text; the first colon splits",
    ),
    (
        '`"content": "Hello."`',
        '`"content": [{"type": "text", "text": "Hello."}]`',
        "the content of a message, a part of it, or the content of a tool result as text",
    ),
    (
        '`{"type": "openai"}`, `{"type": "other", "name": "acme"}`',
        '`"openai"`, `"acme"`',
        "a provider id, tagged; it is written as plain text",
    ),
)


def request_json_page() -> str:
    """The canonical form, and what else is read."""
    converter = make_converter()
    return f"""# Requests and responses as JSON

`request_from_json`, `request_to_json`, `response_from_json` and `response_to_json` in
`provider_runtime.adapters.serialization` read and write them; `provider-runtime run --request FILE` reads the same.
What is written has one form, and reads back equal. Unknown fields, missing tags, text for a number and keys that stand
twice are refused, with the path to the place.

- An object for each value, under the names of its fields.
- A field that has a default and holds nothing (`null`, no items, `false`) is left out.
- What is one of several kinds says which under `type`, and so does a member of a closed set.
- Ids of providers, calls and runtimes are plain text. Amounts of money are text. Bytes are base64.

## A request

{_fenced(request_to_json(converter, REQUEST))}

## A response

{_fenced(response_to_json(converter, RESPONSE))}

## Short forms

A request that a person writes may be shorter. Everything else must be as above.

{table(("may be written", "stands for", "what"), _SHORT_FORMS)}
So this is a whole request:

{_fenced(json.dumps(SHORT).encode())}

and means the same as this, which is how it is written:

{_fenced(request_to_json(converter, FULL))}

The fields of a request: {", ".join(code(each.name) for each in fields(ProviderRequest) if each.init)}.
Each is described in the docstring of its class, in `provider_runtime.domain.conversation`.
"""


def _fenced(document: bytes) -> str:
    return "```json\n" + json.dumps(json.loads(document), indent=2, ensure_ascii=False) + "\n```"
