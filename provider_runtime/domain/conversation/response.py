"""The canonical response: what was answered, at what cost, with what reservations."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar, cast

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, OPTIONAL_TEXT, TEXT, all_are, is_a, optional, whole
from provider_runtime.domain.conversation.messages import Message, MessageRole
from provider_runtime.domain.conversation.parts import CONTENT_PARTS, ContentPart, TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.usage import CostBreakdown, Usage
from provider_runtime.domain.identity import CallId, ProviderId, RuntimeId
from provider_runtime.domain.json_values import JsonValue, freeze, tuple_of
from provider_runtime.domain.values import open_twin

T = TypeVar("T")


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    ERROR = "error"
    OTHER = "other"


def _finish_reason(value: FinishReason | str) -> FinishReason:
    return value if type(value) is FinishReason else FinishReason(value)  # looking a member up takes long


@frozen
class CallWarning:
    """Something odd that a call survived. Branch on ``code``; show ``message``."""

    code: str = field(validator=FILLED)
    message: str = field(validator=TEXT)


@frozen(kw_only=True)
class AssistantOutput:
    """What the model produced, in its own order, and the structured value if one was asked for."""

    content: tuple[ContentPart, ...] = field(default=(), converter=tuple_of, validator=all_are(*CONTENT_PARTS))
    structured_output: JsonValue = field(default=None, converter=freeze)


@frozen(kw_only=True)
class Attempt:
    """One try of a call: what became of it.

    ``outcome`` is ``answered`` or an error code, ``status_code`` the status of an error answer,
    ``wait_s`` how long was waited before the try. ``provider`` and ``model_id`` say who was asked.
    """

    number: int = field(validator=whole(1))
    outcome: str
    duration_s: float
    wait_s: float = 0.0
    status_code: int | None = None
    provider_request_id: str | None = None
    provider: ProviderId | None = None
    model_id: str | None = None


@frozen(kw_only=True)
class PassedOver:
    """An alternative that did not answer: who, and why (an error code, and a sentence)."""

    provider: ProviderId | None
    model_id: str
    code: str
    reason: str


@frozen(kw_only=True)
class MemoHit:
    """That an answer was given before: when it was kept, to which call, and what it took then."""

    kept_at: datetime = field(validator=is_a(datetime))
    call_id: CallId = field(converter=CallId)
    usage: Usage = field(factory=Usage, validator=is_a(Usage))


@frozen(kw_only=True)
class ProviderResponse:
    """One answer of a model.

    ``provider`` is who was asked, ``model`` what the provider says answered. ``attempts`` tells
    every try, the last one being the answer. ``passed_over`` tells of those who were asked before,
    or could not be, when the call had alternatives. ``raw_provider_response`` is there only if the
    call asked for it. ``memo`` is there when nobody was asked, since the call took an answer that
    was given before: then ``usage`` and ``cost`` are zero, and there are no ``attempts``.
    """

    output: AssistantOutput = field(validator=is_a(AssistantOutput))
    provider: ProviderId = field(converter=ProviderId)
    model: str = field(validator=TEXT)
    finish_reason: FinishReason = field(converter=_finish_reason)
    usage: Usage = field(factory=Usage, validator=is_a(Usage))
    cost: CostBreakdown | None = field(default=None, validator=optional(is_a(CostBreakdown)))
    warnings: tuple[CallWarning, ...] = field(default=(), converter=tuple_of, validator=all_are(CallWarning))
    raw_provider_response: JsonValue = field(default=None, converter=freeze)
    response_id: str | None = field(default=None, validator=OPTIONAL_TEXT)
    provider_request_id: str | None = field(default=None, validator=OPTIONAL_TEXT)
    call_id: CallId | None = None
    runtime_id: RuntimeId | None = None
    attempts: tuple[Attempt, ...] = field(default=(), converter=tuple_of, validator=all_are(Attempt))
    passed_over: tuple[PassedOver, ...] = field(default=(), converter=tuple_of, validator=all_are(PassedOver))
    duration_s: float | None = None
    memo: MemoHit | None = field(default=None, validator=optional(is_a(MemoHit)))

    @property
    def from_memo(self) -> bool:
        """Whether this answer was given before, and cost nothing now."""
        return self.memo is not None

    def settled(
        self,
        *,
        cost: CostBreakdown | None,
        warnings: tuple[CallWarning, ...],
        call_id: CallId,
        runtime_id: RuntimeId,
        attempts: tuple[Attempt, ...],
        passed_over: tuple[PassedOver, ...],
        duration_s: float,
    ) -> "ProviderResponse":
        """The same answer as the caller gets it, with everything that is known when the call ends.

        Nothing is looked at again: the answer was when it was made, and the rest is of our own making.
        """
        settled = _OpenResponse.__new__(_OpenResponse)
        settled.output = self.output
        settled.provider = self.provider
        settled.model = self.model
        settled.finish_reason = self.finish_reason
        settled.usage = self.usage
        settled.cost = cost
        settled.warnings = warnings
        settled.raw_provider_response = self.raw_provider_response
        settled.response_id = self.response_id
        settled.provider_request_id = self.provider_request_id
        settled.call_id = call_id
        settled.runtime_id = runtime_id
        settled.attempts = attempts
        settled.passed_over = passed_over
        settled.duration_s = duration_s
        settled.memo = self.memo
        settled.__class__ = ProviderResponse
        return cast("ProviderResponse", settled)

    @property
    def text(self) -> str:
        """The text parts joined, nothing between them; empty when there are none."""
        return "".join(part.text for part in self.output.content if isinstance(part, TextPart))

    @property
    def thinking(self) -> str:
        """The reasoning that the provider shows, joined; empty when there is none."""
        return "".join(part.text for part in self.output.content if isinstance(part, ThinkingPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, in order."""
        return tuple(part.tool_call for part in self.output.content if isinstance(part, ToolCallPart))

    def parse_as(self, into: type[T]) -> T:
        """The structured output as an ``into``: an attrs class, or anything cattrs can structure.

        Raises ``ProtocolError`` naming the place when the value does not fit, or when there is none.
        """
        # The one door outwards: a value that structures itself needs the library that structures.
        from provider_runtime.adapters.serialization import parse_as  # noqa: PLC0415 - see above

        return parse_as(self, into)

    @property
    def message(self) -> Message:
        """The answer as the next message of the conversation, reasoning and signatures included."""
        return Message(role=MessageRole.ASSISTANT, content=self.output.content)


_OpenAttempt: Final = open_twin(Attempt)
_OpenOutput: Final = open_twin(AssistantOutput)
_OpenResponse: Final = open_twin(ProviderResponse)


def tried(
    number: int,
    outcome: str,
    duration_s: float,
    wait_s: float,
    status_code: int | None,
    provider_request_id: str | None,
    provider: ProviderId,
    model_id: str,
) -> Attempt:
    """The attempt of this number, counted from 1 by whoever sent it."""
    attempt = _OpenAttempt.__new__(_OpenAttempt)
    attempt.number = number
    attempt.outcome = outcome
    attempt.duration_s = duration_s
    attempt.wait_s = wait_s
    attempt.status_code = status_code
    attempt.provider_request_id = provider_request_id
    attempt.provider = provider
    attempt.model_id = model_id
    attempt.__class__ = Attempt
    return cast("Attempt", attempt)


def answered(  # noqa: PLR0913 - one for each thing that an answer tells
    *,
    content: Iterable[ContentPart],
    provider: ProviderId,
    model: str,
    finish_reason: FinishReason,
    usage: Usage,
    warnings: Iterable[CallWarning],
    structured_output: JsonValue = None,
    cost: CostBreakdown | None = None,
    response_id: str | None = None,
    provider_request_id: str | None = None,
) -> ProviderResponse:
    """The response of a decoder, which looked at every value when it read it."""
    output = _OpenOutput.__new__(_OpenOutput)
    output.content = tuple(content)
    output.structured_output = structured_output
    output.__class__ = AssistantOutput
    response = _OpenResponse.__new__(_OpenResponse)
    response.output = output
    response.provider = provider
    response.model = model
    response.finish_reason = finish_reason
    response.usage = usage
    response.cost = cost
    response.warnings = tuple(warnings)
    response.response_id = response_id
    response.provider_request_id = provider_request_id
    response.raw_provider_response = response.call_id = response.runtime_id = response.duration_s = None
    response.attempts = response.passed_over = ()
    response.memo = None
    response.__class__ = ProviderResponse
    return cast("ProviderResponse", response)
