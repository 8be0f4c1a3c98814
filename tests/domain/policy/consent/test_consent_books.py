"""The books of consents against a model that knows nothing of indexes, and that counts anew each time."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from provider_runtime.adapters.backends.medium import START
from provider_runtime.adapters.governance.consent_entries import ConsentEntryCodec
from provider_runtime.domain.errors import RecordConflict, RecordMissing
from provider_runtime.domain.policy.consent.books import ConsentBooks
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.entries import ConsentEntry
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.subject import ConsentScope
from provider_runtime.testing.consents import NOON, a_question, a_receipt, a_subject

CODEC = ConsentEntryCodec()
_TENANTS = st.sampled_from([None, "acme"])
_SESSIONS = st.sampled_from([None, "chat-7"])
_BODIES = st.sampled_from(["ab" * 32, "cd" * 32])


class Consents(RuleBasedStateMachine):
    """Questions, answers, uses and revocations in any order, by a clock that may be set back."""

    @initialize()
    def begin(self) -> None:
        self.books = ConsentBooks()
        self.entries: list[bytes] = []
        self.now = NOON
        self.number = 0
        self.given: dict[str, Consent] = {}
        self.uses: dict[str, set[str]] = {}
        self.bounds: dict[str, int | None] = {}
        self.revoked: set[str] = set()
        self.until: dict[str, Any] = {}
        self.denied: set[str] = set()

    def enter(self, entry: ConsentEntry | None) -> None:
        if entry is not None:
            raw = CODEC.encoded(entry)
            self.entries.append(raw)
            self.books.apply(CODEC.decoded(raw))

    def fresh(self, kind: str) -> str:
        self.number += 1
        return f"{kind}_{self.number}"

    @rule(tenant=_TENANTS, session=_SESSIONS, body=_BODIES)
    def ask(self, tenant: str | None, session: str | None, body: str) -> None:
        subject = a_subject(tenant=tenant, session=session, body_sha256=body)
        question = a_question(subject, request_id=self.fresh("req"), at=self.now)
        entry, waiting = self.books.ask(question, self.now)
        assert (entry is None) == (waiting.request_id != question.request_id)
        self.enter(entry)
        assert waiting.request_id in self.books.pending

    @rule(data=st.data(), approved=st.booleans(), uses=st.none() | st.integers(1, 3), wide=st.booleans())
    def answer(self, data: st.DataObject, *, approved: bool, uses: int | None, wide: bool) -> None:
        known = [*self.books.pending, *self.given]
        if not known:
            return
        request_id = data.draw(st.sampled_from(known))
        question = self.books.pending.get(request_id) or self.given[request_id].request
        scope = ConsentScope.BROADCAST if wide else ConsentScope.SINGLE_CALL
        terms = ConsentTerms(uses=uses, scope=scope, valid_for_s=1000)
        at = self.books.time(self.now)
        receipt = a_receipt(question, terms=terms, approved=approved, consent_id=self.fresh("consent"), at=at)
        signed = SignedReceipt(text=receipt_text(receipt))
        may = request_id in self.books.pending and question.expires_at >= at
        try:
            entry = self.books.decide(request_id, signed, self.now)
        except (RecordMissing, RecordConflict):
            assert not may
            return
        assert may
        self.enter(entry)
        self.given[request_id] = Consent(request=question, signed=signed)
        self.uses[request_id], self.bounds[request_id] = set(), receipt.uses
        self.until[request_id] = receipt.valid_until
        if not approved:
            self.denied.add(request_id)

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        if not self.given:
            return
        request_id = data.draw(st.sampled_from(sorted(self.given)))
        use_id = self.fresh("use")
        entry, answer = self.books.use(self.given[request_id], use_id, self.now)
        bound, at = self.bounds[request_id], self.books.time(self.now)
        forgotten = request_id not in self.books.decided
        may = (
            request_id not in self.revoked | self.denied
            and at <= self.until[request_id]
            and (bound is None or len(self.uses[request_id]) < bound)
        )
        # Before a consent is valid it is not used either; that is when the clock was set back.
        early = self.now < self.until[request_id] - timedelta(seconds=1000)
        assert isinstance(answer, UseTaken) == (may and not early and not forgotten), answer
        self.enter(entry)
        if isinstance(answer, UseTaken):
            assert answer.counted == (bound is not None)
            self.uses[request_id].add(use_id)
        else:
            assert isinstance(answer, ConsentFault)

    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        if not self.given:
            return
        request_id = data.draw(st.sampled_from(sorted(self.given)))
        use_id = data.draw(st.sampled_from([*sorted(self.uses[request_id]), "use_unknown"]))
        self.enter(self.books.give_back(request_id, use_id, self.now))
        self.uses[request_id].discard(use_id)

    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        if not self.given:
            return
        request_id = data.draw(st.sampled_from(sorted(self.given)))
        self.enter(self.books.revoke([request_id, "req_unknown"], "ada", None, self.now))
        self.revoked.add(request_id)

    @rule(seconds=st.integers(-5000, 90_000))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def no_consent_has_more_uses_than_it_allows(self) -> None:
        for request_id, kept in getattr(self, "books", ConsentBooks()).decided.items():
            bound = self.bounds[request_id]
            assert len(kept.uses) == (len(self.uses[request_id]) if bound is not None else 0)
            assert bound is None or len(kept.uses) <= bound

    @invariant()
    def a_holder_finds_what_is_theirs_and_nothing_else(self) -> None:
        if not getattr(self, "given", None):
            return
        for tenant in (None, "acme"):
            subject = a_subject(tenant=tenant)
            shown = self.books.find(subject)
            assert set(shown.consents) <= set(self.books.consents())  # as they stand now, not as they stood
            assert self.books.find(subject).consents is shown.consents
            found = {consent.request.request_id for consent in shown.consents}
            owners = {self.given[request_id].request.plan.subject.tenant for request_id in found}
            assert owners <= {tenant}
            exact = {
                request_id
                for request_id, consent in self.given.items()
                if consent.request.plan.subject == subject
                and request_id in self.books.decided
                and request_id not in self.revoked
                and self.until[request_id] >= self.books.time(NOON)
            }
            assert exact <= found

    def teardown(self) -> None:
        if not getattr(self, "entries", None):
            return
        anew = ConsentBooks()
        for raw in self.entries:
            anew.apply(CODEC.decoded(raw))
        restored, position = CODEC.restored(CODEC.kept(self.books, START))
        assert position == START
        for other in (anew, restored):
            assert other.consents() == self.books.consents()
            assert list(other.pending.values()) == list(self.books.pending.values())
            assert (other.count, other.latest) == (self.books.count, self.books.latest)
            for tenant in (None, "acme"):
                assert other.find(a_subject(tenant=tenant)) == self.books.find(a_subject(tenant=tenant))


Consents.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConsentBooks = Consents.TestCase
