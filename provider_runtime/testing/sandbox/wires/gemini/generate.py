"""Google's Gemini API: ``/v1beta/models`` and ``/v1beta/models/{model}:generateContent``."""

import re
from typing import Any, Final

from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.counting import tokens_in
from provider_runtime.testing.sandbox.model import Ending, Prompt, Reply, Tool, Wanted, reply_to
from provider_runtime.testing.sandbox.stamps import LETTERS, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.gemini.checks import check_access, checked
from provider_runtime.testing.sandbox.wires.gemini.turns import SCOPE

_MODELS: Final = "/v1beta/models"
_PATH: Final = re.compile(r"/v1beta/models/([^/:]+):generateContent")
# What the sandbox answers with a blocked prompt, as the API does with one that its filters turn down.
_BLOCKED: Final = "SANDBOX_BLOCK_THIS_PROMPT"
_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_LISTED: Final = (
    ("gemini-3-flash-preview", "Gemini 3 Flash Preview", 1_048_576, 65_536, "generateContent"),
    ("gemini-2.5-flash", "Gemini 2.5 Flash", 1_048_576, 65_536, "generateContent"),
    ("gemini-embedding-001", "Gemini Embedding 001", 2_048, 1, "embedContent"),
)


@frozen
class GeminiGenerate:
    """Stands in for ``generativelanguage.googleapis.com``."""

    kind = ProviderKind.GEMINI

    def serves(self, arrival: Arrival) -> bool:
        """Its own paths, and everything that carries its header."""
        return arrival.path.startswith("/v1beta/") or "x-goog-api-key" in arrival.headers

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        if (arrival.method, arrival.path) == ("GET", _MODELS):
            check_access(arrival)
            return as_json(200, _model_list(), _headers())
        found = _PATH.fullmatch(arrival.path)
        if arrival.method != "POST" or found is None:
            raise Refused("Not found", status=404, kind="NOT_FOUND")
        model = found[1]
        body = checked(arrival, model, stamps)
        prompt = _prompt(body, model)
        if _BLOCKED in prompt.text:
            blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": model}
            counts = {"promptTokenCount": prompt.input_tokens, "totalTokenCount": prompt.input_tokens}
            return as_json(200, {**blocked, "usageMetadata": counts}, _headers())
        return as_json(200, _response(body, prompt, reply_to(prompt), arrival, stamps), _headers())

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:  # noqa: ARG002 - the protocol's shape
        error: dict[str, Any] = {
            "code": refused.status,
            "message": refused.message,
            # Any other wire's name for a bad request would be a stranger here.
            "status": refused.kind if refused.kind.isupper() else _STATUSES.get(refused.status, "UNKNOWN"),
        }
        if refused.code is not None:
            info = {"reason": refused.code, "domain": "googleapis.com"}
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info}]
        if refused.status == 429:
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.05s"}]
        return as_json(refused.status, {"error": error}, _headers())

    def failure(self, status: int) -> Refused:
        kind = _STATUSES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
        return Refused(f"Sandbox: a scripted {kind}", status=status, kind=kind)


# ── reading ─────────────────────────────────────────────────────────────────────────────────


def _prompt(body: dict[str, Any], model: str) -> Prompt:
    said = [content["parts"] for content in body["contents"] if content.get("role", "user") == "user"]
    last = said[-1] if said else []
    texts = [part["text"] for parts in said for part in parts if "text" in part]
    own = [part["text"] for part in last if "text" in part]
    config = body.get("generationConfig") or {}
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    mode, allowed = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames") or []
    declared = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations") or ()]
    schema = config.get("responseJsonSchema")
    in_json = config.get("responseMimeType") == "application/json"
    return Prompt(
        model=model,
        text=" ".join(own) or (texts[-1] if texts else ""),
        media=sum("inlineData" in part or "fileData" in part for part in last),
        results=tuple(_result_text(part["functionResponse"]) for part in last if "functionResponse" in part),
        tools=tuple(Tool(name=one["name"], schema=one.get("parametersJsonSchema") or {}) for one in declared),
        may_call=mode != "NONE",
        must_call=mode == "ANY",
        named=allowed[0] if allowed else None,
        wanted=Wanted.JSON_SCHEMA if schema else Wanted.JSON_OBJECT if in_json else Wanted.TEXT,
        schema=schema,
        think=_thinks(config),
        max_tokens=config.get("maxOutputTokens", Prompt(model="", text="").max_tokens),
        stop=tuple(config.get("stopSequences") or ()),
        input_tokens=tokens_in(body.get("systemInstruction"), body["contents"], body.get("tools")),
    )


def _thinks(config: dict[str, Any]) -> bool:
    asked = config.get("thinkingConfig") or {}
    return bool(asked.get("thinkingLevel") or asked.get("thinkingBudget"))


def _result_text(result: dict[str, Any]) -> str:
    response = result["response"]
    value = response.get("result", response.get("error", response))
    return value if isinstance(value, str) else str(value)


# ── writing ─────────────────────────────────────────────────────────────────────────────────


def _response(body: dict[str, Any], prompt: Prompt, reply: Reply, arrival: Arrival, stamps: Stamps) -> dict[str, Any]:
    thinking = (body.get("generationConfig") or {}).get("thinkingConfig") or {}
    parts: list[dict[str, Any]] = []
    if reply.thinking and thinking.get("includeThoughts"):
        parts.append({"text": reply.thinking, "thought": True})
    spoken: list[dict[str, Any]] = []
    for number, call in enumerate(reply.calls):
        call_id = stamps.name(8, LETTERS, "call", str(number), arrival.body)
        spoken.append({"functionCall": {"id": call_id, "name": call.name, "args": call.arguments}})
    if reply.text:
        spoken.append({"text": reply.text})
    if spoken and (reply.thinking or reply.calls):
        # Of several parts only the first is signed.
        spoken[0]["thoughtSignature"] = stamps.sealed(SCOPE, reply.thinking or prompt.text)
    content: dict[str, Any] = {"role": "model"}
    if parts + spoken:  # what was cut short before it began has no parts at all
        content["parts"] = parts + spoken
    return {
        "candidates": [
            {
                "content": content,
                "finishReason": "MAX_TOKENS" if reply.ending is Ending.LENGTH else "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": _usage(prompt, reply),
        "modelVersion": prompt.model,
        "responseId": stamps.name(22, LETTERS, "answer", arrival.body),
    }


def _usage(prompt: Prompt, reply: Reply) -> dict[str, Any]:
    """Counters as this vendor keeps them: thinking stands beside the answer, and what is 0 is left out."""
    said = reply.output_tokens - reply.thinking_tokens
    counts = {
        "promptTokenCount": prompt.input_tokens,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": reply.thinking_tokens,
        "totalTokenCount": prompt.input_tokens + said + reply.thinking_tokens,
    }
    details = [{"modality": "TEXT", "tokenCount": prompt.input_tokens}]
    return {name: count for name, count in counts.items() if count} | {"promptTokensDetails": details}


def _model_list() -> dict[str, Any]:
    return {
        "models": [
            {
                "name": f"models/{model}",
                "displayName": name,
                "inputTokenLimit": window,
                "outputTokenLimit": longest,
                "supportedGenerationMethods": [method],
            }
            for model, name, window, longest, method in _LISTED
        ]
    }


def _headers() -> dict[str, str]:
    return {"x-gemini-service-tier": "standard"}
