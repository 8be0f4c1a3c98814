"""What every ``StateProvider`` promises."""

import pytest
from hypothesis import HealthCheck, given, settings

from provider_runtime.domain.errors import BackendError, ErrorCode
from provider_runtime.domain.json_values import freeze_object
from provider_runtime.domain.records.state import State, digest_of_state
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.testing.strategies.profiles import states

ONE = State(control="(+ 1 2)", env=freeze_object({"x": 1}), kont=("frame",))
TWO = State(control=3)


class StateProviderContract:
    """Subclass it, and give it a fixture ``store``: an empty one."""

    @pytest.fixture
    def store(self) -> StateProvider:
        raise NotImplementedError

    def test_it_is_a_state_provider(self, store: StateProvider) -> None:
        assert isinstance(store, StateProvider)

    async def test_what_was_saved_is_what_is_loaded(self, store: StateProvider) -> None:
        await store.save_state("job/1", ONE)
        assert await store.load_state("job/1") == ONE

    async def test_what_nobody_saved_is_not_there(self, store: StateProvider) -> None:
        await store.save_state("job/1", ONE)
        assert await store.load_state("job/2") is None

    async def test_the_last_one_saved_counts(self, store: StateProvider) -> None:
        await store.save_state("job/1", ONE)
        await store.save_state("job/1", TWO)
        assert await store.load_state("job/1") == TWO

    def test_a_fresh_state_has_nothing_to_do(self, store: StateProvider) -> None:
        assert store.create_state() == State()

    async def test_a_clone_is_equal_and_saving_it_changes_nothing(self, store: StateProvider) -> None:
        await store.save_state("job/1", ONE)
        clone = store.clone_state(ONE)
        assert clone == ONE
        await store.save_state("job/2", clone)
        assert await store.load_state("job/1") == ONE

    async def test_what_the_caller_made_it_of_can_change_without_it(self, store: StateProvider) -> None:
        bindings = {"x": [1]}
        await store.save_state("job/1", State(env=bindings))  # frozen by the field
        bindings["x"].append(2)
        assert await store.load_state("job/1") == State(env=freeze_object({"x": [1]}))

    @pytest.mark.parametrize("name", ["", "a" * 1001, "\ud800"])
    async def test_a_name_that_cannot_be_kept_is_refused(self, store: StateProvider, name: str) -> None:
        for asked in (store.load_state(name), store.save_state(name, ONE)):
            with pytest.raises(BackendError) as refused:
                await asked
            assert refused.value.code is ErrorCode.NAME_INVALID

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors], max_examples=25
    )
    @given(state=states())
    async def test_any_state_comes_back_with_its_digest(self, store: StateProvider, state: State) -> None:
        await store.save_state("any", state)
        loaded = await store.load_state("any")
        assert loaded == state
        assert digest_of_state(loaded) == digest_of_state(state)
