"""What an attempt is charged for, by how it ended. Source: reliability §2.2, column "settle", and §3.2."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import Delivery, ErrorCode, ProtocolError, ProviderError
from provider_runtime.domain.policy.budgets.holds import Fate, Line
from provider_runtime.domain.policy.budgets.limits import Unit

_MOST_TOKENS: Final = 10**9
_MOST_OVER: Final = 4  # an answer that is longer than it was allowed to be by more than this is not believed
_EMPTY_ANSWERS: Final = frozenset({204, 205})
# Looked up once: members of an enum are found slowly, and every answer asks for these.
_MILLISECONDS: Final = Unit.MILLISECONDS
_NANO_USD: Final = Unit.NANO_USD
_TOKENS: Final = Unit.TOKENS
_ESTIMATE: Final = Fate.ESTIMATE
_POSTED: Final = Fate.POSTED
_VOID: Final = Fate.VOID
Settling: TypeAlias = tuple[Fate, tuple[int, ...]]
"""What becomes of a hold, and what is posted for it, line by line."""
_FATES: Final = {
    Delivery.NOT_SENT: Fate.VOID,
    Delivery.REJECTED: Fate.VOID,
    Delivery.AMBIGUOUS: Fate.UNCONFIRMED,
    Delivery.ANSWERED_BAD: Fate.ESTIMATE,
}


def charges_of_answer(
    lines: Iterable[Line],
    units: Mapping[str, Unit],
    usage: Usage,
    nano_usd: int | None,
    longest: int | None,
    milliseconds: int,
) -> Settling:
    """What an attempt is charged for that was answered, as far as ``usage`` can be believed.

    ``units`` are those of the budgets, by name. ``nano_usd`` is what the answer costs, ``longest`` how many
    output tokens were allowed. Where nobody can say, what was held is charged.
    """
    tokens = _believed(usage, longest)
    fate, charges = _POSTED, []
    for line in lines:
        unit = units[line.account.budget]
        if unit is _NANO_USD:
            charge = None if tokens is None else nano_usd
        elif unit is _TOKENS:
            charge = tokens
        else:
            charge = milliseconds if unit is _MILLISECONDS else line.amount
        if charge is None:
            fate, charge = _ESTIMATE, line.amount
        charges.append(charge)
    return fate, tuple(charges)


def charges_of_failure(lines: Iterable[Line], units: Mapping[str, Unit], fate: Fate, milliseconds: int) -> Settling:
    """What an attempt is charged for that was not answered. Time has passed whatever became of it."""
    charges = [
        milliseconds if units[line.account.budget] is _MILLISECONDS else 0 if fate is _VOID else line.amount
        for line in lines
    ]
    return fate, tuple(charges)


def fate_of(error: ProviderError) -> Fate:
    """How the hold of a failed attempt is settled."""
    if isinstance(error, ProtocolError) and error.status_code in _EMPTY_ANSWERS:
        return Fate.VOID  # there was nothing to bill
    if error.code is ErrorCode.RESPONSE_TOO_LARGE:
        return Fate.UNCONFIRMED
    return _FATES[error.delivery]


def _believed(usage: Usage, longest: int | None) -> int | None:
    """The tokens of the answer; ``None`` where ``usage`` cannot be believed."""
    asked, answered = usage.input_tokens, usage.output_tokens
    if asked is None or answered is None or (longest is not None and answered > _MOST_OVER * longest):
        return None
    total, parts = usage.total_tokens, asked + answered
    if total is None:
        total = parts
    # A total below its parts would hide tokens, and is at least as much as each of them otherwise.
    return total if parts <= total <= _MOST_TOKENS else None
