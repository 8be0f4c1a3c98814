"""Clients of a governance server for which waiting takes no time."""

from collections.abc import Callable

from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import HttpTransport
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock
from provider_runtime.testing.governance_server import TOKEN


async def _token() -> Secret:
    return Secret(TOKEN)


def client(url: str, transport: Callable[[], HttpTransport], clock: FrozenClock | None = None) -> RemoteBudgetLedger:
    """A client for which waiting takes no time."""
    return RemoteBudgetLedger(
        address=ServerAddress.parse(url, setting="ledger.url"),
        token=_token,
        open_transport=transport,
        clock=clock or FrozenClock(),
        randomness=FixedRandomness(),
        try_s=60,
    )
