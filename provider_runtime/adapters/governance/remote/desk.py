"""LedgerDesk: the server's side. Who asks, may they, was it asked before, and what does the ledger say?"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from attrs import define, evolve, field, frozen

from provider_runtime.adapters.governance.remote import messages as said
from provider_runtime.adapters.governance.remote.governed import GovernedWork, keeper, order_of, within_reach
from provider_runtime.adapters.governance.remote.problems import NO_TOKEN, answered, failed, refused
from provider_runtime.adapters.governance.remote.sessions import Session, Sessions
from provider_runtime.adapters.governance.remote.values import (
    claims_in,
    hold_out,
    reservation_out,
    standing_out,
    tally_out,
)
from provider_runtime.adapters.system import SystemRandomness
from provider_runtime.domain.errors import ErrorCode, LedgerConflict, LedgerDenied, ProviderRuntimeError
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.access import LedgerClient
from provider_runtime.domain.policy.budgets.holds import Account, Claim, Hold, HoldOrder, Tally
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.serving import HttpAnswer, HttpAsked
from provider_runtime.ports.system import Randomness

HEALTH: Final = "/v1/health"
_PREFIX: Final = "/v1/"
_STALE: Final = refused(409, "stale", "this was answered before, and the answer was heard")
_WITHDRAWN: Final = refused(409, ErrorCode.LEDGER_CONFLICT.value, "the order was withdrawn")
_QUESTIONS: Final = {question.name: msgspec.json.Decoder(question) for question in said.QUESTIONS}


@frozen(kw_only=True)
class Admission:
    """A client of the server, and the token that it shows."""

    client: LedgerClient
    token: Secret


@define(kw_only=True, eq=False)
class LedgerDesk:
    """Answers the questions of several clients about one ledger. See ``Answerer``.

    Each client sees and takes from the accounts within its reach alone, and settles only what it has
    taken itself. ``limits`` are the server's own: no client claims more of a budget of that name.
    ``governed`` answers for the profiles and budgets of governance, where the server has any.
    """

    ledger: BudgetLedger = field(repr=False)
    admissions: tuple[Admission, ...] = field(repr=False)
    limits: Mapping[str, Budget] = field(factory=dict)
    governed: GovernedWork | None = field(default=None, repr=False)
    randomness: Randomness = field(factory=SystemRandomness, repr=False)
    _sessions: Sessions = field(init=False, repr=False)

    @_sessions.default
    def _make_sessions(self) -> Sessions:
        return Sessions(make_name=lambda: self.randomness.token(16).hex())

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        if asked.path == HEALTH:
            return answered(said.Done())
        client = self._client_with(asked.bearer)
        if client is None:
            return answered(NO_TOKEN, 401)
        decoder = _QUESTIONS.get(asked.path.removeprefix(_PREFIX)) if asked.path.startswith(_PREFIX) else None
        if decoder is None:
            return refused(404, "not_found", "nobody answers at this path", "Is client or server of another release?")
        if asked.method != "POST":
            return refused(405, "request_invalid", "questions are asked by POST")
        try:
            question = decoder.decode(asked.body)
        except (msgspec.MsgspecError, RecursionError):
            # What msgspec says may quote what it read.
            return refused(400, ErrorCode.REQUEST_INVALID.value, "the question is not of a form that this server knows")
        return await self._answered(client, question)

    async def finish(self) -> None:
        """Wait for everything that was begun, also where whoever asked is gone."""
        await self._sessions.finish()

    async def _answered(self, client: LedgerClient, question: Any) -> HttpAnswer:
        if not isinstance(question, said.Wish):
            return await _outcome(lambda: self._told(client, question))
        session = self._sessions.find(question.session, client.name)
        if session is None:
            return refused(409, said.SESSION_UNKNOWN, "the server was started anew, or forgot this session")
        answer = await session.once(
            question.op, question.done, lambda: _outcome(lambda: self._granted(client, session, question))
        )
        return answer or _STALE

    async def _told(self, client: LedgerClient, question: said.Question) -> said.Answer:
        match question:
            case said.Look():
                claims = self._claims(client, question.claims)
                return said.Standings(standings=tuple(map(standing_out, await self.ledger.standings(claims))))
            case said.Sync() | said.AskGranted():
                return await self._governed().told(client, question)
            case said.AskTallies():
                tallies = [tally for tally in await self.ledger.tallies() if client.may_use(tally.standing.account)]
                return said.Tallies(tallies=tuple(tally_out(self._limited(tally)) for tally in tallies))
        return said.Joined(session=self._sessions.begin(client.name))

    async def _granted(self, client: LedgerClient, session: Session, wish: said.Wish) -> said.Answer:
        match wish:
            case said.Reserve():
                order = self._order(client, wish)
                return reservation_out(await self.ledger.reserve(order), wish.order)
            case said.Settle():
                await self.ledger.settle(_owned(client, wish), wish.fate, wish.charges)
            case said.Withdraw():
                if wish.reserving is not None:
                    await session.rule_out(wish.reserving, _WITHDRAWN)
                await self.ledger.withdraw(order_of(client, wish.order))
            case said.Consume() | said.ResetGovernance():
                return await self._governed().granted(client, wish)
            case said.Reconcile():
                keeper(client)
                holds = [hold for hold in await self.ledger.reconcile() if client.may_use_all(_accounts(hold))]
                return said.Holds(holds=tuple(hold_out(hold, None) for hold in holds))
            case said.Adjust():
                await self._adjust(client, wish)
            case said.ResetAccount():
                keeper(client)
                within_reach(client, [Account(budget=wish.budget, owner=wish.owner)])
                await self.ledger.reset_account(wish.budget, wish.owner)
        return said.Done()

    def _governed(self) -> GovernedWork:
        if self.governed is not None:
            return self.governed
        raise LedgerDenied(
            message="this server keeps budgets, and governs nothing",
            remedy="Start it with a governance profile: governance serve --profile NAME.",
        )

    def _order(self, client: LedgerClient, wish: said.Reserve) -> HoldOrder:
        return HoldOrder(
            call_id=CallId(wish.call),
            attempt=wish.attempt,
            claims=self._claims(client, wish.claims),
            lease_ms=wish.lease_ms,
            order_id=order_of(client, wish.order),
        )

    def _claims(self, client: LedgerClient, asked: Iterable[said.ClaimMessage]) -> list[Claim]:
        claims = claims_in(asked)
        within_reach(client, [claim.account for claim in claims])
        return [self._bounded(claim) for claim in claims]

    def _bounded(self, claim: Claim) -> Claim:
        """The claim under the server's own limit of its budget."""
        budget = self.limits.get(claim.account.budget)
        if budget is None:
            return claim
        if claim.account.window_s != budget.window_s:
            raise LedgerConflict(
                key=budget.name,
                message=f"the server counts the budget {budget.name} in other windows",
                remedy="Give the budget the window that it has at the server.",
            )
        return evolve(claim, limit=min(claim.limit, budget.limit.value))

    def _limited(self, tally: Tally) -> Tally:
        budget, standing = self.limits.get(tally.standing.account.budget), tally.standing
        if budget is None:
            return tally
        return evolve(tally, standing=evolve(standing, limit=min(standing.limit, budget.limit.value)))

    async def _adjust(self, client: LedgerClient, wish: said.Adjust) -> None:
        keeper(client)
        for hold in await self.ledger.reconcile():
            if hold.number == wish.number:
                within_reach(client, _accounts(hold))
        await self.ledger.adjust(wish.number, wish.charges)

    def _client_with(self, bearer: Secret | None) -> LedgerClient | None:
        """Whose token it is. Every one is compared, each in a time that tells nothing of where they differ."""
        if bearer is None:
            return None
        found = [admission.client for admission in self.admissions if admission.token == bearer]
        return found[0] if found else None


async def _outcome(work: Callable[[], Awaitable[said.Answer]]) -> HttpAnswer:
    try:
        return answered(await work())
    except ProviderRuntimeError as error:
        return failed(error)
    except (ValueError, TypeError) as fault:
        # Raised by the values themselves, in words of ours; what they quote is the client's own.
        return refused(400, ErrorCode.REQUEST_INVALID.value, str(fault))


def _owned(client: LedgerClient, wish: said.Settle) -> Hold:
    """As much of the hold as the ledger looks at when it is settled."""
    return Hold(
        number=wish.number,
        call_id=CallId("settled"),
        attempt=1,
        lines=(),
        lease_until_ms=0,
        fence=wish.fence,
        order_id=order_of(client, wish.order),
    )


def _accounts(hold: Hold) -> list[Account]:
    return [line.account for line in hold.lines]
