"""How hard the model thinks: a switch, or a word for the families that know words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provider_runtime.adapters.wire.ollama.encoding import Encoding
from provider_runtime.adapters.wire.ollama.families import ModelFamily, family_of_model
from provider_runtime.domain.conversation.request import Effort, Reasoning, ReasoningEffort, ReasoningOff
from provider_runtime.domain.conversation.warnings import WarningCode

_RANK: Final = tuple(Effort)  # in rising order
# Tokens of thinking up to which a budget means this effort. Ours: the vendor gives no such table.
_BUDGETS: Final[Mapping[Effort, int]] = MappingProxyType({Effort.LOW: 4096, Effort.MEDIUM: 16384})


def think(reasoning: Reasoning, encoding: Encoding) -> bool | str | None:
    """The value of ``think``; ``None``: not sent. A hint: what cannot be followed is a warning."""
    family = family_of_model(encoding.model_id)
    if isinstance(reasoning, ReasoningOff):
        if not family.thinks:
            return None  # it would not have thought anyhow
        if family.can_stop:
            return False
        encoding.dropped("reasoning", "this model cannot be told not to think")
        return None
    if not family.thinks:
        encoding.dropped("reasoning", "this model does not think")
        return None
    if not family.levels:
        encoding.remark(WarningCode.REASONING_APPROXIMATED, "this model takes no word for how hard to think")
        return True
    wanted = reasoning.effort if isinstance(reasoning, ReasoningEffort) else _effort_of(reasoning.max_tokens)
    chosen = _nearest(wanted, family)
    if chosen is not wanted or not isinstance(reasoning, ReasoningEffort):
        encoding.remark(WarningCode.REASONING_APPROXIMATED, f"reasoning was asked for as {chosen.value}")
    return chosen.value


def _effort_of(budget: int) -> Effort:
    return next((effort for effort, most in _BUDGETS.items() if budget <= most), Effort.HIGH)


def _nearest(wanted: Effort, family: ModelFamily) -> Effort:
    """The effort asked for, else the nearest below that the family knows, else its least."""
    below = [level for level in family.levels if _RANK.index(level) <= _RANK.index(wanted)]
    return below[-1] if below else family.levels[0]
