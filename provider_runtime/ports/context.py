"""ContextCompiler: what a model is told when it takes over."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from attrs import frozen

from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.identity import Role
from provider_runtime.domain.records.state import State


@frozen(kw_only=True)
class ContextOrder:
    """What to compile, and for whom.

    ``context_ref`` names the recipe, as the request for the swap did. ``states`` are what was
    verified, by reference: no other state, and nothing of the conversation with the model before.
    ``context_window`` is in tokens, ``None`` where nobody said.
    """

    context_ref: str
    model: ModelRef
    role: Role
    states: Mapping[str, State]
    context_window: int | None = None


@runtime_checkable
class ContextCompiler(Protocol):
    """Makes the request with which a model takes work over, from the state of the work alone.

    Async: recipes may be read from somewhere. Sends nothing to any model. Whatever it raises ends
    the swap, and its text is not passed on. The model of the request it returns does not count:
    the swap puts in the one that takes over.
    """

    async def compile(self, order: ContextOrder) -> ProviderRequest: ...
