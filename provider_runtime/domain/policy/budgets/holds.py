"""Holds: what is set aside for one attempt before it is sent, and what becomes of it."""

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import Final, TypeAlias

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import all_are, is_a, whole
from provider_runtime.domain.identity import CallId, OrderId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.budgets.limits import LARGEST
from provider_runtime.domain.values import open_twin, sealed

NO_WINDOW: Final = -1
FIRST_FENCE: Final = 1
"""The fence of a hold whose owner nobody has taken for lost."""
_AMOUNT = whole(0, LARGEST)


class HoldState(StrEnum):
    """What is known of the attempt that a hold was taken for.

    ``POSTED`` and ``VOID`` never change; what was posted in full can be put right by an adjustment.
    """

    HELD = "held"  # under way, or about to be
    POSTED = "posted"  # answered: what it really came to
    VOID = "void"  # never sent, or refused by the provider: nothing was bought
    UNCONFIRMED = "unconfirmed"  # sent, and no whole answer: posted in full, since it may have been billed
    ESTIMATE = "estimate"  # answered, and nobody can say what it came to: posted in full
    EXPIRED = "expired"  # its owner was not heard of again: posted in full
    ADJUSTED = "adjusted"  # posted in full at first, and put right since


class Fate(StrEnum):
    """How an owner can settle a hold: the states that are its to give."""

    POSTED = "posted"
    VOID = "void"
    UNCONFIRMED = "unconfirmed"
    ESTIMATE = "estimate"

    def __init__(self, value: str) -> None:
        self.state: Final = HoldState(value)
        """What a hold is from then on."""


@frozen(kw_only=True)
class Account:
    """One budget of one owner: ``month`` of tenant ``acme``. Its windows follow one another."""

    budget: str
    owner: str
    window_s: int | None = field(default=None, validator=optional(whole(1)))

    def window_at(self, now_ms: int) -> int:
        """The number of the window that ``now_ms`` (since 1970, UTC) lies in."""
        return 0 if self.window_s is None else now_ms // (self.window_s * 1000)


@frozen(kw_only=True)
class Claim:
    """What an attempt may take from an account at most, and the limit of that account."""

    account: Account = field(validator=is_a(Account))
    limit: int = field(validator=_AMOUNT)
    amount: int = field(validator=_AMOUNT)


@frozen(kw_only=True)
class HoldOrder:
    """What shall be held for one attempt: every claim or none. ``lease_ms``: how long its owner may be silent.

    ``claims`` stand in the order of the names of their accounts, however they are given.
    ``order_id`` is for whoever may not hear the answer: an order of the same name, given again, is
    answered with the hold that was taken for it, and no second one is taken. It is shown again when that
    hold is settled.
    """

    call_id: CallId
    attempt: int = field(validator=whole(1))
    claims: tuple[Claim, ...] = field(converter=tuple_of, validator=all_are(Claim))
    lease_ms: int = field(validator=whole(1))
    order_id: OrderId | None = field(default=None, validator=optional(is_a(OrderId)))

    @claims.validator
    def _once_each(self, _attribute: object, claims: tuple[Claim, ...]) -> None:
        names = [(claim.account.budget, claim.account.owner) for claim in claims]
        if len(set(names)) < len(names):
            raise ValueError("claims: one attempt claims each account once")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "claims", in_order(self.claims))


_NAMES: Final = attrgetter("account.budget", "account.owner")


def in_order(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Claims by the names of their accounts."""
    return tuple(sorted(claims, key=_NAMES))


_OpenClaim: Final = open_twin(Claim)
_OpenOrder: Final = open_twin(HoldOrder)
_new: Final = object.__new__


def claiming(account: Account, limit: int, amount: int) -> Claim:
    """The claim of whoever has seen to it that both are amounts."""
    claim = _new(_OpenClaim)
    claim.account = account
    claim.limit = limit
    claim.amount = amount
    claim.__class__ = Claim
    closed: Claim = claim
    return closed


def ordering(call_id: CallId, attempt: int, claims: tuple[Claim, ...], lease_ms: int) -> HoldOrder:
    """The order of whoever claims each account once, in order, and need not be recognised by a name."""
    order = _new(_OpenOrder)
    order.call_id = call_id
    order.attempt = attempt
    order.claims = claims
    order.lease_ms = lease_ms
    order.order_id = None
    order.__class__ = HoldOrder
    closed: HoldOrder = order
    return closed


@sealed
class Line:
    """What one hold takes from one window of one account, whose limit was ``limit`` then.

    ``window`` is ``NO_WINDOW`` once the account was reset: what is said of the hold from then on counts nowhere.
    """

    account: Account
    window: int
    amount: int
    limit: int


@sealed
class Hold:
    """What is set aside for one attempt. ``number`` names it in its ledger.

    ``posted`` is what was posted in the end, line by line; empty while the hold is under way.
    ``fence`` is shown when the hold is settled: who was taken for lost, and comes back, has an
    outdated one. Times are milliseconds since 1970 by the clock of the ledger.
    """

    number: int
    call_id: CallId
    attempt: int
    lines: tuple[Line, ...]
    lease_until_ms: int
    fence: int = FIRST_FENCE
    state: HoldState = HoldState.HELD
    posted: tuple[int, ...] = ()
    order_id: OrderId | None = None

    @property
    def amounts(self) -> tuple[int, ...]:
        """What is held, line by line."""
        return tuple(line.amount for line in self.lines)


@frozen(kw_only=True)
class Balance:
    """A window of an account: what is posted, what is held, and by how much limits were overrun.

    ``overrun`` adds up what was posted beyond what was held or posted for it before. ``warned``: that four
    fifths of the limit are taken has been told.
    """

    posted: int = 0
    held: int = 0
    overrun: int = 0
    warned: bool = False

    @property
    def taken(self) -> int:
        """What nobody else can have."""
        return self.posted + self.held


@frozen(kw_only=True)
class Standing:
    """How an account stands in its present window."""

    account: Account
    window: int
    limit: int
    balance: Balance

    @property
    def remaining(self) -> int:
        """What is neither spent nor set aside; not below zero."""
        return max(0, self.limit - self.balance.taken)


@frozen(kw_only=True)
class Tally:
    """How an account stands, and how much of what is posted there nobody has confirmed.

    The limit is that of the last claim. ``unconfirmed`` was posted in full because nobody could say what
    it came to; an adjustment puts it right.
    """

    standing: Standing
    unconfirmed: int


@sealed
class Admitted:
    """The hold was taken. ``nearly_spent``: the accounts that are four fifths taken from now on."""

    hold: Hold
    nearly_spent: tuple[Standing, ...] = ()


@sealed(kw_only=True)
class Declined:
    """No hold was taken: the first account, in order of name, that has less left than is claimed."""

    standing: Standing
    claimed: int


Reservation: TypeAlias = Admitted | Declined
