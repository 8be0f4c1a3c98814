"""What an attempt is charged for, by how it ended. Source: reliability §2.2, column "settle", and §3.2."""

from typing import Final

from attrs import frozen

from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import Delivery, ErrorCode, ProtocolError, ProviderError
from provider_runtime.domain.policy.budgets.holds import Fate
from provider_runtime.domain.policy.budgets.limits import Unit

_MOST_TOKENS: Final = 10**9
_MOST_OVER: Final = 4  # an answer that is longer than it was allowed to be by more than this is not believed
_EMPTY_ANSWERS: Final = frozenset({204, 205})
_FATES: Final = {
    Delivery.NOT_SENT: Fate.VOID,
    Delivery.REJECTED: Fate.VOID,
    Delivery.AMBIGUOUS: Fate.UNCONFIRMED,
    Delivery.ANSWERED_BAD: Fate.ESTIMATE,
}


@frozen(kw_only=True)
class Bill:
    """What is known of the cost of an attempt. ``None``: nobody can say, so what was held is charged."""

    fate: Fate
    tokens: int | None = None
    nano_usd: int | None = None
    milliseconds: int = 0

    def charge(self, unit: Unit, held: int) -> int:
        """What is posted where ``held`` was set aside. Time has passed whatever became of the attempt."""
        if unit is Unit.MILLISECONDS:
            return self.milliseconds
        if self.fate is Fate.VOID:
            return 0
        known = {Unit.TOKENS: self.tokens, Unit.NANO_USD: self.nano_usd}.get(unit)
        return held if known is None else known


def bill_of_answer(
    usage: Usage, nano_usd: int | None, *, longest: int | None, counts: frozenset[Unit], milliseconds: int
) -> Bill:
    """The bill of an attempt that was answered, as far as ``usage`` can be believed.

    ``longest`` is how many output tokens were allowed, ``counts`` what the budgets of the call count.
    """
    believed = _is_believed(usage, longest)
    tokens, cost = (usage.total if believed else None), (nano_usd if believed else None)
    unknown = (tokens is None and Unit.TOKENS in counts) or (cost is None and Unit.NANO_USD in counts)
    return Bill(fate=Fate.ESTIMATE if unknown else Fate.POSTED, tokens=tokens, nano_usd=cost, milliseconds=milliseconds)


def fate_of(error: ProviderError) -> Fate:
    """How the hold of a failed attempt is settled."""
    if isinstance(error, ProtocolError) and error.status_code in _EMPTY_ANSWERS:
        return Fate.VOID  # there was nothing to bill
    if error.code is ErrorCode.RESPONSE_TOO_LARGE:
        return Fate.UNCONFIRMED
    return _FATES[error.delivery]


def _is_believed(usage: Usage, longest: int | None) -> bool:
    asked, answered = usage.input_tokens, usage.output_tokens
    if asked is None or answered is None:
        return False
    # A total below its parts would hide tokens.
    if max(asked, answered, usage.total) > _MOST_TOKENS or usage.total < asked + answered:
        return False
    return longest is None or answered <= _MOST_OVER * longest
