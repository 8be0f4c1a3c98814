"""Does a live consent cover this call? Pure: the facts come in, and one answer goes out."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
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


@frozen(kw_only=True)
class Revocations:
    """What somebody outside the ledger knows of revoked consents, and as of when."""

    as_of: datetime
    consent_ids: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Found:
    """What a ledger knows that may bear on one call: decisions, the newest first.

    ``revocations`` is ``None`` where nobody could say what was revoked. ``latest`` is the time of the last
    thing that was entered.
    """

    consents: tuple[Consent, ...] = ()
    revocations: Revocations | None
    latest: datetime | None = None


@frozen(kw_only=True)
class Trust:
    """Who may sign, and in whose name. ``unsigned``: decisions without a seal count.

    ``revocations_max_age``: what is known of revocations must not be older.
    """

    issuers: Mapping[KeyId, frozenset[str]] = field(factory=dict)
    unsigned: bool = False
    revocations_max_age: timedelta = timedelta(minutes=5)


@sealed(kw_only=True)
class Granted:
    """A live consent covers the call of this subject."""

    subject: ConsentSubject
    consent: Consent
    receipt: ConsentReceipt


@sealed(kw_only=True)
class Withheld:
    """No live consent covers the call: why, and the consent that came nearest, if any did."""

    fault: ConsentFault
    consent_id: str | None = None


ConsentVerdict: TypeAlias = Granted | Withheld
_NOBODY: Final = Withheld(fault=ConsentFault.NONE)


@sealed(kw_only=True)
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


def consent_verdict(
    subject: ConsentSubject,
    found: Found,
    *,
    seals: Mapping[SignedReceipt, SealVerdict],
    trust: Trust,
    moment: Moment,
    read: Callable[[str], ConsentReceipt | ConsentFault] = read_receipt,
) -> ConsentVerdict:
    """What the newest decision says that covers the call: an approval that holds, or a denial.

    A decision on these very bytes that cannot be read, or is not what was signed, has the last word as
    well: it may have been a denial.
    Where nobody decides, the fault of the consent that came furthest. ``seals`` says what the seals
    are worth; one that is missing there was not checked, and proves nothing. ``read`` is for whoever
    keeps what was read before.
    """
    decisions = tuple([(consent, read(consent.signed.text)) for consent in found.consents])
    fault = _fault_of_ledger(found, decisions, trust, moment)
    if fault is not None:
        return Withheld(fault=fault)
    nearest = _NOBODY
    for consent, receipt in decisions:
        proof = receipt if isinstance(receipt, ConsentFault) else _fault_of_seal(consent.signed, receipt, seals, trust)
        if proof is not None or isinstance(receipt, ConsentFault):
            verdict: ConsentVerdict = Withheld(fault=proof or ConsentFault.UNREADABLE, consent_id=_id_of(receipt))
            decides = consent.request.plan.subject.body_sha256 == subject.body_sha256
        else:
            verdict, decides = _verdict(subject, consent, receipt, _fault(subject, consent, receipt, found, moment))
        if decides:
            return verdict
        if isinstance(verdict, Withheld) and verdict.fault.place > nearest.fault.place:
            nearest = verdict
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


def _verdict(
    subject: ConsentSubject, consent: Consent, receipt: ConsentReceipt, fault: ConsentFault | None
) -> tuple[ConsentVerdict, bool]:
    """What one decision says of the call, and whether that is the last word."""
    if receipt.approved:
        if fault is None:
            return Granted(subject=subject, consent=consent, receipt=receipt), True
        return Withheld(fault=fault, consent_id=receipt.consent_id), False
    if fault is None:
        return Withheld(fault=ConsentFault.DENIED, consent_id=receipt.consent_id), True
    return _NOBODY, False  # a denial of something else, or one that is over


_Decisions: TypeAlias = tuple[tuple[Consent, ConsentReceipt | ConsentFault], ...]


def _fault_of_ledger(found: Found, decisions: _Decisions, trust: Trust, moment: Moment) -> ConsentFault | None:
    if found.revocations is None:
        return ConsentFault.REVOCATIONS_UNREACHABLE
    if moment.now - found.revocations.as_of > trust.revocations_max_age:
        return ConsentFault.REVOCATIONS_STALE
    if moment.ran_back(found.latest):
        return ConsentFault.CLOCK_RAN_BACK
    if len(decisions) < 2:
        return None
    requests = [consent.request.request_id for consent, _ in decisions]
    receipts = [receipt.consent_id for _, receipt in decisions if isinstance(receipt, ConsentReceipt)]
    contradict = len(set(requests)) < len(requests) or len(set(receipts)) < len(receipts)
    return ConsentFault.TWO_ANSWERS if contradict else None


def _fault(
    subject: ConsentSubject, consent: Consent, receipt: ConsentReceipt, found: Found, moment: Moment
) -> ConsentFault | None:
    fault = fault_of_copy(receipt, consent.request) or fault_of_facts(receipt, subject)
    if fault is None and found.revocations is not None and receipt.consent_id in found.revocations.consent_ids:
        fault = ConsentFault.REVOKED
    return fault or fault_of_state(consent, receipt, moment)


def _id_of(receipt: ConsentReceipt | ConsentFault) -> str | None:
    return receipt.consent_id if isinstance(receipt, ConsentReceipt) else None


def _fault_of_seal(
    signed: SignedReceipt, receipt: ConsentReceipt, seals: Mapping[SignedReceipt, SealVerdict], trust: Trust
) -> ConsentFault | None:
    if signed.seal is None:
        return None if trust.unsigned else ConsentFault.UNSIGNED
    fault = _SEALS[seals.get(signed, SealVerdict.UNKNOWN_KEY)]
    if fault is not None:
        return fault
    return None if receipt.issuer in trust.issuers.get(signed.seal.key_id, ()) else ConsentFault.ISSUER
