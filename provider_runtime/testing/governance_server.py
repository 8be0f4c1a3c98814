"""GovernanceServer: a real governance server on loopback, for the tests of services that share budgets."""

from collections.abc import Callable, Mapping
from typing import Self

from attrs import define, field

from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import LedgerGovernance
from provider_runtime.adapters.governance.remote.desk import Admission, LedgerDesk
from provider_runtime.adapters.governance.remote.governed import GovernedWork
from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.adapters.http.serving import HttpService
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.access import LedgerClient
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger

KEEPER = LedgerClient(name="keeper", keeper=True)
TOKEN = "a-token-for-tests-alone"  # noqa: S105 - of servers that a test starts for itself


@define(kw_only=True, eq=False)
class GovernanceServer:
    """``async with GovernanceServer() as server:`` serves ``ledger`` at ``server.url`` until the block ends.

    ``clients`` are those it knows, by their tokens; ``govern`` makes the governance of an owner. The
    ledger stays whoever handed it over's.
    """

    ledger: BudgetLedger = field(factory=MemoryBudgetLedger, repr=False)
    clients: Mapping[str, LedgerClient] = field(factory=lambda: {TOKEN: KEEPER}, repr=False)
    limits: Mapping[str, Budget] = field(factory=dict)
    govern: Callable[[RuntimeId], LedgerGovernance] | None = field(default=None, repr=False)
    port: int = 0
    _service: HttpService | None = field(default=None, init=False, repr=False)
    _desk: LedgerDesk | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str = TOKEN, *, url: str | None = None, timeout_s: float = 4.0) -> RemoteBudgetLedger:
        """A ledger that asks this server, or the one at ``url``, showing ``token``."""
        return client_of(url or self.url, token, timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        admissions = tuple(Admission(client=client, token=Secret(token)) for token, client in self.clients.items())
        governed = None if self.govern is None else GovernedWork(make=self.govern)
        self._desk = LedgerDesk(ledger=self.ledger, admissions=admissions, limits=self.limits, governed=governed)
        self._service = HttpService(answerer=self._desk, port=self.port, ending_s=0.5)
        await self._service.start()
        self.port = self._service.port
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._service is not None:
            await self._service.stop()
        if self._desk is not None:
            await self._desk.finish()


def client_of(url: str, token: str = TOKEN, *, timeout_s: float = 4.0, try_s: float = 2.0) -> RemoteBudgetLedger:
    """A ledger that asks the server at ``url``."""
    secret = Secret(token)

    async def found() -> Secret:
        return secret

    return RemoteBudgetLedger(
        address=ServerAddress.parse(url, setting="ledger.url"),
        token=found,
        open_transport=AiohttpTransport,
        timeout_s=timeout_s,
        try_s=try_s,
    )
