"""A server of budgets, and the ledger that it keeps them in."""

from collections.abc import AsyncIterator

import pytest

from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.governance_server import GovernanceServer


@pytest.fixture
def kept() -> MemoryBudgetLedger:
    return MemoryBudgetLedger(clock=FrozenClock())


@pytest.fixture
async def server(kept: MemoryBudgetLedger) -> AsyncIterator[GovernanceServer]:
    async with GovernanceServer(ledger=kept) as running:
        yield running
