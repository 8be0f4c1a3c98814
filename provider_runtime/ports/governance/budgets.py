"""BudgetLedger: what calls have come to, and what is set aside for those under way."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

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
from provider_runtime.domain.values import sealed


@sealed
class AtOnce:
    """``reserve`` and ``settle`` of a ledger, the steps of every call, as plain functions: they wait for nobody."""

    reserve: Callable[[HoldOrder], Reservation]
    settle: Callable[[Hold, Fate, Sequence[int]], None]


@runtime_checkable
class BudgetLedger(Protocol):
    """Keeps budgets for whoever shares it: tasks, runtimes, and processes where the medium is shared.

    What has returned is kept as firmly as the medium promises, and what was given up still takes its
    turn. Money is never under-counted: a hold stays until it is settled, or is posted in full when its
    lease is over. Time is the ledger's own, and never runs back.
    Raises ``BackendError`` when the medium fails, ``RecordCorrupt`` when it does not read back, and
    ``LedgerConflict`` for what contradicts an earlier entry. A ledger that never waits for anybody, since
    it is in memory, may say so with ``waits = False``: calls need no task of their own to ask it. Its class
    may also have a property ``at_once``, an ``AtOnce`` or ``None``: calls need no coroutine then, either.
    """

    async def reserve(self, order: HoldOrder) -> Reservation:
        """Hold every claim of ``order``, or none, in one step that nobody can come between.

        A claim is admitted if what is posted and held, with it, stays within its limit. An order that
        was given before, by its ``order_id``, is answered with the hold that was taken for it.
        """
        ...

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        """Post ``charges`` (one for each line of the hold) and release the rest.

        The charges count also where they exceed what was held. Settling again with the same values
        does nothing. After its lease, a hold is not settled again but put right.
        """
        ...

    async def withdraw(self, order_id: OrderId) -> None:
        """Give back what was held for the order of this name, if anything is.

        For whoever gave an order, heard no answer, and has sent nothing on its account.
        """
        ...

    async def adjust(self, number: int, charges: Sequence[int]) -> None:
        """Put right what was posted in full for the hold of this number, once the bill is known."""
        ...

    async def reconcile(self) -> tuple[Hold, ...]:
        """Post in full every hold whose lease is over; returns all holds that could be put right."""
        ...

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        """How the claimed accounts stand, in order of their names. Changes nothing."""
        ...

    async def tallies(self) -> tuple[Tally, ...]:
        """How every account stands that was ever held anything in, in order of their names. Changes nothing."""
        ...

    async def reset_account(self, budget: str, owner: str) -> None:
        """Let an account begin anew: what is posted in its present window counts no more.

        What is held stays held, and counts when it is settled. Raises ``RecordMissing`` for an account
        that was never held anything in.
        """
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
