"""What every server of Chat Completions does: what it reads in a request, and how it writes an answer."""

from typing import Any, Final

from provider_runtime.testing.sandbox.counting import cached_unasked, tokens_in
from provider_runtime.testing.sandbox.model import Ending, Prompt, Reply, Tool, Wanted
from provider_runtime.testing.sandbox.stamps import LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Arrival, Refused
from provider_runtime.testing.sandbox.wires.chat.checks import (
    check_controls,
    check_format,
    check_messages,
    check_tools,
    stops_of,
)
from provider_runtime.testing.sandbox.wires.wire import NO_SUCH_MODEL

_FINISH: Final = {
    Ending.STOP: "stop",
    Ending.STOP_SEQUENCE: "stop",
    Ending.LENGTH: "length",
    Ending.TOOL_CALLS: "tool_calls",
}


def check_is_post(arrival: Arrival) -> None:
    """The method that makes a completion."""
    if arrival.method != "POST":
        raise Refused(f"Not allowed to {arrival.method} on {arrival.path}.", status=405)


def check_conversation(body: dict[str, Any], message_fields: frozenset[str] | None) -> None:
    """Everything but the names of the fields. Raises ``Refused``."""
    for name in ("model", "messages"):
        if not body.get(name):
            raise Refused(f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    if body["model"] == NO_SUCH_MODEL:
        raise Refused(f"The model `{NO_SUCH_MODEL}` does not exist.", status=404, code="model_not_found")
    check_controls(body)
    check_tools(body)
    check_messages(body["messages"], message_fields)
    check_format(body)


def prompt_of(body: dict[str, Any], model: str, *, think: bool) -> Prompt:
    """What a checked body comes down to."""
    messages = body["messages"]
    said = [message for message in messages if message["role"] == "user"]
    spoken = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    after = messages[spoken[-1] + 1 :] if spoken else messages
    choice = body.get("tool_choice") or "auto"
    wanted = body.get("response_format") or {"type": "text"}
    return Prompt(
        model=model,
        text=_text(said[-1]["content"]) if said else "",
        media=sum(_media(message["content"]) for message in said[-1:]),
        results=tuple(_text(message["content"]) for message in after if message["role"] == "tool"),
        tools=tuple(
            Tool(name=tool["function"]["name"], schema=tool["function"].get("parameters") or {})
            for tool in body.get("tools") or ()
        ),
        may_call=choice != "none",
        must_call=choice == "required" or isinstance(choice, dict),
        named=choice["function"]["name"] if isinstance(choice, dict) else None,
        several_calls=body.get("parallel_tool_calls") is not False,
        wanted=Wanted(wanted["type"]),
        schema=(wanted.get("json_schema") or {}).get("schema"),
        think=think,
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 128_000,
        stop=tuple(stops_of(body)),
        input_tokens=tokens_in(messages, body.get("tools")),
        prior_tokens=tokens_in(messages[: spoken[-1]], body.get("tools")) if spoken else 0,
    )


def message_of(reply: Reply, arrival: Arrival, stamps: Stamps, *, call_prefix: str = "call_") -> dict[str, Any]:
    """The assistant message that carries ``reply``, without its reasoning."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.ending is Ending.LENGTH:
        message["content"] = reply.text
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call_prefix + stamps.name(24, LETTERS, "call", str(number), arrival.body),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_text},
            }
            for number, call in enumerate(reply.calls)
        ]
    return message


def finish_reason(reply: Reply) -> str:
    """Why the reply ended, as this protocol spells it."""
    return _FINISH[reply.ending]


def completion_of(
    prompt: Prompt, reply: Reply, message: dict[str, Any], arrival: Arrival, stamps: Stamps
) -> dict[str, Any]:
    """The whole answer around ``message``."""
    return {
        "id": "chatcmpl-" + stamps.name(29, LETTERS, "answer", arrival.body),
        "object": "chat.completion",
        "created": int(arrival.received_at.timestamp()),
        "model": prompt.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reply)}],
        "usage": {
            "prompt_tokens": prompt.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": prompt.input_tokens + reply.output_tokens,
            "prompt_tokens_details": {"cached_tokens": cached_unasked(prompt.prior_tokens), "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": reply.thinking_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content or () if part.get("type") == "text")


def _media(content: Any) -> int:
    return sum(part["type"] != "text" for part in content) if isinstance(content, list) else 0
