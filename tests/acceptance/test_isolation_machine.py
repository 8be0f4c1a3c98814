"""Whatever is done to several runtimes, in whatever order: each call is that of its own runtime, and of no other."""

import asyncio
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tenancy.tenants import Place, Wire
from tenancy.world import ALONE, REGISTERED, TURNS, Choice, Event, Flight, Wish, World

from provider_runtime import MissingProviderRuntimeError

registered = st.sampled_from(REGISTERED)
anybody = st.sampled_from(REGISTERED + ALONE)
wishes = st.builds(
    Wish,
    own_key=st.booleans(),
    header=st.booleans(),
    temperature=st.booleans(),
    labels=st.booleans(),
    turns=st.sampled_from(TURNS),
)
choices = st.builds(
    Choice,
    wire=st.sampled_from(Wire),
    place=st.sampled_from(Place),
    port=st.integers(0, 1),
    temperature=st.sampled_from((None, 0.25, 0.5)),
)
aspects = st.frozensets(st.sampled_from(("wire", "port", "path", "source", "policy", "temperature")), min_size=1)


class ManyRuntimes(RuleBasedStateMachine):
    """Three names of one registry and two runtimes beside it, over real HTTP, in an event loop of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.runner.run(self.world.__aenter__())

    @initialize(some=st.lists(choices, min_size=3, max_size=3))
    def begin_with_three(self, some: list[Choice]) -> None:
        for name, choice in zip(("ada", "bob", "dot"), some, strict=True):
            self.runner.run(self.world.settle(name, frozenset(), choice))

    @rule(name=anybody, changed=aspects, choice=choices)
    def register_open_or_tell_new_settings(self, name: str, changed: frozenset[str], choice: Choice) -> None:
        self.runner.run(self.world.settle(name, changed, choice))

    @rule(name=anybody, wish=wishes)
    def call(self, name: str, wish: Wish) -> None:
        self.runner.run(self.world.begin(name, wish, held=False))

    @rule(
        calls=st.lists(st.tuples(anybody, wishes), min_size=2, max_size=6),
        order=st.randoms(use_true_random=False),
        meanwhile=st.lists(st.tuples(st.sampled_from(Event), st.integers(0, 5)), max_size=4),
        changed=aspects,
        choice=choices,
    )
    def call_several_at_once_and_answer_in_any_order_after_other_things_happened(
        self,
        calls: list[tuple[str, Wish]],
        order: Random,
        meanwhile: list[tuple[Event, int]],
        changed: frozenset[str],
        choice: Choice,
    ) -> None:
        async def all_at_once() -> None:
            begun = [await self.world.begin(name, wish, held=True) for name, wish in calls]
            for event, whose in meanwhile:
                await self.world.let_happen(event, calls[whose % len(calls)][0], changed, choice)
            flights = [flight for flight in begun if flight is not None]
            order.shuffle(flights)
            for flight in flights:
                await self.world.finish(flight)

        self.runner.run(all_at_once())

    @rule(name=anybody, wish=wishes)
    def begin_a_call_that_is_not_answered_yet(self, name: str, wish: Wish) -> None:
        self.runner.run(self.world.begin(name, wish, held=True))

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data())
    def answer_a_call_under_way(self, data: st.DataObject) -> None:
        self.runner.run(self.world.finish(self._one_under_way(data)))

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data())
    def cancel_a_call_under_way(self, data: st.DataObject) -> None:
        self.runner.run(self.world.cancel(self._one_under_way(data)))

    def _one_under_way(self, data: st.DataObject) -> Flight:
        return self.world.flights[data.draw(st.integers(0, len(self.world.flights) - 1))]

    @rule(name=anybody, told_again=st.booleans(), wish=wishes)
    def rotate_the_key_and_call(self, name: str, told_again: bool, wish: Wish) -> None:  # noqa: FBT001 - as below
        async def rotate() -> None:
            await self.world.rotate(name)
            if told_again:
                await self.world.tell_again(name)
            await self.world.begin(name, wish, held=False)

        self.runner.run(rotate())

    @rule(name=anybody)
    def switch_the_model(self, name: str) -> None:
        if name in self.world.tenants:
            self.world.tenants[name].model = self.world.press.new(name, "model")

    @rule(name=anybody)
    def ask_for_the_models_there_are(self, name: str) -> None:
        self.runner.run(self.world.discover(name))

    @rule(name=registered)
    def reset(self, name: str) -> None:
        self.runner.run(self.world.reset(name))

    @rule(name=registered)
    def activate_again(self, name: str) -> None:
        self.runner.run(self.world.reactivate(name))

    @rule(name=anybody, drained=st.booleans())
    def dispose(self, name: str, drained: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        self.runner.run(self.world.end(name, drained=drained))

    @rule(names=st.lists(registered, min_size=1, max_size=3), wish=wishes)
    def call_inside_scopes_within_scopes(self, names: list[str], wish: Wish) -> None:
        self.runner.run(self._scoped(names, wish))

    async def _scoped(self, names: list[str], wish: Wish) -> None:
        world = self.world
        with world.registry.scope(names[0]):
            later = asyncio.create_task(self._current())
            if names[1:]:
                await self._scoped(names[1:], wish)
            assert await later == await self._current() == (names[0] if names[0] in world.tenants else None)
            if names[0] in world.tenants:
                await world.begin(names[0], wish, held=False, through=world.registry.current())

    async def _current(self) -> str | None:
        try:
            return self.world.registry.current().name
        except MissingProviderRuntimeError:
            return None

    @rule(name=registered)
    def choose_the_default(self, name: str) -> None:
        if name in self.world.tenants:
            self.world.registry.set_default(name, hand_over=True)
            self.world.default = name

    @invariant()
    def everything_belongs_to_whom_it_should(self) -> None:
        self.runner.run(self.world.check_all())

    @invariant()
    def outside_every_scope_the_default_speaks_or_nobody(self) -> None:
        assert self.runner.run(self._current()) == self.world.default

    def teardown(self) -> None:
        try:
            self.runner.run(self.world.__aexit__(None, None, None))
        finally:
            self.runner.close()
            self.folder.cleanup()


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # of Hypothesis
        ManyRuntimes,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Every step is a real exchange: a failure is shown as it was found, for making it smaller takes minutes.
            phases=(Phase.reuse, Phase.generate),
        ),
    )


def test_whatever_is_done_to_several_runtimes_each_call_is_that_of_its_own() -> None:
    _run(examples=20, steps=30)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_whatever_is_done_to_several_runtimes_for_long_each_call_is_that_of_its_own() -> None:
    _run(examples=400, steps=60)
