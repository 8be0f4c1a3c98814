"""The vendors' own client libraries read the same out of an answer, and would have sent the same fields.

They are never needed to run the product: the extra `sdks` installs them, and without it these
tests are skipped.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from all_wires import WIRES, Wire, a_reply
from attrs import evolve
from field_cases import CASES
from shared_data import reply_body, require_shared

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CallRefused, ProtocolError, ProviderStatusError

pydantic = pytest.importorskip("pydantic", reason="the extra `sdks` is not installed")

_BY_NAME = {wire.name: wire for wire in WIRES}


def _library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed: it comes with the extra `sdks`")


# ── what each library sees in an answer ─────────────────────────────────────────────────────


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    read = _library("openai.types.chat").ChatCompletion.construct(**body)
    message, usage = read.choices[0].message, read.usage
    return {
        "text": message.content,
        "calls": [(call.id, call.function.name, _json(call.function.arguments)) for call in message.tool_calls or ()],
        "finish": read.choices[0].finish_reason,
        "model": read.model,
        "id": read.id,
        "input": _of(usage, "prompt_tokens"),
        "output": _of(usage, "completion_tokens"),
        "total": _of(usage, "total_tokens"),
        "cached": _of(usage, "prompt_tokens_details", "cached_tokens"),
        "reasoning": _of(usage, "completion_tokens_details", "reasoning_tokens"),
    }


def _responses(body: dict[str, Any]) -> dict[str, Any]:
    read = _library("openai.types.responses").Response.construct(**body)
    calls = [item for item in read.output if item.type == "function_call"]
    return {
        "text": read.output_text,
        "calls": [(call.call_id, call.name, _json(call.arguments)) for call in calls],
        "finish": _of(read, "incomplete_details", "reason"),
        "model": read.model,
        "id": read.id,
        "input": _of(read.usage, "input_tokens"),
        "output": _of(read.usage, "output_tokens"),
        "total": _of(read.usage, "total_tokens"),
        "cached": _of(read.usage, "input_tokens_details", "cached_tokens"),
        "reasoning": _of(read.usage, "output_tokens_details", "reasoning_tokens"),
    }


def _messages(body: dict[str, Any]) -> dict[str, Any]:
    read = _library("anthropic.types").Message.construct(**body)
    usage = read.usage
    counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    # Work that the server did in rounds of its own stands beside these counts: it is billed, and the library leaves
    # the sum to its callers.
    rounds = bool(body["usage"].get("iterations"))
    return {
        "text": "".join(block.text for block in read.content if block.type == "text"),
        "calls": [(block.id, block.name, block.input) for block in read.content if block.type == "tool_use"],
        "finish": read.stop_reason,
        "model": read.model,
        "id": read.id,
        "input": None if rounds else sum(_of(usage, name) or 0 for name in counted),
        "output": None if rounds else usage.output_tokens,
    }


def _generated(body: dict[str, Any]) -> dict[str, Any]:
    read = _library("google.genai.types").GenerateContentResponse.model_validate(body, extra="ignore")
    usage = read.usage_metadata
    parts = (_of(read.candidates[0], "content", "parts") if read.candidates else None) or ()
    calls = [part.function_call for part in parts if part.function_call]
    counted = [_of(usage, name) for name in ("prompt_token_count", "tool_use_prompt_token_count")]
    return {
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "calls": [(call.id, call.name, call.args or {}) for call in calls],
        "finish": None,
        "model": read.model_version,
        "id": read.response_id,
        "input": sum(count or 0 for count in counted) if any(counted) else None,
        "total": _of(usage, "total_token_count"),
        "cached": _of(usage, "cached_content_token_count"),
        "reasoning": _of(usage, "thoughts_token_count"),
    }


def _ollama(body: dict[str, Any]) -> dict[str, Any]:
    # By its inner module: a folder of these tests is called ollama, too.
    read = _library("ollama._types").ChatResponse(**body)
    calls = read.message.tool_calls or ()
    return {
        "text": read.message.content,
        "calls": [(None, call.function.name, dict(call.function.arguments)) for call in calls],
        "finish": read.done_reason,
        "model": read.model,
        "input": read.prompt_eval_count,
        "output": read.eval_count,
    }


def _of(value: Any, *names: str) -> Any:
    for name in names:
        value = getattr(value, name, None)
    return value


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def ours(response: ProviderResponse) -> dict[str, Any]:
    """The same view of our response."""
    usage = response.usage
    return {
        "text": response.text,
        "calls": [(call.id, call.name, json.loads(json.dumps(call.arguments_json))) for call in response.tool_calls],
        "finish": response.finish_reason.value,
        "model": response.model,
        "id": response.response_id,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "total": usage.total_tokens,
        "cached": usage.cached_input_tokens,
        "reasoning": usage.reasoning_tokens,
    }


_VIEWS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "openai_chat": _chat,
    "openrouter": _chat,
    "openai_responses": _responses,
    "anthropic_messages": _messages,
    "gemini": _generated,
    "ollama": _ollama,
}
# What must be read from the libraries' words for how an answer ended; the rest says "stop", or is told by the calls.
_FINISHES = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}


def _differences(theirs: dict[str, Any], own: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where the library reads something that we do not; what it leaves out may be there."""
    own_calls = [
        (call_id if given[0] else given[0], name, arguments)
        for given, (call_id, name, arguments) in zip(theirs["calls"], own["calls"], strict=False)
    ]
    own = own | {"calls": own_calls if len(own_calls) == len(own["calls"]) else own["calls"]}
    finish = _FINISHES.get(theirs["finish"] or "", own["finish"])
    theirs = {name: value for name, value in theirs.items() if value not in (None, "")} | {"finish": finish}
    return {name: (value, own[name]) for name, value in theirs.items() if value != own[name]}


@pytest.mark.parametrize("name", _VIEWS)
def test_the_vendors_library_reads_the_same_out_of_every_captured_answer(name: str) -> None:
    require_shared("wire")
    wire, seen, differing = _BY_NAME[name], 0, {}
    for exchange in wire.captured_exchanges():
        body = exchange["response"].get("json")
        if exchange["response"]["status"] >= 300 or not isinstance(body, dict) or _is_out_of_date(body):
            continue
        try:
            response = wire.codec.decode(a_reply(reply_body(exchange)), wire.prepared())
        except (ProviderStatusError, ProtocolError):
            continue  # an error under a good status, or an answer that is not finished
        try:
            theirs = _VIEWS[name](body)
        except (pydantic.ValidationError, AttributeError):
            continue  # oddities that the library itself does not survive: numbers for names, members left out
        seen += 1
        differences = _differences(theirs, ours(response))
        if differences:
            differing[exchange["id"]] = differences
    assert differing == {}
    assert seen >= 10


def _is_out_of_date(body: dict[str, Any]) -> bool:
    """Whether it calls a function as Chat Completions did before it had tools; we read that as a tool call."""
    return any("function_call" in (choice.get("message") or {}) for choice in body.get("choices") or ())


# ── what each library would have sent ───────────────────────────────────────────────────────


def _completed(value: Any) -> Any:
    """The body with what the library's type insists on, and the servers, by captured requests, do not."""
    if isinstance(value, list):
        return [_completed(item) for item in value]
    if not isinstance(value, dict):
        return value
    whole = {key: _completed(item) for key, item in value.items()}
    if whole.get("type") == "input_image":
        whole.setdefault("detail", "auto")
    elif whole.get("type") == "output_text":
        whole.setdefault("annotations", [])
    elif whole.get("type") == "message" and whole.get("role") == "assistant":
        whole = {"id": "msg_1", "status": "completed"} | whole
    return whole


def _read_out(value: Any) -> Any:
    """What pydantic makes of a value, iterators read to their ends: only then are they checked."""
    if isinstance(value, dict):
        return {key: _read_out(item) for key, item in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return [_read_out(item) for item in value]


_TYPES = {
    "openai_chat": ("openai.types.chat.completion_create_params", "CompletionCreateParamsNonStreaming"),
    "openai_responses": ("openai.types.responses.response_create_params", "ResponseCreateParamsNonStreaming"),
    "anthropic_messages": ("anthropic.types.message_create_params", "MessageCreateParamsNonStreaming"),
}
# Older models still take these; the library's newest type no longer names them.
_RETIRED = {"anthropic_messages": {"temperature", "top_p", "top_k"}}


def _bodies(wire: Wire) -> list[tuple[str, dict[str, Any]]]:
    made = []
    for model_id in wire.models:
        for case in CASES:
            request = case.make(wire, model_id)
            handed = hand_off(request.messages, wire.codec.handoff_target(wire.provider, model_id))
            try:
                encoded = wire.codec.encode(evolve(request, messages=handed.messages), wire.provider)
            except CallRefused:
                continue
            if case.field != "ProviderRequest.provider_options":
                made.append((f"{model_id}: {case}", json.loads(encoded.body)))
    return made


@pytest.mark.parametrize("name", _TYPES)
def test_every_body_fits_the_type_of_the_vendors_library_and_has_no_field_that_it_does_not_know(name: str) -> None:
    module, kind = _TYPES[name]
    check = pydantic.TypeAdapter(getattr(_library(module), kind))
    faults = {}
    for case, written in _bodies(_BY_NAME[name]):
        body = _completed(written) if name == "openai_responses" else written
        body = {key: value for key, value in body.items() if key not in _RETIRED.get(name, ())}
        try:
            known = _read_out(check.validate_python(body))
        except pydantic.ValidationError as error:
            faults[case] = str(error)[:300]
            continue
        if known != body:
            faults[case] = "a field that the type does not name"
    assert faults == {}


def _faults(name: str, check: Callable[[dict[str, Any]], object]) -> dict[str, str]:
    faults = {}
    for case, body in _bodies(_BY_NAME[name]):
        try:
            check(body)
        except pydantic.ValidationError as error:
            faults[case] = str(error)[:300]
    return faults


def test_every_ollama_body_is_a_request_of_the_vendors_library() -> None:
    assert _faults("ollama", _library("ollama._types").ChatRequest.model_validate) == {}


def test_every_part_of_a_gemini_body_is_a_value_of_the_vendors_library() -> None:
    types = _library("google.genai.types")
    kinds = {
        "contents": list[types.Content],
        "systemInstruction": types.Content,
        "tools": list[types.Tool],
        "toolConfig": types.ToolConfig,
        "generationConfig": types.GenerationConfig,
    }
    checks = {name: pydantic.TypeAdapter(kind) for name, kind in kinds.items()}

    def check(body: dict[str, Any]) -> None:
        assert set(body) <= {*checks, "store"}
        for name in checks.keys() & body.keys():
            checks[name].validate_json(json.dumps(body[name]))

    assert _faults("gemini", check) == {}
