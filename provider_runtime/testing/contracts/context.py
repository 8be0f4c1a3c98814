"""What every ``ContextCompiler`` promises."""

import pytest
from attrs import evolve

from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.profiles.roles import WORKER
from provider_runtime.domain.records.state import State
from provider_runtime.ports.context import ContextCompiler, ContextOrder


class ContextCompilerContract:
    """Subclass it, and give it a fixture ``compiler``, and ``order`` if it needs states or recipes of its own."""

    @pytest.fixture
    def compiler(self) -> ContextCompiler:
        raise NotImplementedError

    @pytest.fixture
    def order(self) -> ContextOrder:
        return ContextOrder(
            context_ref="resume",
            model=ModelRef.parse("ollama:llama3"),
            role=WORKER,
            states={"job/1": State(control="step 3")},
            context_window=8192,
        )

    def test_it_is_a_context_compiler(self, compiler: ContextCompiler) -> None:
        assert isinstance(compiler, ContextCompiler)

    async def test_it_makes_a_request(self, compiler: ContextCompiler, order: ContextOrder) -> None:
        assert isinstance(await compiler.compile(order), ProviderRequest)

    async def test_equal_orders_give_equal_requests(self, compiler: ContextCompiler, order: ContextOrder) -> None:
        assert await compiler.compile(order) == await compiler.compile(evolve(order))
