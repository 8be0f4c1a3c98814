"""What a client asks of the server that keeps a ledger, and what it answers: version 1, as JSON.

Each question is a POST to ``/v1/<name>`` with ``Authorization: Bearer <token>``. What changes the
ledger carries the session and the number of the question in it, so that a question asked again,
because its answer was lost, is answered and not done again; see ``sessions``.
"""

from typing import Annotated, ClassVar, Final, TypeAlias

import msgspec

from provider_runtime.domain.policy.budgets.holds import Fate, HoldState
from provider_runtime.domain.policy.budgets.resources import Resource
from provider_runtime.domain.policy.grants.profiles import OracleRequest, TruthRegime

VERSION: Final = 1
SESSION_UNKNOWN: Final = "session_unknown"
MOST_BYTES: Final = 256 * 1024
"""Of a question. Answers that list holds may be longer."""

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Charges: TypeAlias = Annotated[tuple[Whole, ...], msgspec.Meta(max_length=256)]
AccountParts: TypeAlias = tuple[Name, Name, Number | None]
"""Budget, owner, seconds of a window."""


class ClaimMessage(msgspec.Struct, array_like=True):
    """What an attempt may take from an account at most."""

    account: AccountParts
    limit: Whole
    amount: Whole


class LineMessage(msgspec.Struct, array_like=True):
    """One line of a hold."""

    account: AccountParts
    window: int
    amount: Whole
    limit: Whole


class HoldMessage(msgspec.Struct, omit_defaults=True):
    """A hold; ``order`` is told to whoever gave it alone."""

    number: Number
    call: Id
    attempt: Number
    lines: tuple[LineMessage, ...]
    until: Whole
    fence: Number
    state: HoldState
    posted: tuple[Whole, ...] = ()
    order: Id | None = None


class StandingMessage(msgspec.Struct, array_like=True):
    """How an account stands in its window."""

    account: AccountParts
    window: int
    limit: Whole
    posted: Whole
    held: Whole
    overrun: Whole
    warned: bool


class TallyMessage(msgspec.Struct, array_like=True):
    """The same, and what of it nobody has confirmed."""

    standing: StandingMessage
    unconfirmed: Whole


class Question(msgspec.Struct):
    """Something asked that changes nothing."""

    name: ClassVar[str]


class Wish(msgspec.Struct):
    """Something asked that may change the ledger: the ``op``-th of its session; below ``done`` all is answered."""

    name: ClassVar[str]

    session: Id
    op: Number
    done: Number


class Join(Question):
    """Begin a session."""

    name: ClassVar[str] = "session"


class Reserve(Wish):
    """``BudgetLedger.reserve``."""

    name: ClassVar[str] = "reserve"

    order: Id
    call: Id
    attempt: Number
    lease_ms: Number
    claims: Annotated[tuple[ClaimMessage, ...], msgspec.Meta(max_length=256)]


class Settle(Wish):
    """``BudgetLedger.settle``."""

    name: ClassVar[str] = "settle"

    number: Number
    fence: Number
    order: Id
    fate: Fate
    charges: Charges


class Withdraw(Wish):
    """``BudgetLedger.withdraw``; ``reserving``: the number of the question in this session that gave the order."""

    name: ClassVar[str] = "withdraw"

    order: Id
    reserving: Number | None = None


class Adjust(Wish):
    """``BudgetLedger.adjust``."""

    name: ClassVar[str] = "adjust"

    number: Number
    charges: Charges


class Reconcile(Wish):
    """``BudgetLedger.reconcile``."""

    name: ClassVar[str] = "reconcile"


class ResetAccount(Wish):
    """``BudgetLedger.reset_account``."""

    name: ClassVar[str] = "reset-account"

    budget: Name
    owner: Name


class Look(Question):
    """``BudgetLedger.standings``."""

    name: ClassVar[str] = "standings"

    claims: Annotated[tuple[ClaimMessage, ...], msgspec.Meta(max_length=256)]


class AskTallies(Question):
    """``BudgetLedger.tallies``."""

    name: ClassVar[str] = "tallies"


class Sync(Question):
    """Which profile the work of ``owner`` is under, and how much of its budget there is: ``GovernanceProvider``."""

    name: ClassVar[str] = "governance"

    owner: Id


class AskGranted(Question):
    """``GovernanceProvider.granted``."""

    name: ClassVar[str] = "governance/granted"

    owner: Id
    caps: Annotated[tuple[Name, ...], msgspec.Meta(max_length=1024)]


class Consume(Wish):
    """``GovernanceProvider.consume_budget``; ``amount`` as a decimal number."""

    name: ClassVar[str] = "governance/consume"

    owner: Id
    resource: Resource
    amount: Id
    order: Id


class ResetGovernance(Wish):
    """``GovernanceProvider.reset``."""

    name: ClassVar[str] = "governance/reset"

    owner: Id


QUESTIONS: Final[tuple[type[Question | Wish], ...]] = (
    Join,
    Reserve,
    Settle,
    Withdraw,
    Adjust,
    Reconcile,
    ResetAccount,
    Look,
    AskTallies,
    Sync,
    AskGranted,
    Consume,
    ResetGovernance,
)


class Joined(msgspec.Struct):
    """The session that was begun."""

    session: Id
    version: Number = VERSION


class Done(msgspec.Struct):
    """It was done, or had been."""


class Reserved(msgspec.Struct, omit_defaults=True):
    """``held``, with the accounts that are nearly spent; or none, and the account that was ``declined``."""

    held: HoldMessage | None = None
    nearly: tuple[StandingMessage, ...] = ()
    declined: StandingMessage | None = None
    claimed: Whole = 0


class Holds(msgspec.Struct):
    """The holds that can be put right."""

    holds: tuple[HoldMessage, ...]


class Standings(msgspec.Struct):
    """How the claimed accounts stand."""

    standings: tuple[StandingMessage, ...]


class Tallies(msgspec.Struct):
    """How all accounts stand."""

    tallies: tuple[TallyMessage, ...]


class Amounts(msgspec.Struct):
    """So much of each resource, as decimal numbers; ``None``: no limit."""

    tokens: str | None = None
    cost: str | None = None
    time: str | None = None
    iterations: str | None = None


class ProfileMessage(msgspec.Struct):
    """A governance profile; ``budgets`` in the order of the fields of ``ProfileBudgets``."""

    name: Name
    caps: tuple[str, ...]
    ops: tuple[str, ...]
    requests: tuple[OracleRequest, ...]
    budgets: tuple[Whole, Whole, Whole, Whole, Whole, Whole | None]
    truth: TruthRegime
    deterministic: bool


class Synced(msgspec.Struct):
    """A profile, and the report of its budget."""

    profile: ProfileMessage
    limits: Amounts
    consumed: Amounts
    remaining: Amounts


class GrantedCaps(msgspec.Struct):
    """Those of the capabilities that are granted."""

    caps: tuple[str, ...]


class Consumed(msgspec.Struct):
    """Whether so much was left, and is taken now."""

    taken: bool


class Problem(msgspec.Struct):
    """Why it was not done. ``code`` is one of ours, or ``session_unknown``."""

    code: str
    message: str = ""
    remedy: str = ""
    kind: str = ""
    key: str = ""


Answer: TypeAlias = Joined | Done | Reserved | Holds | Standings | Tallies | Synced | GrantedCaps | Consumed | Problem
