"""What every Clock, IdSource and Randomness keeps to."""

import asyncio
from datetime import timedelta

import pytest

from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.ports.system import Clock, HostResolver, IdSource, Randomness

_MOMENT_S = 0.01
_MANY = 1000


class ClockContract:
    """Give the fixture ``clock``."""

    @pytest.fixture
    def clock(self) -> Clock:
        raise NotImplementedError("the subclass says which clock")

    def test_it_is_a_clock(self, clock: Clock) -> None:
        assert isinstance(clock, Clock)

    def test_the_time_of_day_is_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta(0)

    async def test_neither_time_runs_backwards_over_a_wait(self, clock: Clock) -> None:
        wall, since = clock.now(), clock.monotonic()
        await clock.sleep(_MOMENT_S)
        assert clock.now() >= wall
        assert clock.monotonic() >= since

    async def test_a_wait_takes_at_least_as_long_as_was_asked(self, clock: Clock) -> None:
        since = clock.monotonic()
        await clock.sleep(_MOMENT_S)
        # Clocks tick: a wait may end within the tick before.
        assert clock.monotonic() - since >= _MOMENT_S * 0.9

    async def test_waiting_for_nothing_returns_at_once(self, clock: Clock) -> None:
        since = clock.monotonic()
        await asyncio.wait_for(clock.sleep(0), 1)
        assert clock.monotonic() - since < 1

    async def test_a_wait_can_be_cancelled(self, clock: Clock) -> None:
        waiting = asyncio.ensure_future(clock.sleep(3600))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


class IdSourceContract:
    """Give the fixture ``ids``."""

    @pytest.fixture
    def ids(self) -> IdSource:
        raise NotImplementedError("the subclass says which source")

    def test_it_is_a_source_of_ids(self, ids: IdSource) -> None:
        assert isinstance(ids, IdSource)

    def test_ids_are_checked_names(self, ids: IdSource) -> None:
        assert type(ids.next_call_id()) is CallId
        assert type(ids.next_runtime_id()) is RuntimeId

    def test_no_id_is_given_twice(self, ids: IdSource) -> None:
        assert len({ids.next_call_id() for _ in range(_MANY)}) == _MANY
        assert len({ids.next_runtime_id() for _ in range(_MANY)}) == _MANY


class RandomnessContract:
    """Give the fixture ``randomness``."""

    @pytest.fixture
    def randomness(self) -> Randomness:
        raise NotImplementedError("the subclass says which chance")

    def test_it_is_randomness(self, randomness: Randomness) -> None:
        assert isinstance(randomness, Randomness)

    def test_fractions_lie_between_zero_and_one(self, randomness: Randomness) -> None:
        assert all(0 <= randomness.fraction() < 1 for _ in range(_MANY))

    @pytest.mark.parametrize("size", [0, 1, 16, 32, 100])
    def test_tokens_have_the_size_that_was_asked(self, randomness: Randomness, size: int) -> None:
        assert len(randomness.token(size)) == size

    def test_no_token_comes_twice(self, randomness: Randomness) -> None:
        assert len({randomness.token(16) for _ in range(_MANY)}) == _MANY


class HostResolverContract:
    """Give the fixtures ``resolver``, ``known_host`` and ``unknown_host``."""

    @pytest.fixture
    def resolver(self) -> HostResolver:
        raise NotImplementedError("the subclass says which resolver")

    @pytest.fixture
    def known_host(self) -> str:
        """A name that has addresses, without asking anybody outside this machine."""
        return "localhost"

    @pytest.fixture
    def unknown_host(self) -> str:
        """A name that has none, without asking anybody outside this machine: it is too long to be asked for."""
        return f"{'.'.join(['x' * 60] * 5)}.invalid"

    def test_it_is_a_resolver(self, resolver: HostResolver) -> None:
        assert isinstance(resolver, HostResolver)

    async def test_a_known_name_has_addresses_as_text(self, resolver: HostResolver, known_host: str) -> None:
        found = await resolver.addresses(known_host)
        assert found
        assert all(isinstance(address, str) for address in found)

    async def test_an_unknown_name_is_an_os_error(self, resolver: HostResolver, unknown_host: str) -> None:
        with pytest.raises(OSError):  # noqa: PT011 - the port promises no more than that
            await resolver.addresses(unknown_host)
