"""Every ``OutcomeStore`` keeps the contract."""

import pytest

from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.domain.identity import CallId
from provider_runtime.ports.stores.outcomes import Claimed, OutcomeStore, UnderWay
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.contracts.stores.outcomes import OutcomeStoreContract
from provider_runtime.testing.mocks import MockOutcomeStore


class TestMemoryOutcomes(OutcomeStoreContract):
    @pytest.fixture
    def store(self) -> OutcomeStore:
        return MemoryOutcomes()


class TestMockOutcomeStore(OutcomeStoreContract):
    @pytest.fixture
    def store(self) -> OutcomeStore:
        return MockOutcomeStore()


async def test_the_oldest_outcome_is_forgotten_first_and_no_call_under_way_ever() -> None:
    store = MemoryOutcomes(keep=2)
    names = [CallId(f"call_{number}") for number in range(4)]
    for name in names:
        await store.claim(name, "digest")
    for name in names[1:]:
        await store.keep_outcome(name, a_response())
    assert await store.claim(names[0], "digest") == UnderWay()
    assert await store.claim(names[1], "digest") == Claimed()
    assert [await store.claim(name, "digest") for name in names[2:]] == [a_response(), a_response()]
