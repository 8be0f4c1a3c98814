"""How hard the model thinks, and how much it may write: the two share one allowance."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from provider_runtime.adapters.wire.anthropic_messages.encoding import Block, Encoding
from provider_runtime.adapters.wire.anthropic_messages.families import Off, Thinking
from provider_runtime.adapters.wire.anthropic_messages.tools import is_forced
from provider_runtime.domain.conversation.request import (
    Effort,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.warnings import WarningCode

DEFAULT_MAX_TOKENS: Final = 4096
MIN_BUDGET: Final = 1024  # the API refuses less

# Tokens of thinking for families that know budgets only, and the way back for those that know
# effort only. Ours: the vendor gives no such table.
_BUDGETS: Final[Mapping[Effort, int]] = MappingProxyType(
    {
        Effort.MINIMAL: 1024,
        Effort.LOW: 2048,
        Effort.MEDIUM: 8192,
        Effort.HIGH: 16384,
        Effort.XHIGH: 24576,
        Effort.MAX: 32000,
    }
)
_RANK: Final = tuple(Effort)  # in rising order


@frozen(kw_only=True)
class Plan:
    """``max_tokens``, and the thinking and effort fields to send, each ``None`` if not sent."""

    max_tokens: int
    thinking: Block | None = None
    effort: str | None = None

    @property
    def thinks(self) -> bool:
        """Whether the model is asked to think."""
        return self.thinking is not None and self.thinking["type"] in {"enabled", "adaptive"}


def plan(request: ProviderRequest, turns: list[dict[str, Any]], limit: int | None, encoding: Encoding) -> Plan:
    """The allowance and the thinking of one request; ``limit`` is what the model can write at most.

    Reasoning is a hint: where the model cannot follow it, it is approximated or left out, with a
    warning. Raises ``RequestInvalid`` for a budget that leaves no room for an answer.
    """
    if request.max_output_tokens is not None:
        return _planned(request, turns, request.max_output_tokens, encoding)
    planned = _planned(request, turns, limit, encoding)
    why = "the most the model can write" if limit is not None else "no limit of the model is known"
    encoding.warn(
        WarningCode.DEFAULT_MAX_TOKENS_APPLIED, f"no max_output_tokens was given: {planned.max_tokens}, {why}"
    )
    return planned


def _planned(request: ProviderRequest, turns: list[dict[str, Any]], allowance: int | None, encoding: Encoding) -> Plan:
    reasoning = request.reasoning
    max_tokens = allowance or DEFAULT_MAX_TOKENS
    if reasoning is None:
        return Plan(max_tokens=max_tokens)
    if isinstance(reasoning, ReasoningOff):
        return Plan(max_tokens=max_tokens, thinking=_off(encoding))
    style = encoding.family.thinking
    if style is Thinking.ADAPTIVE or (style is Thinking.EITHER and isinstance(reasoning, ReasoningEffort)):
        effort = _effort(reasoning, encoding)
        return Plan(max_tokens=max_tokens, thinking={"type": "adaptive"}, effort=effort.value)
    obstacle = "this model does not think" if style is Thinking.NEVER else _obstacle(request, turns)
    if obstacle is not None:
        encoding.dropped("reasoning", obstacle)
        return Plan(max_tokens=max_tokens)
    return _budgeted(reasoning, allowance, encoding)


def _off(encoding: Encoding) -> Block | None:
    off = encoding.family.off
    if off is Off.DISABLED:
        return {"type": "disabled"}
    if off is Off.BETWEEN_TOOLS:
        encoding.warn(WarningCode.REASONING_APPROXIMATED, "this model always thinks a little between tool calls")
        return {"type": "between_tools"}
    if off is Off.IMPOSSIBLE:
        encoding.dropped("reasoning", "this model cannot be told not to think")
    return None


def _effort(reasoning: ReasoningEffort | ReasoningBudget, encoding: Encoding) -> Effort:
    """The effort to send: the one asked for, else the nearest below that the family knows."""
    if isinstance(reasoning, ReasoningEffort):
        wanted = reasoning.effort
    else:
        fitting = [effort for effort, budget in _BUDGETS.items() if budget <= reasoning.max_tokens]
        wanted = fitting[-1] if fitting else Effort.MINIMAL
    known = encoding.family.efforts
    below = [effort for effort in known if _RANK.index(effort) <= _RANK.index(wanted)]
    chosen = below[-1] if below else known[0]
    if isinstance(reasoning, ReasoningBudget) or chosen is not wanted:
        encoding.warn(WarningCode.REASONING_APPROXIMATED, f"reasoning was asked for as effort {chosen.value}")
    return chosen


def _obstacle(request: ProviderRequest, turns: list[dict[str, Any]]) -> str | None:
    """Why thinking with a budget would be refused for this conversation."""
    if is_forced(request):
        return "this model does not think when a tool call is insisted on"
    last = turns[-1] if turns else None
    if last is None:
        return None
    if last["role"] == "assistant":
        return "this model does not think when it continues an answer"
    answers_tools = last["content"][0]["type"] == "tool_result"
    if answers_tools and len(turns) > 1 and not turns[-2]["content"][0]["type"].endswith("thinking"):
        return "the turn that called the tools did not think, and thinking cannot begin in its middle"
    return None


def _budgeted(reasoning: ReasoningEffort | ReasoningBudget, allowance: int | None, encoding: Encoding) -> Plan:
    if isinstance(reasoning, ReasoningEffort):
        wanted = _BUDGETS[reasoning.effort]
        room = allowance // 2 if allowance is not None else wanted  # at least half is left for the answer
        budget = max(MIN_BUDGET, min(wanted, room))
        encoding.warn(WarningCode.REASONING_APPROXIMATED, f"reasoning was asked for as {budget} tokens at most")
    else:
        wanted = reasoning.max_tokens
        if allowance is not None and wanted >= allowance:
            raise encoding.invalid(
                "reasoning",
                f"{wanted} tokens of thinking leave nothing of {allowance} for the answer",
                "Raise max_output_tokens above the budget, or lower the budget.",
            )
        budget = max(MIN_BUDGET, wanted)
        if budget > wanted:
            encoding.warn(WarningCode.REASONING_APPROXIMATED, f"{MIN_BUDGET} tokens of thinking are the least there is")
    if allowance is not None and budget >= allowance:
        encoding.dropped("reasoning", f"an answer of {allowance} tokens leaves no room for it")
        return Plan(max_tokens=allowance)
    max_tokens = DEFAULT_MAX_TOKENS + budget if allowance is None else allowance
    return Plan(max_tokens=max_tokens, thinking={"type": "enabled", "budget_tokens": budget})
