"""Refusals for want of consent: one class for each family of reasons, the reason itself in ``fault``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from attrs import define

from provider_runtime.domain.errors.codes import ErrorCode
from provider_runtime.domain.errors.unsent import CallRefused
from provider_runtime.domain.policy.consent.faults import ConsentFamily, ConsentFault


@define(kw_only=True, eq=False)
class ConsentRefused(CallRefused):
    """No live consent covers the call. ``fault`` says why; ``consent_id`` names the consent that came nearest."""

    code: ErrorCode = ErrorCode.CONSENT_REQUIRED
    gate: str = "consent"
    fault: ConsentFault
    consent_id: str | None = None


@define(kw_only=True, eq=False)
class ConsentRequired(ConsentRefused):
    """Nobody consented to the call, or nobody can read that they did."""

    hsk_code: ClassVar[str | None] = "HSK-403-CLOUD-CONSENT-REQUIRED"


@define(kw_only=True, eq=False)
class ConsentMismatch(ConsentRefused):
    """There is a consent, and it is for something else, from somebody else, or a denial."""

    code: ErrorCode = ErrorCode.CONSENT_MISMATCH
    hsk_code: ClassVar[str | None] = "HSK-403-CLOUD-CONSENT-MISMATCH"


@define(kw_only=True, eq=False)
class ConsentExpired(ConsentMismatch):
    """There is a consent, and it does not hold now; or the clock cannot be gone by."""

    code: ErrorCode = ErrorCode.CONSENT_EXPIRED


@define(kw_only=True, eq=False)
class ConsentUsed(ConsentMismatch):
    """There was a consent, and as many calls were made on it as it allowed."""

    code: ErrorCode = ErrorCode.CONSENT_USED


@define(kw_only=True, eq=False)
class ConsentRevoked(ConsentMismatch):
    """There was a consent, and it was taken back."""

    code: ErrorCode = ErrorCode.CONSENT_REVOKED


@define(kw_only=True, eq=False)
class GuardFailed(ConsentRefused):
    """Nobody could say whether there is consent, so there is none."""

    code: ErrorCode = ErrorCode.GUARD_FAILED


_CLASSES: Final[Mapping[ConsentFamily, type[ConsentRefused]]] = MappingProxyType(
    {
        ConsentFamily.GUARD_FAILED: GuardFailed,
        ConsentFamily.REQUIRED: ConsentRequired,
        ConsentFamily.MISMATCH: ConsentMismatch,
        ConsentFamily.REVOKED: ConsentRevoked,
        ConsentFamily.EXPIRED: ConsentExpired,
        ConsentFamily.USED: ConsentUsed,
    }
)
_ASK: Final = "Ask for consent: runtime.request_consent(request), or `provider-runtime consent request`."
_ASK_ANEW: Final = "Ask for consent anew; nobody can stretch one that was given."
_MEND: Final = "Mend the ledger of consents; nothing is sent until it answers."
_REMEDIES: Final[Mapping[ConsentFamily, str]] = MappingProxyType(
    {
        ConsentFamily.GUARD_FAILED: _MEND,
        ConsentFamily.REQUIRED: _ASK,
        ConsentFamily.MISMATCH: _ASK_ANEW,
        ConsentFamily.REVOKED: _ASK_ANEW,
        ConsentFamily.EXPIRED: _ASK_ANEW,
        ConsentFamily.USED: _ASK_ANEW,
    }
)
_TRUST: Final = "Have it signed with a key that the settings trust (ConsentSettings.issuers)."
_OWN_REMEDIES: Final[Mapping[ConsentFault, str]] = MappingProxyType(
    {
        ConsentFault.REVOCATIONS_UNREACHABLE: "See to it that the list of revocations can be read.",
        ConsentFault.REVOCATIONS_STALE: "Bring the list of revocations up to date, and sign it anew.",
        ConsentFault.SEAL_UNCHECKED: "Mend whatever checks seals; an extra (provider-runtime[crypto]) may be missing.",
        ConsentFault.CLOCK_RAN_BACK: "Set the clock right. Where it had been ahead, begin a new ledger of consents.",
        ConsentFault.UNKNOWN_VERSION: "Read it with the release that wrote it, or ask for consent anew.",
        ConsentFault.UNSIGNED: _TRUST,
        ConsentFault.UNKNOWN_KEY: _TRUST,
        ConsentFault.ISSUER: _TRUST,
        ConsentFault.DENIED: "Respect it, use a local provider, or ask anew with a reason.",
    }
)
_SAID: Final[Mapping[ConsentFault, str]] = MappingProxyType(
    {
        ConsentFault.LEDGER_FAILED: "the ledger of consents failed",
        ConsentFault.LEDGER_TOO_SLOW: "the ledger of consents did not answer in time",
        ConsentFault.ANSWER_UNREADABLE: "the ledger of consents gave an answer that is none",
        ConsentFault.TWO_ANSWERS: "the ledger of consents gives two answers to one question",
        ConsentFault.SEAL_UNCHECKED: "nobody could check the seal of a consent",
        ConsentFault.REVOCATIONS_UNREACHABLE: "nobody can say which consents were revoked",
        ConsentFault.REVOCATIONS_STALE: "what is known of revoked consents is too old",
        ConsentFault.CLOCK_RAN_BACK: "the clock is behind what the ledger of consents has seen",
        ConsentFault.NONE: "nobody has consented to this call",
        ConsentFault.UNREADABLE: "a decision on this call cannot be read",
        ConsentFault.UNKNOWN_VERSION: "a decision on this call is of a version that this release does not know",
        ConsentFault.UNKNOWN_CRITICAL: "a decision on this call says something that this release would have to know",
        ConsentFault.UNSIGNED: "the consent is not signed",
        ConsentFault.UNKNOWN_KEY: "the consent is signed with a key that nobody trusts here",
        ConsentFault.FORGED: "the consent is not what was signed",
        ConsentFault.ISSUER: "the consent is signed with a key that may not sign in that name",
        ConsentFault.REQUEST: "the consent answers another request",
        ConsentFault.PLAN: "the consent is for another plan",
        ConsentFault.PLAN_DIGEST: "the consent names other bytes than its plan",
        ConsentFault.NOT_COPIED: "the consent says other things than its plan",
        ConsentFault.TENANT: "the consent is for another tenant",
        ConsentFault.RUNTIME: "the consent is for another runtime",
        ConsentFault.PROVIDER: "the consent is for another provider",
        ConsentFault.ORIGIN: "the consent is for another address",
        ConsentFault.TIER: "the consent is for another tier",
        ConsentFault.RECORD: "the provider's record, or where its key comes from, was changed since the consent",
        ConsentFault.MODEL: "the consent is for another model",
        ConsentFault.PURPOSE: "the consent is for another purpose",
        ConsentFault.DATA_CLASS: "the consent is for content that is less sensitive",
        ConsentFault.POLICY_VERSION: "the consent was given under another policy",
        ConsentFault.PROFILE: "the consent is for another work profile",
        ConsentFault.SESSION_MISSING: "the call and the consent do not both name a session",
        ConsentFault.SESSION_NOT_LISTED: "the consent is for another session",
        ConsentFault.SEVERAL_SESSIONS: "the consent is for one session, and names several",
        ConsentFault.BODY: "the consent is for other bytes: the call was changed since, or is another one",
        ConsentFault.BYTES: "the call is larger than the consent allows",
        ConsentFault.COST: "the call may cost more than the consent allows, or nobody knows what it may cost",
        ConsentFault.REVOKED: "the consent was revoked",
        ConsentFault.NOT_YET_VALID: "the consent is not valid yet",
        ConsentFault.EXPIRED: "the consent has expired",
        ConsentFault.USED_UP: "the consent is used up",
        ConsentFault.DENIED: "somebody decided that this call must not be made",
    }
)


def consent_refusal(fault: ConsentFault, consent_id: str | None = None) -> ConsentRefused:
    """The refusal for this reason, with the way out."""
    return _CLASSES[fault.family](
        fault=fault,
        consent_id=consent_id,
        message=_SAID[fault],
        remedy=_OWN_REMEDIES.get(fault, _REMEDIES[fault.family]),
    )
