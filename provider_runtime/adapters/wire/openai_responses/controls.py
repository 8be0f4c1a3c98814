"""Sampling, reasoning, labels and verbatim options: what a request asks for besides its conversation."""

from typing import Any, Final

from provider_runtime.adapters.wire.openai_responses.draft import Draft
from provider_runtime.adapters.wire.openai_responses.families import Sampling
from provider_runtime.domain.conversation.request import (
    Effort,
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningOff,
)
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.json_values import JsonObject, JsonValue

ENCRYPTED_REASONING: Final = "reasoning.encrypted_content"

_MAX_LABELS: Final = 16
_MAX_LABEL_KEY: Final = 64
_MAX_LABEL_VALUE: Final = 512

_RANKS: Final = {effort: rank for rank, effort in enumerate(Effort)}
# A budget counts as the weakest effort whose usual amount of thinking covers it.
_BUDGETS: Final = (
    (1_024, Effort.MINIMAL),
    (4_096, Effort.LOW),
    (16_384, Effort.MEDIUM),
    (32_768, Effort.HIGH),
    (65_536, Effort.XHIGH),
)
_HINTS: Final = ("top_k", "seed", "frequency_penalty", "presence_penalty")
# Fields of the body that a canonical field or this wire decides.
_TAKEN: Final = frozenset(
    {
        "model",
        "input",
        "store",
        "stream",
        "tool_choice",
        "parallel_tool_calls",
        "temperature",
        "top_p",
        "max_output_tokens",
        "metadata",
    }
)
_TAKEN_INSIDE: Final = {"text": "format", "reasoning": "effort"}
_LISTS: Final = frozenset({"tools", "include"})


def refuse_what_cannot_be_said(request: ProviderRequest) -> None:
    """Raise for stop sequences, which the API does not know, and for labels beyond its limits."""
    if request.stop:
        raise IntentUnsupported(
            field="stop",
            message="the Responses API has no stop sequences",
            remedy="Drop `stop`, or use a provider of kind `openai_chat`.",
        )
    labels = request.metadata
    if len(labels) > _MAX_LABELS:
        raise _invalid("metadata", f"the API takes at most {_MAX_LABELS} entries, not {len(labels)}")
    for key, value in labels.items():
        if len(key) > _MAX_LABEL_KEY or len(str(value)) > _MAX_LABEL_VALUE:
            raise _invalid(
                "metadata", f"a key has at most {_MAX_LABEL_KEY} characters, and a value at most {_MAX_LABEL_VALUE}"
            )


def add_sampling(body: dict[str, Any], request: ProviderRequest, draft: Draft) -> None:
    """The sampling controls that the model accepts; a warning for each other one."""
    if request.max_output_tokens is not None:
        body["max_output_tokens"] = request.max_output_tokens
    for name in _HINTS:
        if getattr(request, name) is not None:
            draft.warn(WarningCode.DROPPED_CONTROL, f"{name} was left out: the Responses API has no such field")
    if request.temperature is None and request.top_p is None:
        return
    accepted = _accepts_sampling(body, draft)
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is None:
            continue
        if accepted:
            body[name] = value
        else:
            draft.warn(WarningCode.DROPPED_CONTROL, f"{name} was left out: this model refuses it while it reasons")
    if accepted and request.temperature is not None and request.top_p is not None:
        draft.warn(WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET, "temperature and top_p are both set; set one of them")


def _accepts_sampling(body: dict[str, Any], draft: Draft) -> bool:
    family = draft.family
    if family.sampling is Sampling.WITHOUT_REASONING:
        asked = body.get("reasoning")
        return family.rests if asked is None else asked["effort"] == "none"
    return family.sampling is Sampling.ALWAYS


def add_reasoning(body: dict[str, Any], request: ProviderRequest, draft: Draft) -> None:
    """``reasoning.effort`` as near to what is asked as the model comes; and reasoning that can be sent back."""
    effort = _effort_for(request.reasoning, draft) if request.reasoning is not None else None
    if effort is not None:
        body["reasoning"] = {"effort": effort}
    encrypts = draft.family.encrypts
    if encrypts or (encrypts is None and effort not in {None, "none"}):
        body["include"] = [ENCRYPTED_REASONING]


def _effort_for(reasoning: Reasoning, draft: Draft) -> str | None:
    family = draft.family
    if isinstance(reasoning, ReasoningOff) and family.reasons is False:
        return None  # nothing to turn off
    if family.efforts == ():
        draft.warn(WarningCode.DROPPED_CONTROL, "reasoning was left out: this model does not let it be set")
        return None
    if isinstance(reasoning, ReasoningOff):
        if family.can_rest or family.efforts is None:
            return "none"
        weakest = family.efforts[0]
        draft.warn(WarningCode.REASONING_APPROXIMATED, f"this model cannot stop reasoning; effort {weakest} was asked")
        return weakest.value
    if isinstance(reasoning, ReasoningBudget):
        wanted = next((effort for limit, effort in _BUDGETS if reasoning.max_tokens <= limit), Effort.MAX)
        nearest = _nearest(wanted, family.efforts)
        draft.warn(
            WarningCode.REASONING_APPROXIMATED,
            f"the API takes no token budget for reasoning; effort {nearest} was asked",
        )
        return nearest.value
    nearest = _nearest(reasoning.effort, family.efforts)
    if nearest is not reasoning.effort:
        draft.warn(
            WarningCode.REASONING_APPROXIMATED,
            f"this model does not know effort {reasoning.effort}; effort {nearest} was asked",
        )
    return nearest.value


def _nearest(wanted: Effort, known: tuple[Effort, ...] | None) -> Effort:
    if known is None or wanted in known:
        return wanted
    rank = _RANKS[wanted]
    return min(known, key=lambda effort: (abs(_RANKS[effort] - rank), _RANKS[effort]))


def add_options(body: dict[str, Any], options: JsonObject) -> None:
    """The caller's verbatim fields for this provider.

    They add to ``tools``, ``include``, ``text`` and ``reasoning``, and say what no canonical field
    says. Raises ``RequestInvalid`` for one that would decide what a canonical field decides.
    """
    for name, value in options.items():
        if name in _TAKEN:
            raise _taken(name)
        if name in _TAKEN_INSIDE:
            body[name] = _merged(name, body.get(name, {}), value)
        elif name in _LISTS:
            body[name] = _joined(name, body.get(name, []), value)
        else:
            body[name] = value


def _merged(name: str, ours: dict[str, Any], theirs: JsonValue) -> dict[str, Any]:
    if not isinstance(theirs, JsonObject):
        raise _invalid(f"provider_options.{name}", "this field is an object")
    if _TAKEN_INSIDE[name] in theirs:
        raise _taken(f"{name}.{_TAKEN_INSIDE[name]}")
    return {**ours, **theirs}


def _joined(name: str, ours: list[Any], theirs: JsonValue) -> list[Any]:
    if not isinstance(theirs, tuple):
        raise _invalid(f"provider_options.{name}", "this field is a list")
    return [*ours, *(item for item in theirs if item not in ours)]


def _taken(name: str) -> RequestInvalid:
    return RequestInvalid(
        field=f"provider_options.{name}",
        message=f"`{name}` is decided by the request itself or by this wire",
        remedy="Use the field of the request that says it, and take it out of provider_options.",
    )


def _invalid(field: str, message: str) -> RequestInvalid:
    return RequestInvalid(field=field, message=message, remedy="Change the request to what the API accepts.")
