"""What an attempt is charged for, by how it ended. Source: reliability §2.2, column "settle", and §3.2."""

from collections.abc import Iterable, Mapping
from typing import Final

from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import Delivery, ErrorCode, ProtocolError, ProviderError
from provider_runtime.domain.policy.budgets.holds import Fate, Line
from provider_runtime.domain.policy.budgets.limits import Unit
from provider_runtime.domain.values import sealed

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
_FATES: Final = {
    Delivery.NOT_SENT: Fate.VOID,
    Delivery.REJECTED: Fate.VOID,
    Delivery.AMBIGUOUS: Fate.UNCONFIRMED,
    Delivery.ANSWERED_BAD: Fate.ESTIMATE,
}


@sealed
class Bill:
    """What is known of the cost of an attempt. ``None``: nobody can say, so what was held is charged."""

    fate: Fate
    tokens: int | None = None
    nano_usd: int | None = None
    milliseconds: int = 0

    def charges(self, lines: Iterable[Line], units: Mapping[str, Unit]) -> tuple[int, ...]:
        """What is posted, line by line. Time has passed whatever became of the attempt.

        ``units`` are those of the budgets, by name.
        """
        charges: list[int] = []
        for line in lines:
            unit = units[line.account.budget]
            if unit is _MILLISECONDS:
                charges.append(self.milliseconds)
            elif self.fate is _VOID:
                charges.append(0)
            else:
                known = self.nano_usd if unit is _NANO_USD else self.tokens if unit is _TOKENS else None
                charges.append(line.amount if known is None else known)
        return tuple(charges)


def bill_of_answer(
    usage: Usage, nano_usd: int | None, *, longest: int | None, counts: frozenset[Unit], milliseconds: int
) -> Bill:
    """The bill of an attempt that was answered, as far as ``usage`` can be believed.

    ``longest`` is how many output tokens were allowed, ``counts`` what the budgets of the call count.
    """
    tokens = _believed(usage, longest)
    cost = None if tokens is None else nano_usd
    unknown = (tokens is None and _TOKENS in counts) or (cost is None and _NANO_USD in counts)
    return Bill(_ESTIMATE if unknown else _POSTED, tokens, cost, milliseconds)


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
