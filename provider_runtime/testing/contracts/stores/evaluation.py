"""What every ``ArtifactProvider``, ``StreamProvider`` and ``EffectHandlerRegistry`` promise."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import BackendError, RecordMissing
from provider_runtime.domain.json_values import JsonValue, freeze
from provider_runtime.domain.records.artifacts import ArtifactDependency, ArtifactKey, ArtifactMetadata
from provider_runtime.domain.records.effects import (
    EffectContext,
    EffectError,
    EffectResult,
    EffectResume,
    EffectValue,
)
from provider_runtime.domain.records.streams import stream_of
from provider_runtime.ports.stores.evaluation import ArtifactProvider, EffectHandlerRegistry, StreamProvider
from provider_runtime.testing.contracts.stores.drawn import DRAWN
from provider_runtime.testing.strategies.values import json_values

CAPACITY: Final = 3
"""So many artifacts the provider of the contract shall keep."""

_A, _B, _C, _D = (ArtifactKey(expr_key=name, deps_fingerprint="1") for name in "abcd")
KEYS: Final = tuple(
    ArtifactKey(expr_key=expr, deps_fingerprint=deps, params_key=params)
    for expr in ("a", "b")
    for deps in ("1", "2")
    for params in (None, "", "p")
)


def _depending(**fingerprints: str) -> ArtifactMetadata:
    return ArtifactMetadata(deps=[ArtifactDependency(ref=ref, fingerprint=one) for ref, one in fingerprints.items()])


class ArtifactProviderContract:
    """Subclass it, and give it a fixture ``artifacts``: an empty one that keeps at most ``CAPACITY``."""

    @pytest.fixture
    def artifacts(self) -> ArtifactProvider:
        raise NotImplementedError

    def test_it_is_an_artifact_provider(self, artifacts: ArtifactProvider) -> None:
        assert isinstance(artifacts, ArtifactProvider)

    async def test_a_hit_is_told_from_a_miss_also_when_its_value_is_none(self, artifacts: ArtifactProvider) -> None:
        assert await artifacts.get(_A) is None
        await artifacts.put(_A, None)
        found = await artifacts.get(_A)
        assert found is not None
        assert (found.key, found.value) == (_A, None)
        stats = await artifacts.stats()
        assert (stats.count, stats.capacity, stats.hit_count, stats.miss_count) == (1, CAPACITY, 1, 1)

    async def test_using_one_is_counted(self, artifacts: ArtifactProvider) -> None:
        await artifacts.put(_A, 1, ArtifactMetadata(compute_time_ms=7))
        first, second = await artifacts.get(_A), await artifacts.get(_A)
        assert first is not None
        assert second is not None
        assert (first.metadata.access_count, second.metadata.access_count) == (1, 2)
        assert first.metadata.compute_time_ms == 7
        assert 0 < first.metadata.created_at_ms <= first.metadata.accessed_at_ms <= second.metadata.accessed_at_ms

    async def test_every_part_of_a_key_counts(self, artifacts: ArtifactProvider) -> None:
        for number, key in enumerate(KEYS):
            await artifacts.put(key, number)
            others = [other for other in KEYS if other != key]
            found = await artifacts.get(key)
            assert found is not None
            assert found.value == number
            assert all([(await artifacts.get(other)) is None for other in others])
            await artifacts.clear()

    async def test_the_last_one_put_counts(self, artifacts: ArtifactProvider) -> None:
        await artifacts.put(_A, 1)
        await artifacts.put(_A, 2)
        found = await artifacts.get(_A)
        assert found is not None
        assert found.value == 2
        assert (await artifacts.stats()).count == 1

    async def test_the_one_that_was_not_used_for_longest_goes(self, artifacts: ArtifactProvider) -> None:
        for key in (_A, _B, _C):
            await artifacts.put(key, key.expr_key)
        await artifacts.get(_A)
        await artifacts.put(_D, "d")
        assert await artifacts.get(_B) is None
        assert [(await artifacts.get(key)) is not None for key in (_A, _C, _D)] == [True, True, True]
        assert (await artifacts.stats()).count == CAPACITY

    async def test_by_its_expression_one_is_found_whose_dependencies_are_as_they_were(
        self, artifacts: ArtifactProvider
    ) -> None:
        await artifacts.put(_A, "old", _depending(x="1", y="1"))
        await artifacts.put(ArtifactKey(expr_key="a", deps_fingerprint="2"), "new", _depending(x="2"))
        for fingerprints, value in (({"x": "1", "y": "1"}, "old"), ({"x": "2", "z": "9"}, "new")):
            found = await artifacts.get_by_expr("a", fingerprints)
            assert found is not None
            assert found.value == value
        for fingerprints in ({"x": "1"}, {"x": "1", "y": "2"}, {}):
            assert await artifacts.get_by_expr("a", fingerprints) is None
        assert await artifacts.get_by_expr("b", {"x": "1", "y": "1"}) is None
        stats = await artifacts.stats()
        assert (stats.hit_count, stats.miss_count) == (2, 4)

    async def test_clearing_by_expression_leaves_the_others(self, artifacts: ArtifactProvider) -> None:
        await artifacts.put(_A, 1)
        await artifacts.put(ArtifactKey(expr_key="a", deps_fingerprint="2"), 2)
        await artifacts.put(_B, 3)
        await artifacts.clear_by_expr("a")
        assert await artifacts.get(_A) is None
        assert await artifacts.get(_B) is not None
        assert (await artifacts.stats()).count == 1

    async def test_clearing_leaves_nothing_and_counts_from_zero(self, artifacts: ArtifactProvider) -> None:
        empty = await artifacts.signature()
        await artifacts.put(_A, 1)
        await artifacts.get(_A)
        await artifacts.get(_B)
        await artifacts.clear()
        stats = await artifacts.stats()
        assert (stats.count, stats.hit_count, stats.miss_count) == (0, 0, 0)
        assert await artifacts.signature() == empty
        for key in (_A, _B, _C):
            await artifacts.put(key, 1)  # what was cleared takes no place
        assert (await artifacts.stats()).count == 3

    async def test_a_signature_is_that_of_the_keys_whatever_their_order(self, artifacts: ArtifactProvider) -> None:
        async def signature_of(keys: Sequence[ArtifactKey]) -> str:
            await artifacts.clear()
            for key in keys:
                await artifacts.put(key, 1)
            return await artifacts.signature()

        both = await signature_of([_A, _B])
        await artifacts.get(_A)
        assert await artifacts.signature() == both
        assert await signature_of([_B, _A]) == both
        assert len({both, await signature_of([_A]), await signature_of([_A, _B, _C]), await signature_of([])}) == 4

    async def test_what_was_put_at_once_is_kept_within_the_bound(self, artifacts: ArtifactProvider) -> None:
        await asyncio.gather(*(artifacts.put(key, 1) for key in KEYS))
        assert (await artifacts.stats()).count == CAPACITY

    @DRAWN
    @given(value=json_values())
    async def test_any_value_comes_back(self, artifacts: ArtifactProvider, value: JsonValue) -> None:
        await artifacts.put(_A, value)
        found = await artifacts.get(_A)
        assert found is not None
        assert found.value == value

    @DRAWN
    @given(steps=st.lists(st.tuples(st.sampled_from(("put", "get")), st.sampled_from(KEYS[:5])), max_size=8))
    async def test_it_keeps_what_a_plain_list_in_order_of_use_would(
        self, artifacts: ArtifactProvider, steps: list[tuple[str, ArtifactKey]]
    ) -> None:
        await artifacts.clear()
        model: list[ArtifactKey] = []
        for step, key in steps:
            if step == "put":
                await artifacts.put(key, 1)
            else:
                assert (await artifacts.get(key) is not None) == (key in model)
            if step == "put" or key in model:
                model = [*(one for one in model if one != key), key][-CAPACITY:]
        assert (await artifacts.stats()).count == len(model)


class StreamProviderContract:
    """Subclass it, and give it a fixture ``streams``: an empty one."""

    @pytest.fixture
    def streams(self) -> StreamProvider:
        raise NotImplementedError

    def test_it_is_a_stream_provider(self, streams: StreamProvider) -> None:
        assert isinstance(streams, StreamProvider)

    def test_a_stream_is_kept_with_what_was_forced_of_it_until_it_is_invalidated(self, streams: StreamProvider) -> None:
        stream = stream_of(range(3))
        streams.store("s", stream)
        assert streams.get("s") is stream
        streams.invalidate("s")
        streams.invalidate("s")
        assert streams.get("s") is None

    def test_the_last_one_stored_counts(self, streams: StreamProvider) -> None:
        streams.store("s", stream_of("a"))
        later = stream_of("b")
        streams.store("s", later)
        assert streams.get("s") is later

    @pytest.mark.parametrize("name", ["", "x" * 1001, "\ud800"])
    def test_a_name_that_cannot_be_kept_is_refused(self, streams: StreamProvider, name: str) -> None:
        asked: tuple[Callable[[], object], ...] = (
            lambda: streams.get(name),
            lambda: streams.store(name, stream_of("")),
            lambda: streams.invalidate(name),
        )
        for one in asked:
            with pytest.raises(BackendError):
                one()


class EffectHandlerRegistryContract:
    """Subclass it, and give it a fixture ``registry``: an empty one."""

    @pytest.fixture
    def registry(self) -> EffectHandlerRegistry:
        raise NotImplementedError

    def test_it_is_an_effect_handler_registry(self, registry: EffectHandlerRegistry) -> None:
        assert isinstance(registry, EffectHandlerRegistry)

    def test_what_was_registered_is_there_until_it_is_unregistered(self, registry: EffectHandlerRegistry) -> None:
        assert registry.get("print") is None
        registry.register("print", _echo)
        registry.register("ask", _echo)
        assert registry.has("print")
        assert registry.get("print") is _echo
        assert registry.list() == ("ask", "print")
        registry.unregister("print")
        registry.unregister("print")
        assert not registry.has("print")

    async def test_the_last_handler_registered_counts(self, registry: EffectHandlerRegistry) -> None:
        registry.register("go", _echo)
        registry.register("go", _resume)
        assert await registry.perform(EffectContext(op="go", step=4)) == EffectResume(rid="r4")

    async def test_a_handler_gets_the_context_first_and_then_the_arguments(
        self, registry: EffectHandlerRegistry
    ) -> None:
        registry.register("print", _echo)
        context = EffectContext(op="print", step=7)
        assert await registry.perform(context, "a", 2) == EffectValue(value=freeze(["print", 7, "a", 2]))

    async def test_what_nobody_carries_out_is_named(self, registry: EffectHandlerRegistry) -> None:
        with pytest.raises(RecordMissing) as missing:
            await registry.perform(EffectContext(op="print"))
        assert missing.value.key == "print"

    @pytest.mark.parametrize("error", [ValueError("what was said"), KeyError("what was said"), RecursionError()])
    async def test_a_handler_that_fails_comes_to_an_error_that_does_not_quote(
        self, registry: EffectHandlerRegistry, error: Exception
    ) -> None:
        async def fail(_context: EffectContext) -> EffectResult:
            raise error

        registry.register("go", fail)
        result = await registry.perform(EffectContext(op="go"))
        assert isinstance(result, EffectError)
        assert result.code == "handler_failed"
        assert "go" in result.message
        assert type(error).__name__ in result.message
        assert "what was said" not in result.message

    async def test_a_handler_that_returns_no_result_comes_to_an_error(self, registry: EffectHandlerRegistry) -> None:
        async def shrug(_context: EffectContext) -> object:
            return None

        registry.register("go", shrug)  # type: ignore[arg-type]  # what a careless caller would do
        assert isinstance(await registry.perform(EffectContext(op="go")), EffectError)

    async def test_cancelling_the_caller_cancels_the_handler(self, registry: EffectHandlerRegistry) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def wait(_context: EffectContext) -> EffectResult:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return EffectValue()

        registry.register("go", wait)
        performing = asyncio.ensure_future(registry.perform(EffectContext(op="go")))
        await begun.wait()
        performing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await performing
        assert ended.is_set()


async def _echo(context: EffectContext, *args: JsonValue) -> EffectResult:
    return EffectValue(value=(context.op, context.step, *args))


async def _resume(context: EffectContext) -> EffectResult:
    return EffectResume(rid=f"r{context.step}")
