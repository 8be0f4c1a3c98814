"""How the model shall answer: the fields of ``generationConfig``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from provider_runtime.adapters.wire.gemini.encoding import Encoding
from provider_runtime.adapters.wire.gemini.families import ModelFamily, Thinking
from provider_runtime.adapters.wire.gemini.schemas import adapted
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonSchemaFormat,
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningOff,
    TextFormat,
)
from provider_runtime.domain.conversation.warnings import WarningCode

_MAX_STOPS: Final = 5
_MAX_INT32: Final = 2**31 - 1
# Tokens of thinking for families that know budgets only, and the way back for those that know
# levels only. Source: ai.google.dev, "OpenAI compatibility", which ends at "high".
_BUDGETS: Final[Mapping[Effort, int]] = MappingProxyType(
    {
        Effort.MINIMAL: 1024,
        Effort.LOW: 1024,
        Effort.MEDIUM: 8192,
        Effort.HIGH: 24_576,
        Effort.XHIGH: _MAX_INT32,
        Effort.MAX: _MAX_INT32,
    }
)
_RANK: Final = tuple(Effort)  # in rising order


def generation_config(request: ProviderRequest, encoding: Encoding) -> dict[str, Any]:
    """The controls of the request. Raises ``IntentUnsupported`` or ``RequestInvalid`` for what cannot be said."""
    config: dict[str, Any] = {}
    _add_sampling(request, config, encoding)
    limit = request.max_output_tokens
    if limit is not None:
        if limit > _MAX_INT32:
            encoding.warn(WarningCode.CLAMPED_CONTROL, f"max_output_tokens was lowered to {_MAX_INT32}")
        config["maxOutputTokens"] = min(limit, _MAX_INT32)
    if request.stop:
        if len(request.stop) > _MAX_STOPS:
            raise encoding.unsupported("stop", f"this wire takes at most {_MAX_STOPS} stop sequences", "Drop some.")
        config["stopSequences"] = request.stop
    if request.seed is not None:
        if abs(request.seed) > _MAX_INT32:
            encoding.dropped("seed", "this wire takes seeds of 32 bits")
        else:
            config["seed"] = request.seed
    _add_penalties(request, config, encoding)
    if not isinstance(request.response_format, TextFormat):
        _add_format(request, config, encoding)
    if request.reasoning is not None:
        thinking = _thinking_config(request.reasoning, encoding)
        if thinking is not None:
            config["thinkingConfig"] = thinking
    return config


def _add_sampling(request: ProviderRequest, config: dict[str, Any], encoding: Encoding) -> None:
    if request.temperature is not None and request.top_p is not None and encoding.family.sampling:
        encoding.warn(WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET, "temperature and top_p work against each other")
    controls = (
        ("temperature", "temperature", request.temperature),
        ("top_p", "topP", request.top_p),
        ("top_k", "topK", request.top_k),
    )
    for name, field, value in controls:
        if value is None:
            continue
        if not encoding.family.sampling:
            encoding.dropped(name, "this model pays no heed to it")
        elif value > _MAX_INT32:
            encoding.dropped(name, "this wire takes numbers of 32 bits")
        else:
            config[field] = value


def _add_penalties(request: ProviderRequest, config: dict[str, Any], encoding: Encoding) -> None:
    controls = (
        ("presence_penalty", "presencePenalty", request.presence_penalty),
        ("frequency_penalty", "frequencyPenalty", request.frequency_penalty),
    )
    for name, field, value in controls:
        if value is None:
            continue
        if encoding.family.penalties:
            config[field] = value
        else:
            encoding.dropped(name, "this model refuses it")


def _add_format(request: ProviderRequest, config: dict[str, Any], encoding: Encoding) -> None:
    if request.tools and not encoding.family.json_with_tools:
        raise encoding.unsupported(
            "response_format", "this model answers in JSON or calls tools, not both", "Use a Gemini 3 model, or a tool."
        )
    config["responseMimeType"] = "application/json"
    wanted = request.response_format
    if isinstance(wanted, JsonSchemaFormat):
        held = adapted(wanted.schema)
        if held.lost:
            encoding.warn(
                WarningCode.SCHEMA_CONSTRAINTS_NOT_ENFORCED, f"not known to this wire: {', '.join(sorted(held.lost))}"
            )
        config["responseJsonSchema"] = held.schema


# ── thinking ────────────────────────────────────────────────────────────────────────────────


def _thinking_config(reasoning: Reasoning, encoding: Encoding) -> dict[str, Any] | None:
    """Reasoning is a hint: where the model cannot follow it, it is approximated or left out, with a warning."""
    family = encoding.family
    if isinstance(reasoning, ReasoningOff):
        return _off(family, encoding)
    if family.thinking in {Thinking.NEVER, Thinking.UNTOLD}:
        never = family.thinking is Thinking.NEVER
        encoding.dropped("reasoning", "this model does not think" if never else "this model takes no word on it")
        return None
    if family.thinking is Thinking.BUDGET:
        return {"thinkingBudget": _budget(reasoning, family, encoding), "includeThoughts": True}
    return {"thinkingLevel": _level(reasoning, family, encoding), "includeThoughts": True}


def _off(family: ModelFamily, encoding: Encoding) -> dict[str, Any] | None:
    if family.thinking is Thinking.NEVER:
        return None
    if family.can_rest and family.thinking is Thinking.BUDGET:
        return {"thinkingBudget": 0}
    if family.thinking is Thinking.UNTOLD:
        encoding.dropped("reasoning", "this model cannot be told not to think")
        return None
    encoding.warn(WarningCode.REASONING_APPROXIMATED, "this model always thinks; it was asked for the least")
    if family.thinking is Thinking.BUDGET:
        return {"thinkingBudget": family.least_budget}
    return {"thinkingLevel": family.levels[0].upper()}


def _budget(reasoning: Reasoning, family: ModelFamily, encoding: Encoding) -> int:
    exact = isinstance(reasoning, ReasoningBudget)
    wanted = reasoning.max_tokens if isinstance(reasoning, ReasoningBudget) else _BUDGETS[_effort(reasoning)]
    budget = max(family.least_budget, min(wanted, family.most_budget))
    if not exact or budget != wanted:
        encoding.warn(WarningCode.REASONING_APPROXIMATED, f"reasoning was asked for as {budget} tokens at most")
    return budget


def _level(reasoning: Reasoning, family: ModelFamily, encoding: Encoding) -> str:
    """The level asked for, else the nearest below that the family knows, else its least."""
    wanted = _effort(reasoning)
    below = [level for level in family.levels if _RANK.index(level) <= _RANK.index(wanted)]
    chosen = below[-1] if below else family.levels[0]
    if isinstance(reasoning, ReasoningBudget) or chosen is not wanted:
        encoding.warn(WarningCode.REASONING_APPROXIMATED, f"reasoning was asked for as level {chosen.value}")
    return chosen.upper()


def _effort(reasoning: Reasoning) -> Effort:
    if isinstance(reasoning, ReasoningBudget):
        fitting = [effort for effort, budget in _BUDGETS.items() if budget <= reasoning.max_tokens]
        return fitting[-1] if fitting else Effort.MINIMAL
    return Effort.MINIMAL if isinstance(reasoning, ReasoningOff) else reasoning.effort
