"""The entries of a ledger: what happened to holds, in order. Balances are what they add up to."""

from typing import TypeAlias

from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.policy.budgets.holds import Fate, Line
from provider_runtime.domain.values import sealed


@sealed
class Held:
    """A hold was taken; its number is that of this entry."""

    at_ms: int
    call_id: CallId
    attempt: int
    lines: tuple[Line, ...]
    lease_until_ms: int
    order_id: OrderId | None = None


@sealed
class Settled:
    """Its owner said what became of a hold. ``charges``: what is posted, line by line."""

    at_ms: int
    hold: int
    fate: Fate
    charges: tuple[int, ...]


@sealed(kw_only=True)
class Expired:
    """The leases of holds were over: they are posted in full, and whoever settles them later is too late."""

    at_ms: int
    holds: tuple[int, ...]


@sealed(kw_only=True)
class Adjusted:
    """What was posted for a hold in full is put right: line by line, what it really came to."""

    at_ms: int
    hold: int
    charges: tuple[int, ...]


@sealed(kw_only=True)
class Reset:
    """Somebody in charge let an account begin anew: what was posted in ``window`` counts no more."""

    at_ms: int
    budget: str
    owner: str
    window: int


Entry: TypeAlias = Held | Settled | Expired | Adjusted | Reset
