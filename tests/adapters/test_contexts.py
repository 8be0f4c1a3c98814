"""RecipeCompiler: what a model is told when it takes over."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import ModelRef, ProviderRequest, State, assistant, system, user
from provider_runtime.adapters.contexts import RecipeCompiler
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.ports.context import ContextCompiler, ContextOrder
from provider_runtime.testing.contracts.context import ContextCompilerContract
from provider_runtime.testing.strategies.profiles import states as any_state

MODEL = ModelRef.parse("there:large")


class TestRecipeCompiler(ContextCompilerContract):
    @pytest.fixture
    def compiler(self) -> ContextCompiler:
        return RecipeCompiler()


def an_order(states: dict[str, State], context_ref: str = "resume") -> ContextOrder:
    return ContextOrder(context_ref=context_ref, model=MODEL, role="worker", states=states)  # type: ignore[arg-type]  # text that is a role


@given(states=st.dictionaries(st.sampled_from(("job/1", "job/2", "snapshot:noon")), any_state(), min_size=1))
async def test_the_states_are_told_whole_in_an_order_of_their_own(states: dict[str, State]) -> None:
    request = await RecipeCompiler().compile(an_order(states))
    backwards = dict(reversed(list(states.items())))
    assert await RecipeCompiler().compile(an_order(backwards)) == request
    told: dict[str, dict[str, Any]] = json.loads(request.messages[-1].text)
    assert {ref: one.get("control") for ref, one in told.items()} == {
        ref: json.loads(json.dumps(state.control)) for ref, state in states.items()
    }
    assert request.model == MODEL


async def test_a_recipe_says_where_the_states_go_and_everything_else_of_the_request() -> None:
    recipe = ProviderRequest(
        model="any:model",
        messages=[system("You translate. So far: {states}"), assistant("{states}"), user("Go on.")],
        max_output_tokens=77,
    )
    compiler = RecipeCompiler(recipes={"translate": recipe})
    request = await compiler.compile(an_order({"job/1": State(control="chapter 3")}, "translate"))
    assert '"control": "chapter 3"' in request.messages[0].text
    assert [message.text for message in request.messages[1:]] == ["{states}", "Go on."]
    assert (request.model, request.max_output_tokens) == (MODEL, 77)


async def test_a_recipe_without_a_place_for_them_gets_the_states_as_its_last_message() -> None:
    compiler = RecipeCompiler(recipes={"plain": ProviderRequest(model="a:b", messages=[system("Go on.")])})
    request = await compiler.compile(an_order({"job/1": State(control="chapter 3")}, "plain"))
    assert len(request.messages) == 2
    assert "chapter 3" in request.messages[1].text


async def test_a_recipe_that_nobody_gave_is_named() -> None:
    with pytest.raises(RecordMissing) as missing:
        await RecipeCompiler().compile(an_order({"job/1": State()}, "nothing"))
    assert missing.value.key == "nothing"
