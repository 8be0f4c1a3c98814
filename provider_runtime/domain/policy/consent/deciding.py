"""From a question and an answer to a receipt: the facts are copied from the question, and from nowhere else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED_TEXTS, TEXT, number, whole
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import ProfileId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import MOST_USES, ConsentReceipt, ConsentSurface
from provider_runtime.domain.policy.consent.subject import ConsentScope

LONGEST_S: Final = 366 * 86_400
WIDE_BYTES: Final = 1_048_576
"""What each body may have at most, where a consent is for any bytes and nobody says how many."""
_ANY_SIZE: Final = 2**53 - 1
_VALID_S: Final[Mapping[ConsentScope, float]] = MappingProxyType(
    {
        ConsentScope.SINGLE_CALL: 900,
        ConsentScope.SESSION: 8 * 3600,
        ConsentScope.PROFILE: 7 * 86_400,
        ConsentScope.BROADCAST: 86_400,
    }
)


def _moment(moment: datetime | None) -> bool:
    return moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None)


@frozen(kw_only=True)
class ConsentTerms:
    """How far a decision goes, as the person says it. What is left out is as narrow as the scope allows.

    ``scope``: by default what was asked for. ``session_ids``: the conversations of a broadcast, or those
    that a profile is confined to. ``valid_for_s``: 15 minutes for a single call, 8 hours for a session, 7
    days for a profile, one day for a broadcast. ``uses``: so many calls; by default one for a single
    call, else any number. ``max_bytes``: of each body; by default as many as were shown for a single
    call, else 1 MiB. ``max_cost_nano_usd``: what each call may cost at worst.
    Raises ``ValueError`` or ``TypeError`` naming the field.
    """

    scope: ConsentScope | None = None
    session_ids: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    valid_from: datetime | None = None
    valid_for_s: float | None = field(default=None, validator=optional(number(0.001, LONGEST_S)))
    uses: int | None = field(default=None, validator=optional(whole(1, MOST_USES)))
    max_bytes: int | None = field(default=None, validator=optional(whole(0, _ANY_SIZE)))
    max_cost_nano_usd: int | None = field(default=None, validator=optional(whole(0, _ANY_SIZE)))
    notes: str = field(default="", validator=TEXT)
    surface: ConsentSurface | None = None

    def __attrs_post_init__(self) -> None:
        if self.scope is not None:
            object.__setattr__(self, "scope", ConsentScope(self.scope))
        if not _moment(self.valid_from):
            raise ValueError("valid_from must be a time with its time zone")


def decided(
    request: ConsentRequest,
    terms: ConsentTerms,
    *,
    approved: bool,
    consent_id: str,
    user_id: str,
    issuer: str,
    now: datetime,
) -> ConsentReceipt:
    """The receipt for the answer of a person. Raises ``InvalidSettings`` for terms that the call cannot have."""
    asked = request.plan.subject
    scope = request.scope if terms.scope is None else terms.scope
    starts = now if terms.valid_from is None else max(now, terms.valid_from)
    lasts_s = _VALID_S[scope] if terms.valid_for_s is None else terms.valid_for_s
    is_single = scope is ConsentScope.SINGLE_CALL
    shown, bounded = asked.body_bytes, terms.max_bytes
    most = (shown if is_single else max(shown, WIDE_BYTES)) if bounded is None else bounded
    return ConsentReceipt(
        consent_id=consent_id,
        request_id=request.request_id,
        plan_id=request.plan.plan_id,
        approved=approved,
        decided_at=now,
        user_id=user_id,
        issuer=issuer,
        surface=terms.surface,
        notes=terms.notes,
        scope=scope,
        session_ids=_sessions(scope, asked.session, terms),
        profile=_profile(scope, asked.profile),
        valid_from=starts,
        valid_until=starts + timedelta(seconds=lasts_s),
        uses=_uses(terms, is_single=is_single) if approved else None,
        max_bytes=most if approved else _ANY_SIZE,  # a no is not got round by saying more
        max_cost_nano_usd=terms.max_cost_nano_usd if approved else None,
        runtime=asked.runtime,
        tenant=asked.tenant,
        purpose=asked.purpose,
        provider=asked.provider,
        record=asked.record,
        origin=asked.origin,
        tier=asked.tier,
        models=(asked.model,),
        body_sha256=asked.body_sha256,
        data_classes=asked.data_classes,
        policy_version=asked.policy_version,
    )


def _uses(terms: ConsentTerms, *, is_single: bool) -> int | None:
    return 1 if terms.uses is None and is_single else terms.uses


def _sessions(scope: ConsentScope, session: str | None, terms: ConsentTerms) -> tuple[str, ...]:
    own = () if session is None else (session,)
    if scope is ConsentScope.PROFILE:
        return terms.session_ids
    if scope is ConsentScope.BROADCAST:
        return tuple(sorted({*own, *terms.session_ids}))
    if terms.session_ids and terms.session_ids != own:
        raise _impossible(
            "session_ids", "only a broadcast or a profile can be for other sessions than that of the call"
        )
    if scope is ConsentScope.SESSION and session is None:
        raise _impossible("scope", "the call that was asked for names no session (CallOptions.conversation_id)")
    return own


def _profile(scope: ConsentScope, profile: ProfileId | None) -> ProfileId | None:
    if scope is ConsentScope.PROFILE and profile is None:
        raise _impossible("scope", "the call that was asked for is made under no work profile")
    return profile


def _impossible(name: str, message: str) -> InvalidSettings:
    return InvalidSettings(
        field=f"terms.{name}", message=f"{name}: {message}", remedy="Consent to the single call, or ask anew."
    )
