"""Clocks, ids and chance under their contracts."""

import pytest

from provider_runtime.adapters.http.dialing import SystemResolver
from provider_runtime.adapters.system import RandomIds, SystemClock, SystemRandomness
from provider_runtime.ports.system import Clock, HostResolver, IdSource, Randomness
from provider_runtime.testing.contracts.system import (
    ClockContract,
    HostResolverContract,
    IdSourceContract,
    RandomnessContract,
)
from provider_runtime.testing.fakes import CountingIds, FixedRandomness, FrozenClock


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestFrozenClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return FrozenClock()


class TestRandomIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> IdSource:
        return RandomIds()


class TestCountingIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> IdSource:
        return CountingIds()


class TestSystemRandomness(RandomnessContract):
    @pytest.fixture
    def randomness(self) -> Randomness:
        return SystemRandomness()


class TestFixedRandomness(RandomnessContract):
    @pytest.fixture
    def randomness(self) -> Randomness:
        return FixedRandomness()


class TestSystemResolver(HostResolverContract):
    @pytest.fixture
    def resolver(self) -> HostResolver:
        return SystemResolver()
