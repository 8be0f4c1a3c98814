"""Fallback: who is asked instead, and after which failures."""

from collections.abc import Iterable
from typing import Any, Final

from attrs import Attribute, field, frozen

from provider_runtime.domain.checks import FLAG
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import Delivery, ErrorCode, InvalidSettings, ProviderError
from provider_runtime.domain.json_values import tuple_of

_ANOTHER_MAY_ANSWER: Final = frozenset(
    (
        *(ErrorCode.CONNECT_FAILED, ErrorCode.TLS_FAILED, ErrorCode.CONNECTION_LOST, ErrorCode.TIMED_OUT),
        *(ErrorCode.CIRCUIT_OPEN, ErrorCode.RATE_LIMITED, ErrorCode.RATE_LIMIT_WAIT, ErrorCode.QUOTA_EXHAUSTED),
        *(ErrorCode.OVERLOADED, ErrorCode.SERVER_ERROR, ErrorCode.NOT_FOUND),
    )
)
_DID_NOTHING: Final = frozenset((Delivery.NOT_SENT, Delivery.REJECTED))


def _model_refs(values: Iterable[ModelRef | str]) -> tuple[object, ...]:
    return tuple(ModelRef.parse(value) if isinstance(value, str) else value for value in tuple_of(values))


def _codes(values: Iterable[ErrorCode | str]) -> frozenset[ErrorCode]:
    return frozenset(ErrorCode(value) for value in values)


@frozen(kw_only=True)
class FallbackPolicy:
    """Ordered alternatives to the model that was asked for.

    ``alternatives`` are asked in turn, each as ``provider:model`` or a bare model id, until one
    answers. ``after`` are the failures that lead to the next one. ``even_if_billed``: also after
    a failure that may have cost money, so that one call may be paid twice. A refusal by a gate is
    a decision, not a failure: a refused call has no fallback, a refused alternative is passed over.
    Raises ``InvalidSettings`` or ``ValueError``.
    """

    alternatives: tuple[ModelRef, ...] = field(converter=_model_refs)
    after: frozenset[ErrorCode] = field(default=_ANOTHER_MAY_ANSWER, converter=_codes)
    even_if_billed: bool = field(default=False, validator=FLAG)

    @alternatives.validator
    def _are_some(self, _attribute: "Attribute[Any]", alternatives: tuple[object, ...]) -> None:
        models = [one for one in alternatives if isinstance(one, ModelRef) and one.role is None]
        if not alternatives or len(models) < len(alternatives):
            raise InvalidSettings(
                field="fallback.alternatives",
                message="a fallback needs at least one model, each a ModelRef or its text, and no role",
                remedy='Write FallbackPolicy(alternatives=["anthropic:claude-sonnet-4-5"]).',
            )

    def covers(self, failure: ProviderError) -> bool:
        """Whether ``failure`` leads to the next alternative."""
        return failure.code in self.after and (self.even_if_billed or failure.delivery in _DID_NOTHING)
