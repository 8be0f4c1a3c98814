"""ConsentFault: every reason why a call is kept back for want of consent, each of its own."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ConsentFamily(StrEnum):
    """What kind of answer a fault is. Source: reliability §3.8."""

    GUARD_FAILED = "guard_failed"  # nobody could judge
    REQUIRED = "consent_required"  # there is none, or none that can be read
    MISMATCH = "consent_mismatch"  # there is one, and it is for something else
    REVOKED = "consent_revoked"
    EXPIRED = "consent_expired"  # not now
    USED = "consent_used"


class ConsentFault(StrEnum):
    """Why. They stand in the order in which one consent is held against a call: the first that holds is told."""

    # the guard itself
    LEDGER_FAILED = "ledger_failed"
    LEDGER_TOO_SLOW = "ledger_too_slow"
    ANSWER_UNREADABLE = "answer_unreadable"  # what the ledger answers is no answer
    TWO_ANSWERS = "two_answers"  # of one id
    SEAL_UNCHECKED = "seal_unchecked"  # whoever checks seals could not say
    REVOCATIONS_UNREACHABLE = "revocations_unreachable"
    REVOCATIONS_STALE = "revocations_stale"
    CLOCK_RAN_BACK = "clock_ran_back"
    # whether there is a decision at all
    NONE = "nobody_consented"
    UNREADABLE = "unreadable"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_CRITICAL = "unknown_critical_field"
    # who made it
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"
    ISSUER = "issuer"  # the key may not sign in this name
    # whether it is the answer to what was asked
    REQUEST = "request"  # made for another request than it is kept with
    PLAN = "plan"  # made for another plan
    PLAN_DIGEST = "plan_digest"  # says other bytes than its plan
    NOT_COPIED = "not_copied"  # says anything else than its plan
    # what it is for
    TENANT = "tenant"
    RUNTIME = "runtime"
    PROVIDER = "provider"
    ORIGIN = "origin"
    TIER = "tier"
    RECORD = "record"  # the provider's record was edited, or its key comes from elsewhere
    MODEL = "model"
    PURPOSE = "purpose"
    DATA_CLASS = "data_class"
    POLICY_VERSION = "policy_version"
    PROFILE = "profile"
    SESSION_MISSING = "session_missing"  # the call has a session, the consent names none, or the other way round
    SESSION_NOT_LISTED = "session_not_listed"
    SEVERAL_SESSIONS = "several_sessions"  # a consent of session scope is for one
    BODY = "body"  # other bytes than those consented to
    BYTES = "bytes"  # more of them
    COST = "cost"  # it may cost more, or nobody knows
    # whether it still holds
    REVOKED = "revoked"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    DENIED = "denied"  # the answer was no

    @property
    def family(self) -> ConsentFamily:
        """The kind of answer that this fault is."""
        return _FAMILIES.get(self, ConsentFamily.MISMATCH)

    @property
    def place(self) -> int:
        """How far a consent with this fault came: of several, the one that came furthest is told of."""
        return _PLACES[self]


_FAMILIES: Final[Mapping[ConsentFault, ConsentFamily]] = MappingProxyType(
    {
        ConsentFault.LEDGER_FAILED: ConsentFamily.GUARD_FAILED,
        ConsentFault.LEDGER_TOO_SLOW: ConsentFamily.GUARD_FAILED,
        ConsentFault.ANSWER_UNREADABLE: ConsentFamily.GUARD_FAILED,
        ConsentFault.TWO_ANSWERS: ConsentFamily.GUARD_FAILED,
        ConsentFault.SEAL_UNCHECKED: ConsentFamily.GUARD_FAILED,
        ConsentFault.REVOCATIONS_UNREACHABLE: ConsentFamily.GUARD_FAILED,
        ConsentFault.REVOCATIONS_STALE: ConsentFamily.GUARD_FAILED,
        ConsentFault.CLOCK_RAN_BACK: ConsentFamily.EXPIRED,
        ConsentFault.NONE: ConsentFamily.REQUIRED,
        ConsentFault.UNREADABLE: ConsentFamily.REQUIRED,
        ConsentFault.UNKNOWN_VERSION: ConsentFamily.REQUIRED,
        ConsentFault.UNKNOWN_CRITICAL: ConsentFamily.REQUIRED,
        ConsentFault.REVOKED: ConsentFamily.REVOKED,
        ConsentFault.NOT_YET_VALID: ConsentFamily.EXPIRED,
        ConsentFault.EXPIRED: ConsentFamily.EXPIRED,
        ConsentFault.USED_UP: ConsentFamily.USED,
    }
)
_PLACES: Final[Mapping[ConsentFault, int]] = MappingProxyType(
    {fault: place for place, fault in enumerate(ConsentFault)}
)
