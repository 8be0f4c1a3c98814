"""ConsentGuard: the ledger asked, the seals checked, the domain's verdict; whatever goes wrong, the answer is no."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from attrs import define, evolve, field

from provider_runtime.application.gates.patience import Waiting, begun
from provider_runtime.application.sending.to_its_end import to_its_end
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.reading import read_receipt
from provider_runtime.domain.policy.consent.receipts import RECEIPT_PURPOSE, ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import (
    ConsentVerdict,
    Decisions,
    Found,
    Granted,
    Moment,
    Revocations,
    Trust,
    Withheld,
    consent_verdict,
    decisions_of,
)
from provider_runtime.domain.seals import SealVerdict
from provider_runtime.ports.governance.consent import ConsentLedger, RevocationList
from provider_runtime.ports.signing import Verifier
from provider_runtime.ports.system import Clock, Randomness

T = TypeVar("T")
LIMIT_S: Final = 2.0
_KEPT: Final = 1024
_NO_ANSWER: Final = (AttributeError, TypeError, ValueError, LookupError)
"""What is raised where that which a ledger has handed over is not what it looks like."""
_UNREADABLE: Final = Withheld(fault=ConsentFault.ANSWER_UNREADABLE)
_UNBOUNDED: Final = UseTaken(use_id="unbounded", counted=False)


@define(kw_only=True, eq=False)
class ConsentGuard:
    """Says whether a live consent covers a call. A ledger that raises, hangs or answers nonsense has none.

    ``limit_s`` bounds each question to the ledger and to the ``verifier``; without one, no seal is worth
    anything. What was read and checked is kept for as long as a list of revocations may be old.
    Source: reliability §3.8.
    """

    ledger: ConsentLedger
    trust: Trust
    clock: Clock
    randomness: Randomness
    verifier: Verifier | None = None
    revocations: RevocationList | None = None
    limit_s: float = LIMIT_S
    _ledger_waits: bool = field(init=False, repr=False)
    _read: dict[str, ConsentReceipt | ConsentFault] = field(factory=dict, init=False, repr=False)
    _worth: dict[SignedReceipt, tuple[SealVerdict, float]] = field(factory=dict, init=False, repr=False)
    _seen: dict[str, tuple[tuple[Consent, ...], Decisions]] = field(factory=dict, init=False, repr=False)
    """What can be said of consents without a seal, by the text of the first, as long as the ledger shows the same."""
    _left: set[asyncio.Task[Any]] = field(factory=set, init=False, repr=False)
    """What was given up, until it has ended: a task that nobody holds may vanish half done."""

    @_ledger_waits.default
    def _ask_the_ledger(self) -> bool:
        return getattr(self.ledger, "waits", True) is not False

    def judge(self, subject: ConsentSubject) -> ConsentVerdict | Coroutine[Any, Any, ConsentVerdict]:
        """Whether a live consent covers the call, or a coroutine of that where somebody is waited for. Takes no use."""
        if self._ledger_waits or self.revocations is not None:
            return self._judged(subject, self._found(subject))
        found: object = self._begun(self.ledger.find(subject))
        if isinstance(found, Waiting):
            return self._judged(subject, self._bounded(found.rest()))
        moment = Moment(self.clock.now())
        return self._known_verdict(subject, found, moment) or self._verdict(subject, found, moment)

    async def _judged(self, subject: ConsentSubject, finding: Coroutine[Any, Any, object]) -> ConsentVerdict:
        found = await finding
        return await self._verdict(subject, found, Moment(self.clock.now()))

    async def judge_again(self, granted: Granted, taken: UseTaken | None, moment: Moment) -> ConsentVerdict:
        """Whether the consent that a call is made on still holds. A use of its own does not count against it.

        Only that consent counts, and what was denied since: a call does not move from one to another.
        """
        found = await self._found(granted.subject)
        try:
            left = self._what_counts(found, granted.consent.request.request_id, taken)
        except _NO_ANSWER:
            return _UNREADABLE
        return await self._verdict(granted.subject, left, moment)

    async def use(self, granted: Granted) -> UseTaken | ConsentFault:
        """A use of the consent, or why there is none. Whoever leaves meanwhile leaves none taken.

        Where uses are not bounded there is nothing to take: that the consent holds was judged just now.
        """
        if granted.receipt.uses is None:
            return _UNBOUNDED
        use_id = f"use_{self.randomness.token(8).hex()}"

        async def undo(answer: object) -> None:
            if isinstance(answer, UseTaken):
                await self.give_back(granted, answer)

        answer: object = await to_its_end(
            self._asked(self.ledger.use(granted.consent, use_id)), undo=undo, waits=self._ledger_waits
        )
        if isinstance(answer, UseTaken) and answer.use_id == use_id:
            return answer
        if not isinstance(answer, ConsentFault):
            answer = ConsentFault.ANSWER_UNREADABLE
        if answer.family is ConsentFault.LEDGER_FAILED.family:
            # Nobody knows whether the use was entered. What is asked for later comes later, so this undoes it.
            self._begin(self.ledger.give_back(granted.consent, use_id))
        return answer

    async def give_back(self, granted: Granted, taken: UseTaken) -> None:
        """Nothing was sent on that use. A ledger that fails now keeps it: then there is one use less, never more."""
        if taken.counted:
            giving = self._asked(self.ledger.give_back(granted.consent, taken.use_id))
            await to_its_end(giving, waits=self._ledger_waits)

    async def flush(self) -> None:
        """Wait for what was given up, within the limit, and have the ledger let go of threads and files."""
        if self._left:
            _, unending = await asyncio.wait(tuple(self._left), timeout=self.limit_s)
            for task in unending:
                task.cancel()
        await self.ledger.flush()

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    async def _found(self, subject: ConsentSubject) -> object:
        """What the ledger answers, whatever that is."""
        found: object = await self._asked(self.ledger.find(subject))
        if self.revocations is None or not isinstance(found, Found):
            return found
        return evolve(found, revocations=await self._revoked(found))

    async def _revoked(self, found: Found) -> Revocations | None:
        """What the ledger and the list say together, as of the older of the two."""
        if self.revocations is None or found.revocations is None:
            return found.revocations
        listed: object = await self._bounded(self.revocations.read())
        if not isinstance(listed, Revocations):
            return None
        return Revocations(
            as_of=min(found.revocations.as_of, listed.as_of),
            consent_ids=found.revocations.consent_ids | listed.consent_ids,
        )

    async def _verdict(self, subject: ConsentSubject, found: object, moment: Moment) -> ConsentVerdict:
        known = self._known_verdict(subject, found, moment)
        if known is not None or not isinstance(found, Found):
            return known or _UNREADABLE
        try:
            decisions = await self._looked_at(found.consents)
            if decisions is None:
                return Withheld(fault=ConsentFault.SEAL_UNCHECKED)
            return consent_verdict(subject, found, decisions, trust=self.trust, moment=moment)
        except _NO_ANSWER:
            return _UNREADABLE

    def _known_verdict(self, subject: ConsentSubject, found: object, moment: Moment) -> ConsentVerdict | None:
        """The verdict; ``None`` where what was found has to be looked at first."""
        if not isinstance(found, Found):
            return Withheld(fault=found) if isinstance(found, ConsentFault) else _UNREADABLE
        try:
            decisions = self._known(found.consents)
            if decisions is None:
                return None
            return consent_verdict(subject, found, decisions, trust=self.trust, moment=moment)
        except _NO_ANSWER:
            return _UNREADABLE

    def _known(self, consents: tuple[Consent, ...]) -> Decisions | None:
        """What is known of these very consents, if they were looked at before."""
        known = self._seen.get(consents[0].signed.text) if consents else None
        return known[1] if known is not None and known[0] is consents else None

    async def _looked_at(self, consents: tuple[Consent, ...]) -> Decisions | None:
        """What can be said of them without a call; ``None`` where nobody can say what their seals are worth."""
        if not _are_consents(consents):
            raise TypeError("a ledger must answer with consents")
        seals = self._known_seals(consents)
        checked = await self._bounded(self._seals(consents)) if seals is None else seals
        if isinstance(checked, ConsentFault):
            return None
        decisions = decisions_of(consents, seals=checked, trust=self.trust, read=self._receipt_in)
        if consents and not checked:  # what a seal is worth, it is worth for a while
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            self._seen[consents[0].signed.text] = consents, decisions
        return decisions

    def _what_counts(self, found: object, own: str, taken: UseTaken | None) -> object:
        if not isinstance(found, Found):
            return found
        counted = taken is not None and taken.counted
        consents = tuple(
            evolve(consent, used=max(0, consent.used - 1)) if is_own and counted else consent
            for consent in found.consents
            if (is_own := consent.request.request_id == own) or not self._approves(consent)
        )
        return evolve(found, consents=consents)

    def _known_seals(self, consents: tuple[Consent, ...]) -> dict[SignedReceipt, SealVerdict] | None:
        """What the seals are worth, if all of them were checked of late; ``None`` where one has to be."""
        known: dict[SignedReceipt, SealVerdict] = {}
        for consent in consents:
            if consent.signed.seal is not None:
                worth = self._checked_of_late(consent.signed)
                if worth is None:
                    return None
                known[consent.signed] = worth
        return known

    def _checked_of_late(self, signed: SignedReceipt) -> SealVerdict | None:
        known = self._worth.get(signed)
        if known is None or self.clock.monotonic() - known[1] > self.trust.revocations_max_age.total_seconds():
            return None
        return known[0]

    async def _seals(self, consents: tuple[Consent, ...]) -> dict[SignedReceipt, SealVerdict]:
        return {
            consent.signed: await self._worth_of(consent.signed)
            for consent in consents
            if consent.signed.seal is not None
        }

    async def _worth_of(self, signed: SignedReceipt) -> SealVerdict:
        known = self._checked_of_late(signed)
        if known is not None:
            return known
        if signed.seal is None or self.verifier is None:
            return SealVerdict.UNKNOWN_KEY
        worth = SealVerdict(await self.verifier.verify(signed.text.encode(), signed.seal, purpose=RECEIPT_PURPOSE))
        if len(self._worth) >= _KEPT:
            self._worth.clear()
        self._worth[signed] = (worth, self.clock.monotonic())
        return worth

    def _receipt_in(self, text: str) -> ConsentReceipt | ConsentFault:
        read = self._read.get(text)
        if read is None:
            if len(self._read) >= _KEPT:
                self._read.clear()
            read = self._read[text] = read_receipt(text)
        return read

    def _approves(self, consent: Consent) -> bool:
        read = self._receipt_in(consent.signed.text)
        return isinstance(read, ConsentReceipt) and read.approved

    # ── within the limit ─────────────────────────────────────────────────────────────────────

    async def _asked(self, work: Coroutine[Any, Any, T]) -> T | ConsentFault:
        """What the ledger answers. One that waits for nobody is asked without a task and a clock."""
        if self._ledger_waits:
            return await self._bounded(work)
        so_far = self._begun(work)
        return await self._bounded(so_far.rest()) if isinstance(so_far, Waiting) else so_far

    def _begun(self, work: Coroutine[Any, Any, T]) -> T | ConsentFault | Waiting[T]:
        try:
            return begun(work)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - nobody can have left: the ledger raised it
            return ConsentFault.LEDGER_FAILED

    async def _bounded(self, work: Coroutine[Any, Any, T]) -> T | ConsentFault:
        """What ``work`` comes to, or the fault that it failed or took too long.

        In a task of its own: a ledger that swallows its cancellation cannot hold up the call, and one that
        raises ``CancelledError`` is told from a caller who leaves.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=self.limit_s)
        except asyncio.CancelledError:
            self._give_up(task)
            raise
        if not task.done():
            self._give_up(task)
            return ConsentFault.LEDGER_TOO_SLOW
        if task.cancelled():
            return ConsentFault.LEDGER_FAILED
        failure = task.exception()
        if failure is None:
            return task.result()
        if not isinstance(failure, Exception):
            raise failure
        return ConsentFault.LEDGER_FAILED

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Have ``work`` done before whatever is asked of the ledger later; nobody waits for it."""
        if not self._ledger_waits:
            with suppress(Exception, asyncio.CancelledError):  # as when nobody looks at a task's failure
                so_far = begun(work)
                if isinstance(so_far, Waiting):
                    self._hold(asyncio.ensure_future(so_far.rest()))
            return
        self._hold(asyncio.ensure_future(work))

    def _give_up(self, task: "asyncio.Task[Any]") -> None:
        task.cancel()
        self._hold(task)

    def _hold(self, task: "asyncio.Task[Any]") -> None:
        self._left.add(task)
        task.add_done_callback(self._let_go)

    def _let_go(self, task: "asyncio.Task[Any]") -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not log it as overlooked


def _are_consents(found: object) -> bool:
    return isinstance(found, tuple) and all(isinstance(one, Consent) for one in found)
