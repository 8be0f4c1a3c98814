"""Does a live consent cover this call? Pure: the facts come in, and one answer goes out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from attrs import field, frozen

from provider_runtime.domain.identity import KeyId
from provider_runtime.domain.policy.consent.coverage import fault_of_copy, fault_of_facts
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.reading import read_receipt
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.seals import SealVerdict
from provider_runtime.domain.values import sealed

CLOCKS_DIFFER: Final = timedelta(seconds=2)
"""By so much the clocks of those who share a ledger may differ."""
_SEALS: Final[Mapping[SealVerdict, ConsentFault | None]] = {
    SealVerdict.GENUINE: None,
    SealVerdict.UNKNOWN_KEY: ConsentFault.UNKNOWN_KEY,
    SealVerdict.FORGED: ConsentFault.FORGED,
}


@sealed
class Revocations:
    """What somebody outside the ledger knows of revoked consents, and as of when."""

    as_of: datetime
    consent_ids: frozenset[str] = frozenset()


UP_TO_DATE: Final = Revocations(datetime.max.replace(tzinfo=UTC))
"""What is never old: said by a ledger in memory, where each revocation is an entry and none can be missing."""


@sealed
class Found:
    """What a ledger knows that may bear on one call: ``consents``, the newest first.

    ``revocations`` is ``None`` where nobody could say what was revoked. ``latest`` is the time of the last
    thing that was entered.
    """

    revocations: Revocations | None
    consents: tuple[Consent, ...] = ()
    latest: datetime | None = None


@frozen(kw_only=True)
class Trust:
    """Who may sign, and in whose name. ``unsigned``: decisions without a seal count.

    ``revocations_max_age``: what is known of revocations must not be older.
    """

    issuers: Mapping[KeyId, frozenset[str]] = field(factory=dict)
    unsigned: bool = False
    revocations_max_age: timedelta = timedelta(minutes=5)


@sealed
class Moment:
    """When a consent is to hold: ``now``, and no earlier than ``since``, which was read before."""

    now: datetime
    since: datetime | None = None

    def ran_back(self, latest: datetime | None) -> bool:
        """Whether the clock is behind what is known to have been."""
        at_most = self.now + CLOCKS_DIFFER
        return (latest is not None and latest > at_most) or (self.since is not None and self.since > at_most)

    @property
    def effective(self) -> datetime:
        """The later of the two: a clock that is set back makes nothing valid again."""
        return self.now if self.since is None else max(self.now, self.since)


@sealed
class Granted:
    """A live consent covers the call of this subject, at this moment."""

    subject: ConsentSubject
    consent: Consent
    receipt: ConsentReceipt
    moment: Moment


@sealed(kw_only=True)
class Withheld:
    """No live consent covers the call: why, and the consent that came nearest, if any did."""

    fault: ConsentFault
    consent_id: str | None = None


ConsentVerdict: TypeAlias = Granted | Withheld
_NOBODY: Final = Withheld(fault=ConsentFault.NONE)


@sealed(kw_only=True)
class Decision:
    """One consent, as far as it can be judged without a call.

    ``unproven`` says why nobody can go by it, ``uncopied`` why it is not the answer to its question.
    """

    consent: Consent
    receipt: ConsentReceipt | None
    unproven: ConsentFault | None
    uncopied: ConsentFault | None


@sealed(kw_only=True)
class Decisions:
    """Several, in the order in which they were found. ``contradict``: two of them have the same name."""

    each: tuple[Decision, ...]
    contradict: bool


def decisions_of(
    consents: tuple[Consent, ...],
    *,
    seals: Mapping[SignedReceipt, SealVerdict],
    trust: Trust,
    read: Callable[[str], ConsentReceipt | ConsentFault] = read_receipt,
) -> Decisions:
    """What can be said of ``consents``, whatever call they are held against.

    ``seals`` says what the seals are worth; one that is missing there was not checked, and proves
    nothing. ``read`` is for whoever keeps what was read before.
    """
    each = tuple([_decision(consent, read(consent.signed.text), seals, trust) for consent in consents])
    requests = {one.consent.request.request_id for one in each}
    receipts = [one.receipt.consent_id for one in each if one.receipt is not None]
    contradict = len(requests) < len(each) or len(set(receipts)) < len(receipts)
    return Decisions(each=each, contradict=contradict)


def consent_verdict(
    subject: ConsentSubject, found: Found, decisions: Decisions, *, trust: Trust, moment: Moment
) -> ConsentVerdict:
    """What the newest decision says that covers the call: an approval that holds, or a denial.

    ``decisions`` are those that were ``found``. One on these very bytes that cannot be read, or is not
    what was signed, has the last word as well: it may have been a denial.
    Where nobody decides, the fault of the consent that came furthest.
    """
    revocations = found.revocations
    if revocations is None:
        return Withheld(fault=ConsentFault.REVOCATIONS_UNREACHABLE)
    fault = _fault_of_ledger(revocations, found.latest, trust, moment)
    if fault is not None or decisions.contradict:
        return Withheld(fault=fault or ConsentFault.TWO_ANSWERS)
    nearest, revoked = _NOBODY, revocations.consent_ids
    for one in decisions.each:
        receipt = one.receipt
        if receipt is None or one.unproven is not None:
            consent_id = None if receipt is None else receipt.consent_id
            withheld = Withheld(fault=one.unproven or ConsentFault.UNREADABLE, consent_id=consent_id)
            if one.consent.request.plan.subject.body_sha256 == subject.body_sha256:
                return withheld
        else:
            fault = one.uncopied or fault_of_facts(receipt, subject)
            if fault is None and receipt.consent_id in revoked:
                fault = ConsentFault.REVOKED
            if fault is None:
                fault = fault_of_state(one.consent, receipt, moment)
            if not receipt.approved:
                if fault is None:
                    return Withheld(fault=ConsentFault.DENIED, consent_id=receipt.consent_id)
                continue  # a denial of something else, or one that is over
            if fault is None:
                return Granted(subject, one.consent, receipt, moment)
            withheld = Withheld(fault=fault, consent_id=receipt.consent_id)
        if withheld.fault.place > nearest.fault.place:
            nearest = withheld
    return nearest


def fault_of_state(consent: Consent, receipt: ConsentReceipt, moment: Moment) -> ConsentFault | None:
    """Why a consent that covers a call does not hold any more, or not yet."""
    if consent.revoked_at is not None:
        return ConsentFault.REVOKED
    if moment.now < receipt.valid_from:
        return ConsentFault.NOT_YET_VALID
    if moment.effective > receipt.valid_until:
        return ConsentFault.EXPIRED
    if receipt.uses is not None and consent.used >= receipt.uses:
        return ConsentFault.USED_UP
    return None


def _fault_of_ledger(
    revocations: Revocations, latest: datetime | None, trust: Trust, moment: Moment
) -> ConsentFault | None:
    if revocations is not UP_TO_DATE and moment.now - revocations.as_of > trust.revocations_max_age:
        return ConsentFault.REVOCATIONS_STALE
    return ConsentFault.CLOCK_RAN_BACK if moment.ran_back(latest) else None


def _decision(
    consent: Consent,
    read: ConsentReceipt | ConsentFault,
    seals: Mapping[SignedReceipt, SealVerdict],
    trust: Trust,
) -> Decision:
    if isinstance(read, ConsentFault):
        return Decision(consent=consent, receipt=None, unproven=read, uncopied=None)
    return Decision(
        consent=consent,
        receipt=read,
        unproven=_fault_of_seal(consent.signed, read, seals, trust),
        uncopied=fault_of_copy(read, consent.request),
    )


def _fault_of_seal(
    signed: SignedReceipt, receipt: ConsentReceipt, seals: Mapping[SignedReceipt, SealVerdict], trust: Trust
) -> ConsentFault | None:
    if signed.seal is None:
        return None if trust.unsigned else ConsentFault.UNSIGNED
    fault = _SEALS[seals.get(signed, SealVerdict.UNKNOWN_KEY)]
    if fault is not None:
        return fault
    return None if receipt.issuer in trust.issuers.get(signed.seal.key_id, ()) else ConsentFault.ISSUER
