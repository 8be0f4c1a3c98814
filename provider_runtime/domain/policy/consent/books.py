"""ConsentBooks: what the entries of a ledger of consents add up to, and which entry may come next."""

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from attrs import define, field

from provider_runtime.domain.errors import RecordConflict, RecordMissing
from provider_runtime.domain.policy.consent.coverage import fault_of_copy
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.entries import Asked, ConsentEntry, Decided, GivenBack, Revoked, Used
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.indexing import ConsentIndex, Names
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.reading import read_receipt
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import UP_TO_DATE, Found, Moment, fault_of_state

_REMEMBERED: Final = timedelta(days=30)
"""So long a question or a decision that is over can still be looked at."""

_SHOWN: Final = 1024


@define(kw_only=True, eq=False)
class KeptConsent:
    """A decision with what became of it; ``number`` is its place among the decisions."""

    number: int
    request: ConsentRequest
    signed: SignedReceipt
    read: ConsentReceipt | ConsentFault
    uses: set[str] = field(factory=set)
    revoked_at: datetime | None = None

    def seen(self) -> Consent:
        """As others see it."""
        return Consent(request=self.request, signed=self.signed, used=len(self.uses), revoked_at=self.revoked_at)


@define(kw_only=True, eq=False)
class ConsentBooks:
    """The state of a ledger, brought forward one entry after another.

    ``ask``, ``decide``, ``use``, ``give_back`` and ``revoke`` say which entry would come next and change
    nothing; ``apply`` enters it. So equal entries give equal books, whoever keeps them. ``count``
    entries were applied, the last at ``latest``.
    """

    count: int = 0
    latest: datetime | None = None
    pending: dict[str, ConsentRequest] = field(factory=dict)
    decided: dict[str, KeptConsent] = field(factory=dict)
    """Decisions by the ids of the questions, oldest first."""
    _index: ConsentIndex = field(factory=ConsentIndex, init=False, repr=False)
    _shown: dict[Names, Found] = field(factory=dict, init=False, repr=False)
    """What was found since the last entry."""
    _ends: list[tuple[datetime, str]] = field(factory=list, init=False, repr=False)

    def time(self, clock: datetime) -> datetime:
        """The time of the next entry: it never runs back, whatever the clocks of others do."""
        return clock if self.latest is None else max(self.latest, clock)

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def find(self, subject: ConsentSubject) -> Found:
        """What may bear on a call, the newest decision first: the very same consents until something is entered."""
        names = self._index.names_of(subject)
        if names is None:
            return Found(UP_TO_DATE, latest=self.latest)
        shown = self._shown.get(names)
        if shown is None:
            if len(self._shown) >= _SHOWN:
                self._shown.clear()
            shown = self._shown[names] = Found(UP_TO_DATE, self._look(names), self.latest)
        return shown

    def _look(self, names: Names) -> tuple[Consent, ...]:
        ids, recent = self._index.of(names)
        kept = [self.decided[request_id] for request_id in ids]
        live = [one for one in kept if one.request.request_id in recent or not self._is_over(one)]
        return tuple([one.seen() for one in sorted(live, key=attrgetter("number"), reverse=True)])

    def waiting(self, now: datetime) -> tuple[ConsentRequest, ...]:
        """The questions that nobody has answered and that may still be, oldest first."""
        return tuple(request for request in self.pending.values() if request.expires_at >= now)

    def consents(self) -> tuple[Consent, ...]:
        """Every decision that is remembered, oldest first."""
        return tuple(one.seen() for one in self.decided.values())

    # ── what may come next ───────────────────────────────────────────────────────────────────

    def ask(self, request: ConsentRequest, clock: datetime) -> tuple[Asked | None, ConsentRequest]:
        """The entry for a question, and the question; no entry where the same one waits already."""
        at = self.time(clock)
        subject = request.plan.subject
        replaced: list[str] = []
        for waiting in self.waiting(at):
            if waiting.plan.plan_id == request.plan.plan_id and waiting.scope is request.scope:
                return None, waiting
            if subject.session is not None and _talk(waiting.plan.subject) == _talk(subject):
                replaced.append(waiting.request_id)  # the payload was changed: semantics C.5
        return Asked(at=at, request=request, replaces=tuple(replaced)), request

    def decide(self, request_id: str, signed: SignedReceipt, clock: datetime) -> Decided:
        """The entry for an answer. Each question is answered once.

        Raises ``RecordMissing`` for a question that is unknown or that nobody may answer any more, and
        ``RecordConflict`` for one that was answered, and for an answer to anything else.
        """
        at = self.time(clock)
        question, receipt = self.question(request_id, at), read_receipt(signed.text)
        fault = receipt if isinstance(receipt, ConsentFault) else fault_of_copy(receipt, question)
        if fault is not None:
            raise RecordConflict(
                kind="consent request",
                key=request_id,
                message=f"the receipt is not an answer to this request ({fault})",
                remedy="Sign what was asked: the facts of a receipt are those of the plan.",
            )
        return Decided(at=at, request_id=request_id, signed=signed)

    def question(self, request_id: str, now: datetime) -> ConsentRequest:
        """The question that waits under this id. Raises as ``decide`` does."""
        if request_id in self.decided:
            raise RecordConflict(
                kind="consent request",
                key=request_id,
                message="this request was answered before, and each is answered once",
                remedy="Ask anew, or revoke the decision that was made.",
            )
        request = self.pending.get(request_id)
        if request is None or request.expires_at < self.time(now):
            raise RecordMissing(
                kind="consent request",
                key=request_id,
                message="no request of this id waits for an answer"
                if request is None
                else "this request has waited too long, and may not be answered any more",
                remedy="Look at those that wait (consent list), or ask anew.",
            )
        return request

    def use(self, consent: Consent, use_id: str, clock: datetime) -> tuple[Used | None, UseTaken | ConsentFault]:
        """The entry for one call made on a consent, and what its maker is told; no entry where uses are not counted.

        ``consent`` is the decision that was judged: if the ledger knows it otherwise, what was judged is
        not what would be used.
        """
        at = self.time(clock)
        kept = self.decided.get(consent.request.request_id)
        if kept is None or not isinstance(kept.read, ConsentReceipt) or kept.signed != consent.signed:
            return None, ConsentFault.NONE
        fault = fault_of_state(kept.seen(), kept.read, Moment(now=clock, since=self.latest))
        if not kept.read.approved:
            fault = ConsentFault.DENIED
        if fault is not None:
            return None, fault
        counted = kept.read.uses is not None
        entry = Used(at=at, request_id=kept.request.request_id, use_id=use_id) if counted else None
        return entry, UseTaken(use_id=use_id, counted=counted)

    def give_back(self, request_id: str, use_id: str, clock: datetime) -> GivenBack | None:
        """The entry for a call that was not made after all; ``None`` where no such use is known."""
        kept = self.decided.get(request_id)
        known = kept is not None and use_id in kept.uses
        return GivenBack(at=self.time(clock), request_id=request_id, use_id=use_id) if known else None

    def revoke(self, request_ids: Iterable[str], user_id: str, reason: str | None, clock: datetime) -> Revoked | None:
        """The entry that takes decisions back; ``None`` where none of them is known and still counts."""
        known = tuple(
            request_id
            for request_id in dict.fromkeys(request_ids)
            if (kept := self.decided.get(request_id)) is not None and kept.revoked_at is None
        )
        return Revoked(at=self.time(clock), request_ids=known, user_id=user_id, reason=reason) if known else None

    # ── entering ─────────────────────────────────────────────────────────────────────────────

    def apply(self, entry: ConsentEntry) -> None:
        """Enter what happened. Raises ``ValueError`` for an entry that cannot follow the ones before."""
        if self.latest is not None and entry.at < self.latest:
            raise ValueError("time runs back")
        self.count, self.latest = self.count + 1, entry.at
        self._shown.clear()
        match entry:
            case Asked(request=request, replaces=replaces):
                for request_id in replaces:
                    self.pending.pop(request_id, None)
                self.wait(request)
            case Decided(request_id=request_id, signed=signed):
                if request_id not in self.pending:
                    raise ValueError(f"the answer number {self.count} has no question")
                self.keep(
                    KeptConsent(
                        number=self.count,
                        request=self.pending.pop(request_id),
                        signed=signed,
                        read=read_receipt(signed.text),
                    )
                )
            case Used(request_id=request_id, use_id=use_id):
                self._known(request_id).uses.add(use_id)
            case GivenBack(request_id=request_id, use_id=use_id):
                self._known(request_id).uses.discard(use_id)
            case Revoked(request_ids=request_ids):
                for request_id in request_ids:
                    self._known(request_id).revoked_at = entry.at
        self._forget(entry.at)

    def wait(self, request: ConsentRequest) -> None:
        """Have a question wait."""
        self.pending[request.request_id] = request
        heapq.heappush(self._ends, (request.expires_at, request.request_id))

    def keep(self, kept: KeptConsent) -> None:
        """Keep a decision, and let it be found."""
        request_id = kept.request.request_id
        self._shown.clear()
        self.decided[request_id] = kept
        self._index.add(kept.request, kept.read)
        until = kept.read.valid_until if isinstance(kept.read, ConsentReceipt) else kept.request.expires_at
        heapq.heappush(self._ends, (until, request_id))

    def _is_over(self, kept: KeptConsent) -> bool:
        """Whether a decision can never count again: it need not be looked at."""
        if not isinstance(kept.read, ConsentReceipt):
            return False
        over = self.latest is not None and kept.read.valid_until < self.latest
        return over or kept.revoked_at is not None

    def _known(self, request_id: str) -> KeptConsent:
        kept = self.decided.get(request_id)
        if kept is None:
            raise ValueError(f"entry number {self.count} is of a decision that is not known")
        return kept

    def _forget(self, now: datetime) -> None:
        while self._ends and self._ends[0][0] + _REMEMBERED < now:
            ended, request_id = heapq.heappop(self._ends)
            waiting, kept = self.pending.get(request_id), self.decided.get(request_id)
            if waiting is not None and waiting.expires_at <= ended:
                del self.pending[request_id]
            if kept is not None and isinstance(kept.read, ConsentReceipt) and kept.read.valid_until > ended:
                continue  # the end of the question, not that of the answer
            if kept is not None:
                del self.decided[request_id]
                self._index.remove(kept.request, kept.read)


def _talk(subject: ConsentSubject) -> tuple[object, ...]:
    """One conversation with one model: where its payload changes, an older question about it is stale."""
    return (subject.runtime, subject.tenant, subject.session, subject.provider, subject.model)
