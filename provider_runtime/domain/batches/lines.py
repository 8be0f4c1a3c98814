"""The lines of a batch: as they stand there, as what they ask for, and what became of them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from attrs import evolve, field, frozen
from attrs.validators import optional

from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.checks import OPTIONAL_TEXT, count, is_a, whole
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    CallRefused,
    ProviderError,
    ProviderRuntimeError,
    RequestInvalid,
    RoutingError,
)
from provider_runtime.domain.identity import CallId


@frozen(kw_only=True)
class BatchLine:
    """One line as it stands in the input; ``number`` counts from 1. ``content``: ``None`` where it is too long."""

    number: int = field(validator=whole(1))
    content: bytes | None = field(repr=False)


@frozen(kw_only=True)
class LineCall:
    """The call that a line asks for. ``options`` never name it: its name follows from batch and line."""

    request: ProviderRequest = field(validator=is_a(ProviderRequest), repr=False)
    options: CallOptions = field(factory=CallOptions, validator=is_a(CallOptions))


@frozen(kw_only=True)
class AskedLine:
    """A line that was read: the call it asks for, or why it asks for none.

    ``name`` is what its author calls it. ``answer_as`` is what its form has to remember until the answer
    is written.
    """

    number: int = field(validator=whole(1))
    name: str | None = field(default=None, validator=OPTIONAL_TEXT)
    asks: LineCall | RequestInvalid = field(validator=is_a(LineCall, RequestInvalid))
    answer_as: str = ""


LineEnd: TypeAlias = ProviderResponse | ProviderRuntimeError


class LineOutcome(StrEnum):
    """How a line ended."""

    ANSWERED = "answered"
    REFUSED = "refused"  # by a gate, or because nobody could be asked: nothing was sent
    FAILED = "failed"  # by the provider, or on the way to it
    INVALID = "invalid"  # the line asks for nothing that could be asked


@frozen(kw_only=True)
class LineRecord:
    """What became of one line, without what was said.

    ``gate`` refused it, ``code`` is the code of its error. ``asked_again``: so many runs ended while it was
    under way, and each may have been billed for it.
    """

    number: int = field(validator=whole(1))
    name: str | None = field(default=None, validator=OPTIONAL_TEXT)
    call_id: CallId | None = None
    outcome: LineOutcome = field(converter=LineOutcome)
    provider: str | None = None
    model: str | None = None
    input_tokens: int | None = field(default=None, validator=count)
    output_tokens: int | None = field(default=None, validator=count)
    cost_usd: Decimal | None = field(default=None, validator=optional(is_a(Decimal)))
    duration_s: float | None = None
    code: str | None = None
    gate: str | None = None
    asked_again: int = field(default=0, validator=whole(0))
    ended_at: datetime | None = None


def record_of(
    asked: AskedLine, end: LineEnd, call_id: CallId, *, ended_at: datetime, asked_again: int = 0
) -> LineRecord:
    """The record of a line that came to ``end``; a line that asks for nothing makes no call."""
    about = LineRecord(
        number=asked.number,
        name=asked.name,
        call_id=call_id if isinstance(asked.asks, LineCall) else None,
        outcome=_outcome_of(asked, end),
        asked_again=asked_again,
        ended_at=ended_at,
    )
    if isinstance(end, ProviderResponse):
        return evolve(
            about,
            provider=end.provider,
            model=end.model,
            input_tokens=end.usage.input_tokens,
            output_tokens=end.usage.output_tokens,
            cost_usd=None if end.cost is None else end.cost.total_cost,
            duration_s=end.duration_s,
        )
    gate = end.gate if isinstance(end, CallRefused) else None
    if not isinstance(end, ProviderError | CallRefused):
        return evolve(about, code=end.code.value)
    return evolve(about, code=end.code.value, gate=gate, provider=end.provider, model=end.model)


def _outcome_of(asked: AskedLine, end: LineEnd) -> LineOutcome:
    if isinstance(end, ProviderResponse):
        return LineOutcome.ANSWERED
    if isinstance(asked.asks, RequestInvalid):
        return LineOutcome.INVALID
    return LineOutcome.REFUSED if isinstance(end, CallRefused | RoutingError) else LineOutcome.FAILED
