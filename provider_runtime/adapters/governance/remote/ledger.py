"""RemoteBudgetLedger: budgets that a server keeps for processes on several machines."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from attrs import define, field

from provider_runtime.adapters.backends.names import closed
from provider_runtime.adapters.governance.remote import messages as said
from provider_runtime.adapters.governance.remote.conversation import Conversation, TokenSource, Wishing
from provider_runtime.adapters.governance.remote.outbox import Outbox
from provider_runtime.adapters.governance.remote.values import (
    claims_out,
    hold_in,
    read,
    reservation_in,
    standing_in,
    tally_in,
)
from provider_runtime.adapters.system import SystemClock, SystemRandomness
from provider_runtime.domain.errors import BackendError, LedgerConflict, LedgerUnavailable, RecordCorrupt
from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets.holds import (
    Claim,
    Fate,
    Hold,
    HoldOrder,
    Reservation,
    Standing,
    Tally,
)
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.system import Clock, Randomness

_T = TypeVar("_T", bound=msgspec.Struct)


@define(kw_only=True, eq=False)
class RemoteBudgetLedger:
    """The ledger that a governance server keeps. See ``BudgetLedger``; time is the server's.

    Fails closed: while the server is away, nothing is reserved. Every order has a name that is made
    here first, and every question may be asked again, so a lost answer neither loses nor doubles a
    hold. A hold of which nobody heard is given back. What a call came to is kept where the server
    does not listen (``LedgerUnavailable``, ``kept``), and told in the background; if it never is, the
    hold is posted in full when its lease is over.
    """

    address: ServerAddress
    token: TokenSource = field(repr=False)
    open_transport: Callable[[], HttpTransport] = field(repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    randomness: Randomness = field(factory=SystemRandomness, repr=False)
    timeout_s: float = 4.0
    try_s: float = 2.0
    _conversation: Conversation = field(init=False, repr=False)
    _outbox: Outbox = field(init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    @_conversation.default
    def _make_conversation(self) -> Conversation:
        return Conversation(
            address=self.address,
            token=self.token,
            open_transport=self.open_transport,
            clock=self.clock,
            randomness=self.randomness,
            timeout_s=self.timeout_s,
            try_s=self.try_s,
        )

    @_outbox.default
    def _make_outbox(self) -> Outbox:
        return Outbox(clock=self.clock)

    @property
    def untold(self) -> int:
        """How many settlements the server has still to be told."""
        return len(self._outbox)

    async def reserve(self, order: HoldOrder) -> Reservation:
        self._refuse_closed()
        order_id = order.order_id or OrderId(self.randomness.token(16).hex())
        wishing = Wishing(
            partial(
                said.Reserve,
                order=order_id,
                call=order.call_id,
                attempt=order.attempt,
                lease_ms=order.lease_ms,
                claims=claims_out(order.claims),
            )
        )
        try:
            return read(reservation_in, await self._conversation.wish(wishing, said.Reserved))
        except (LedgerUnavailable, RecordCorrupt, asyncio.CancelledError):
            if wishing.sent:  # the server may have taken the hold, and nobody will use it
                self._outbox.add(partial(self._give_back, wishing, _giving_back(order_id, wishing)))
            else:
                wishing.over()
            raise

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        if hold.order_id is None:
            raise LedgerConflict(
                key=str(hold.number),
                message=f"hold {hold.number} was not taken at a governance server",
                remedy="Settle a hold with the ledger that gave it.",
            )
        self._refuse_closed()
        wishing = Wishing(
            partial(
                said.Settle,
                number=hold.number,
                fence=hold.fence,
                order=hold.order_id,
                fate=fate,
                charges=tuple(charges),
            )
        )
        try:
            await self._tell(wishing)
        except LedgerUnavailable as away:
            self._outbox.add(partial(self._tell, wishing))
            away.kept = True
            raise
        except asyncio.CancelledError:
            self._outbox.add(partial(self._tell, wishing))
            raise
        self._outbox.wake()

    async def withdraw(self, order_id: OrderId) -> None:
        await self._granted(Wishing(partial(said.Withdraw, order=order_id)), said.Done)

    async def adjust(self, number: int, charges: Sequence[int]) -> None:
        await self._granted(Wishing(partial(said.Adjust, number=number, charges=tuple(charges))), said.Done)

    async def reset_account(self, budget: str, owner: str) -> None:
        question = partial(said.ResetAccount, budget=budget, owner=owner)
        await self._granted(Wishing(question, twice_is_once=False), said.Done)

    async def reconcile(self) -> tuple[Hold, ...]:
        answer = await self._granted(Wishing(said.Reconcile), said.Holds)
        return tuple(read(hold_in, hold) for hold in answer.holds)

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        self._refuse_closed()
        answer = await self._conversation.ask(said.Look(claims=claims_out(claims)), said.Standings)
        return tuple(map(standing_in, answer.standings))

    async def tallies(self) -> tuple[Tally, ...]:
        self._refuse_closed()
        answer = await self._conversation.ask(said.AskTallies(), said.Tallies)
        return tuple(map(tally_in, answer.tallies))

    async def flush(self) -> None:
        await self._outbox.flush()
        await self._conversation.hang_up()

    async def aclose(self) -> None:
        self._closed = True
        await self.flush()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise closed("ledger")

    async def _granted(self, wishing: Wishing, answer: type[_T]) -> _T:
        """The answer to what is not asked on once nobody waits for it."""
        self._refuse_closed()
        try:
            return await self._conversation.wish(wishing, answer)
        finally:
            wishing.over()

    async def _tell(self, wishing: Wishing) -> None:
        await self._conversation.wish(wishing, said.Done)

    async def _give_back(self, reserving: Wishing, giving_back: Wishing) -> None:
        try:
            await self._tell(giving_back)
        except LedgerUnavailable:
            raise
        except BackendError:
            reserving.over()
            raise
        reserving.over()


def _giving_back(order_id: OrderId, reserving: Wishing) -> Wishing:
    """The wish that nothing be held for an order, nor from now on: a copy of the order may still be on its way."""

    def question(*, session: str, op: int, done: int) -> said.Withdraw:
        return said.Withdraw(session=session, op=op, done=done, order=order_id, reserving=reserving.number_in(session))

    return Wishing(question)
