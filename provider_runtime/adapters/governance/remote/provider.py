"""RemoteGovernanceProvider: the questions of governance, asked of a server."""

import asyncio
from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.backends.names import closed
from provider_runtime.adapters.governance.remote import messages as said
from provider_runtime.adapters.governance.remote.conversation import Conversation, TokenSource, Wishing
from provider_runtime.adapters.governance.remote.governed import amounts_in, profile_in
from provider_runtime.adapters.governance.remote.values import read
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.adapters.system import SystemClock, SystemRandomness
from provider_runtime.domain.errors import LedgerUnavailable
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.resources import BudgetReport, Quantities, Resource, in_units, quantity
from provider_runtime.domain.policy.grants.caps import CapSet
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.system import Clock, Randomness

_LONGEST: Final = 1024  # no name of a capability is as long


@define(kw_only=True, eq=False)
class RemoteGovernanceProvider:
    """Governance of the work of ``owner`` by the server at ``address``. See ``GovernanceProvider``.

    What may be done and consumed is asked of the server each time, and fails closed while it is away:
    ``LedgerUnavailable``, never a yes. Profile, capabilities and limits are those that it told last. Time
    is the server's, and begins when it first hears of this owner. What was consumed, and nobody heard
    of it, stays consumed.
    """

    address: ServerAddress
    token: TokenSource = field(repr=False)
    owner: RuntimeId = field(default=RuntimeId("governance"), converter=RuntimeId)
    open_transport: Callable[[], HttpTransport] = field(default=AiohttpTransport, repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    randomness: Randomness = field(factory=SystemRandomness, repr=False)
    timeout_s: float = 4.0
    try_s: float = 2.0
    _conversation: Conversation = field(init=False, repr=False)
    _synced: tuple[GovernanceProfile, Quantities] | None = field(default=None, init=False, repr=False)
    _under_way: set["asyncio.Task[Any]"] = field(factory=set, init=False, repr=False)
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

    async def get_profile(self) -> GovernanceProfile:
        return (await self._told())[0]

    async def get_caps(self) -> CapSet:
        return (await self._told())[0].allowed_caps

    async def get_budget(self) -> Quantities:
        return (await self._told())[1]

    async def check_cap(self, cap: str) -> bool:
        return cap in await self.granted((cap,))

    async def granted(self, caps: Collection[str]) -> frozenset[str]:
        self._refuse_closed()
        named = [cap for cap in caps if isinstance(cap, str) and 0 < len(cap) <= _LONGEST]
        if not named:
            return frozenset()
        answer = await self._conversation.ask(said.AskGranted(owner=self.owner, caps=tuple(named)), said.GrantedCaps)
        return frozenset(answer.caps) & frozenset(named)

    async def consume_budget(self, resource: Resource, amount: int | Decimal) -> bool:
        self._refuse_closed()
        wanted = quantity(amount)
        in_units(Resource(resource), wanted)  # what is no amount of it is refused here
        question = partial(
            said.Consume,
            owner=self.owner,
            resource=Resource(resource),
            amount=str(wanted),
            order=self.randomness.token(16).hex(),
        )
        # It goes on when the caller leaves: consumed or not, and never in between.
        task = asyncio.ensure_future(self._wish(Wishing(question), said.Consumed))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        answer: said.Consumed = await asyncio.shield(task)
        return answer.taken

    async def has_remaining(self, resource: Resource) -> bool:
        left = await self.remaining(resource)
        return left is None or left > 0

    async def remaining(self, resource: Resource) -> Decimal | None:
        return (await self.report()).remaining.of(resource)

    async def remaining_all(self) -> Quantities:
        return (await self.report()).remaining

    async def report(self) -> BudgetReport:
        answer = await self._sync()
        return read(_report, answer)

    async def reset(self) -> None:
        self._refuse_closed()
        await self._wish(Wishing(partial(said.ResetGovernance, owner=self.owner), twice_is_once=False), said.Done)

    async def flush(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._conversation.hang_up()

    async def aclose(self) -> None:
        self._closed = True
        await self.flush()

    async def _told(self) -> tuple[GovernanceProfile, Quantities]:
        if self._synced is None:
            await self._sync()
        if self._synced is None:
            raise AssertionError("a server that answered told nothing")
        return self._synced

    async def _sync(self) -> said.Synced:
        self._refuse_closed()
        answer = await self._conversation.ask(said.Sync(owner=self.owner), said.Synced)
        self._synced = read(_profile_and_limits, answer)
        return answer

    async def _wish(self, wishing: Wishing, answer: type[Any]) -> Any:
        try:
            return await self._conversation.wish(wishing, answer)
        except LedgerUnavailable:
            wishing.over()
            raise

    def _refuse_closed(self) -> None:
        if self._closed:
            raise closed("governance")


def _report(answer: said.Synced) -> BudgetReport:
    return BudgetReport(
        limits=amounts_in(answer.limits),
        consumed=amounts_in(answer.consumed),
        remaining=amounts_in(answer.remaining),
    )


def _profile_and_limits(answer: said.Synced) -> tuple[GovernanceProfile, Quantities]:
    return profile_in(answer.profile), amounts_in(answer.limits)
