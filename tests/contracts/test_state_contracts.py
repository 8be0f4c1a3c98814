"""Every ``StateProvider`` keeps the contract."""

import pytest

from provider_runtime.adapters.backends.state_in_memory import MemoryStateProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.testing.contracts.stores.state import StateProviderContract
from provider_runtime.testing.mocks import MockStateProvider


class TestMemoryStateProvider(StateProviderContract):
    @pytest.fixture
    def store(self) -> StateProvider:
        return MemoryStateProvider()


class TestMockStateProvider(StateProviderContract):
    @pytest.fixture
    def store(self) -> StateProvider:
        return MockStateProvider()
