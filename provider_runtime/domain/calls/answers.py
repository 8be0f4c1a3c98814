"""Answers that are kept: under what, in what form, and which are worth it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from attrs import evolve, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, all_are, is_a, whole
from provider_runtime.domain.conversation.response import Attempt, FinishReason, ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.json_values import tuple_of


class RecallMode(StrEnum):
    """When a runtime answers from what is kept."""

    ON_REQUEST = "on_request"  # for calls that ask for it
    RECORD = "record"  # as above, and whatever is answered is kept
    REPLAY = "replay"  # always, and nobody is asked


class RecalledFrom(StrEnum):
    """Where an answer came from that nobody was asked for."""

    MEMO = "memo"
    REPLAY = "replay"


@frozen(kw_only=True)
class AnswerKey:
    """What decides an answer, as digests in lower-case hex.

    ``body_sha256`` of the exact bytes; ``asked`` of everything else about the request: provider,
    wire, address, model, headers, and how the answer is read; ``terms`` of policy, of what the call
    wants of its answer, and of whose it is. ``occurrence``: of a recording, how often the same had
    been asked before.
    """

    body_sha256: str = field(validator=FILLED)
    asked: str = field(validator=FILLED)
    terms: str = field(validator=FILLED)
    occurrence: int | None = field(default=None, validator=optional(whole(0)))


@frozen(kw_only=True)
class KeptAnswer:
    """An answer as it was read, before it was priced; ``attempts`` led to it, ``call_id`` is whose it was."""

    response: ProviderResponse = field(validator=is_a(ProviderResponse), repr=False)
    kept_at: datetime = field(validator=is_a(datetime))
    call_id: CallId = field(converter=CallId)
    attempts: tuple[Attempt, ...] = field(default=(), converter=tuple_of, validator=all_are(Attempt))


@frozen(kw_only=True)
class KeptFailure:
    """What a call failed with, in a recording; ``attempts`` led to it."""

    error: ProviderError = field(validator=is_a(ProviderError), repr=False)
    kept_at: datetime = field(validator=is_a(datetime))
    call_id: CallId = field(converter=CallId)
    attempts: tuple[Attempt, ...] = field(default=(), converter=tuple_of, validator=all_are(Attempt))


Kept: TypeAlias = KeptAnswer | KeptFailure

_WHOLE: Final = frozenset((FinishReason.STOP, FinishReason.TOOL_CALLS))
# Whatever else an answer warns of, it is not what was asked for; a code that is new is not trusted.
_HARMLESS: Final = frozenset(
    (
        *(WarningCode.USAGE_MISSING, WarningCode.USAGE_PARTIAL, WarningCode.EXTRA_CHOICES_IGNORED),
        *(WarningCode.REASONING_NOT_USED, WarningCode.NOTHING_CACHED, WarningCode.STRUCTURED_OUTPUT_NOT_VALIDATED),
    )
)
_OF_THE_MOMENT: Final = frozenset((WarningCode.RECEIPT_PENDING.value,))


def good_answer_in(response: ProviderResponse) -> ProviderResponse | None:
    """``response`` as it may be given to others who ask the same; ``None`` for one that nobody should get again.

    Good is what came to its own end, or to tool calls, and warns of nothing that is missing or
    wrong in it: no refusal, no cut, no schema that was missed, no other model.
    """
    lasting = tuple(warning for warning in response.warnings if warning.code not in _OF_THE_MOMENT)
    if response.finish_reason not in _WHOLE or any(warning.code not in _HARMLESS for warning in lasting):
        return None
    return response if lasting == response.warnings else evolve(response, warnings=lasting)
