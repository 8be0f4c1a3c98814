"""OpenRouter: Chat Completions with fallback models, attribution, replayable reasoning and reported cost."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import evolve

from provider_runtime.adapters.wire.chat_completions.dialect import (
    ControlNames,
    CostReport,
    Dialect,
    DocumentForm,
    ReasoningControl,
    ThinkingReplay,
)
from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.domain.identity import OPENROUTER
from provider_runtime.domain.json_values import JsonObject, JsonValue

OPENROUTER_CHAT: Final = Dialect(
    name="openrouter",
    api_version="1.0.0",
    chat_path="/api/v1/chat/completions",
    models_path="/api/v1/models",
    controls=ControlNames(top_k="top_k", max_output_tokens="max_completion_tokens"),
    reasoning=ReasoningControl.OBJECT,
    thinking=ThinkingReplay.REASONING,
    refusals=True,
    documents=DocumentForm.FILE_OR_URL,
    assistant_images=True,
    audio_formats=("wav", "mp3", "flac", "m4a", "ogg", "aac", "aiff"),
    media_in_tool_results=True,
    tools_beside_results=True,
    metadata=True,
    cache_control=True,
    router=True,
    cost=CostReport.USAGE_COST,
)

_HEADER_TEXT: Final = re.compile(r"[\x20-\x7e]{1,512}")
# Each check says what the value must be, or nothing when it is.
_Check = Callable[[JsonValue], "str | None"]


def openrouter_dialect(options: JsonObject) -> Dialect:
    """OpenRouter with the options of a provider record.

    ``http_referer`` and ``x_title`` say who is calling; ``fallback_models`` are tried after the
    model of the request; the others are sent with every request unless it says otherwise.
    Raises ``InvalidProviderConfig`` naming the option that is unknown or cannot be right.
    """
    for name, value in options.items():
        check = _CHECKS.get(name)
        fault = "is not an option of OpenRouter" if check is None else check(value)
        if fault is not None:
            raise InvalidProviderConfig(
                provider=OPENROUTER,
                field=f"options.{name:.80}",
                message=f"option {name!r:.80} {fault}",
                remedy=f"The options are: {', '.join(_CHECKS)}.",
            )
    headers = tuple((header, str(options[name])) for name, header in _HEADERS.items() if name in options)
    fallbacks = options.get("fallback_models")
    return evolve(
        OPENROUTER_CHAT,
        headers=headers,
        fallback_models=tuple(str(model) for model in fallbacks) if isinstance(fallbacks, tuple) else (),
        defaults=JsonObject(
            (_RENAMED.get(name, name), value)
            for name, value in options.items()
            if name not in _HEADERS and name != "fallback_models"
        ),
    )


def _number(low: float, high: float) -> _Check:
    def check(value: JsonValue) -> str | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return None if fits else f"must be a number from {low:g} to {high:g}"

    return check


def _whole(low: int, high: int) -> _Check:
    def check(value: JsonValue) -> str | None:
        return None if type(value) is int and low <= value <= high else f"must be a whole number from {low} to {high}"

    return check


def _text(longest: int) -> _Check:
    def check(value: JsonValue) -> str | None:
        fits = isinstance(value, str) and value.strip() and len(value) <= longest
        return None if fits else f"must be text of at most {longest} characters, and not blank"

    return check


def _flag(value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _object(value: JsonValue) -> str | None:
    return None if isinstance(value, JsonObject) else "must be an object"


def _objects(value: JsonValue) -> str | None:
    fits = isinstance(value, tuple) and all(isinstance(item, JsonObject) for item in value)
    return None if fits else "must be a list of objects"


def _models(value: JsonValue) -> str | None:
    fits = isinstance(value, tuple) and value and all(isinstance(item, str) and item.strip() for item in value)
    return None if fits else "must be a list of model ids"


def _bias(value: JsonValue) -> str | None:
    weights = value.values() if isinstance(value, JsonObject) else (None,)
    fits = all(isinstance(weight, int | float) and not isinstance(weight, bool) for weight in weights)
    return None if fits else "must map tokens to numbers"


def _route(value: JsonValue) -> str | None:
    return None if value in {"fallback", "sort"} else "must be 'fallback' or 'sort'"


def _text_only(value: JsonValue) -> str | None:
    return None if value == ("text",) else "must be ['text']: other output is not read"


def _header(value: JsonValue) -> str | None:
    fits = isinstance(value, str) and value.strip() and _HEADER_TEXT.fullmatch(value)
    return None if fits else "must be one line of printable ASCII"


_HEADERS: Final[Mapping[str, str]] = MappingProxyType({"http_referer": "http-referer", "x_title": "x-title"})
_RENAMED: Final[Mapping[str, str]] = MappingProxyType({"provider_preferences": "provider"})
_CHECKS: Final[Mapping[str, _Check]] = MappingProxyType(
    {
        "http_referer": _header,
        "x_title": _header,
        "fallback_models": _models,
        "provider_preferences": _object,
        "plugins": _objects,
        "parallel_tool_calls": _flag,
        "frequency_penalty": _number(-2, 2),
        "presence_penalty": _number(-2, 2),
        "logit_bias": _bias,
        "logprobs": _flag,
        "top_logprobs": _whole(0, 20),
        "reasoning": _object,
        "seed": _whole(-(2**63), 2**63 - 1),
        "user": _text(512),
        "session_id": _text(128),
        "trace": _object,
        "route": _route,
        "max_tokens": _whole(1, 2**32 - 1),
        "modalities": _text_only,
    }
)
