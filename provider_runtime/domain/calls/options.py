"""CallOptions: what one call wants differently from its runtime."""

from attrs import field, frozen
from attrs.converters import optional as optional_converter
from attrs.validators import optional

from provider_runtime.domain.calls.headers import check_headers, headers_of
from provider_runtime.domain.calls.labels import check_identifier, check_labels, check_trace_id
from provider_runtime.domain.calls.memo import Memo, memo_of
from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.checks import FLAG, all_are, is_a, number
from provider_runtime.domain.identity import CallId, ProfileId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, sorted_object, tuple_of
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.leakage.classification import ContentClassification
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.secrets import Secret


@frozen(kw_only=True)
class CallOptions:
    """What one call wants differently from its runtime; no other call ever sees it.

    ``credential`` beats every other source of a key. ``deadline_s`` bounds the whole call, all
    attempts and waits included; ``retry`` and ``fallback`` replace the runtime's. ``parameters``
    stand above the runtime's and below the request's own. ``headers`` go with every attempt, and
    are judged with the body. ``metadata`` are labels for events and receipts (tenant, job), never
    sent. ``trace_id`` (32 hexadecimal digits) and ``conversation_id`` stand in them too.
    ``content`` says what the messages are made of, and whether it may leave this machine.
    ``call_id`` names the call, so that making it again cannot pay for it twice (see
    ``OutcomeStore``). ``include_raw_response``: hand over the provider's own JSON as well.
    ``profile_id`` pins the work profile: the call is refused where another one is in force by now.
    ``memo``: take the answer that the same bytes had before, if one is kept, and keep a new one
    (see ``Memo``).
    Raises ``ValueError`` or ``TypeError`` naming the field.
    """

    credential: Secret | None = field(default=None, validator=optional(is_a(Secret)))
    deadline_s: float | None = field(default=None, validator=optional(number(0.001, 86_400)))
    retry: RetryPolicy | None = field(default=None, validator=optional(is_a(RetryPolicy)))
    fallback: FallbackPolicy | None = field(default=None, validator=optional(is_a(FallbackPolicy)))
    parameters: ModelParameters = field(default=NO_PARAMETERS, validator=is_a(ModelParameters))
    headers: JsonObject = field(default=EMPTY_OBJECT, converter=headers_of, validator=check_headers, repr=False)
    metadata: JsonObject = field(default=EMPTY_OBJECT, converter=sorted_object, validator=check_labels)
    content: tuple[ContentClassification, ...] = field(
        default=(), converter=tuple_of, validator=all_are(ContentClassification)
    )
    trace_id: str | None = field(default=None, validator=optional(check_trace_id))
    conversation_id: str | None = field(default=None, validator=optional(check_identifier))
    call_id: CallId | None = field(default=None, converter=optional_converter(CallId))
    include_raw_response: bool = field(default=False, validator=FLAG)
    profile_id: ProfileId | None = field(default=None, converter=optional_converter(ProfileId))
    memo: Memo | None = field(default=None, converter=memo_of, validator=optional(is_a(Memo)))
