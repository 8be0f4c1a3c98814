"""RecipeCompiler: contexts by recipes, each a conversation with a place where the state of the work goes."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen

from provider_runtime.domain.conversation.messages import Message, MessageRole, system, user
from provider_runtime.domain.conversation.parts import TextPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.records.state import State
from provider_runtime.ports.context import ContextOrder

STATES: Final = "{states}"
"""Stands in a text of a recipe where the states go, as JSON; a recipe without it gets them as a last message."""
RESUME: Final = "resume"
_RESUMING: Final = (
    system(
        "You take over work that another model began. What follows is its state as JSON, and all there is to know of "
        "it. Go on from there; do not begin anew, and do not make up what the state does not say."
    ),
)


def _own_copy(recipes: Mapping[str, ProviderRequest]) -> Mapping[str, ProviderRequest]:
    return MappingProxyType(dict(recipes))


@frozen(kw_only=True)
class RecipeCompiler:
    """Makes contexts by ``recipes``, requests under names; see ``ContextCompiler``.

    The text ``{states}`` in a recipe becomes the states as JSON. ``resume`` is there without being
    given: it tells the model that it takes over, and where the work stands. Equal orders give equal
    requests. Raises ``RecordMissing`` for a recipe of another name.
    """

    recipes: Mapping[str, ProviderRequest] = field(factory=dict, converter=_own_copy)

    async def compile(self, order: ContextOrder) -> ProviderRequest:
        """The recipe ``order.context_ref``, with the states in their place."""
        recipe = self.recipes.get(order.context_ref)
        if recipe is None and order.context_ref != RESUME:
            known = ", ".join(sorted({RESUME, *self.recipes}))
            raise RecordMissing(
                kind="recipe",
                key=order.context_ref,
                message="there is no recipe of this name",
                remedy=f"There are: {known}.",
            )
        states = _as_json(order.states)
        if recipe is None:
            return ProviderRequest(model=order.model, messages=(*_RESUMING, user(states)))
        messages = tuple(_filled(message, states) for message in recipe.messages)
        if messages == recipe.messages:
            messages = (*messages, user(states))
        return evolve(recipe, model=order.model, messages=messages)


def _filled(message: Message, states: str) -> Message:
    if message.role not in {MessageRole.SYSTEM, MessageRole.USER}:
        return message
    parts = tuple(
        evolve(part, text=part.text.replace(STATES, states)) if isinstance(part, TextPart) else part
        for part in message.content
    )
    return message if parts == message.content else evolve(message, content=parts)


def _as_json(states: Mapping[str, State]) -> str:
    """The states by reference, in an order that is the same each time; fields that hold nothing are left out."""
    told = {ref: _told(states[ref]) for ref in sorted(states)}
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)


def _told(state: State) -> dict[str, object]:
    kept: dict[str, object] = {"env": state.env, "store": state.store, "kont": state.kont}
    told = {name: value for name, value in kept.items() if value}
    return told if state.control is None else {"control": state.control, **told}
