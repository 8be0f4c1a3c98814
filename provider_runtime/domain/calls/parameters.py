"""ModelParameters: how a model shall answer, where the request itself does not say."""

from typing import Any, Final

from attrs import evolve, field, fields, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED_TEXTS, FLAG, is_a, number, whole
from provider_runtime.domain.conversation.request import (
    ProviderRequest,
    Reasoning,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.json_values import tuple_of


@frozen(kw_only=True)
class ModelParameters:
    """Controls for every call of a runtime, or for one call: each as in ``ProviderRequest``.

    ``None`` (and an empty ``stop``) says nothing. What the request says itself always wins, then
    what the call says, then what the runtime says. Raises ``ValueError`` or ``TypeError`` naming
    the field.
    """

    temperature: float | None = field(default=None, validator=optional(number(0, 2)))
    top_p: float | None = field(default=None, validator=optional(number(0, 1)))
    top_k: int | None = field(default=None, validator=optional(whole(1)))
    max_output_tokens: int | None = field(default=None, validator=optional(whole(1, 2**32 - 1)))
    stop: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    seed: int | None = field(default=None, validator=optional(whole(-(2**63), 2**64 - 1)))
    frequency_penalty: float | None = field(default=None, validator=optional(number(-2, 2)))
    presence_penalty: float | None = field(default=None, validator=optional(number(-2, 2)))
    reasoning: Reasoning | None = field(
        default=None, validator=optional(is_a(ReasoningEffort, ReasoningBudget, ReasoningOff))
    )
    parallel_tool_calls: bool | None = field(default=None, validator=optional(FLAG))

    def over(self, weaker: "ModelParameters") -> "ModelParameters":
        """These parameters, and those of ``weaker`` where these say nothing."""
        return self if weaker is NO_PARAMETERS else evolve(weaker, **self._said())

    def applied_to(self, request: ProviderRequest) -> ProviderRequest:
        """``request`` with these parameters where it says nothing; the same object if there are none to add."""
        if self is NO_PARAMETERS:
            return request
        missing = {name: value for name, value in self._said().items() if getattr(request, name) in _UNSAID}
        return evolve(request, **missing) if missing else request

    def _said(self) -> dict[str, Any]:
        if self is NO_PARAMETERS:
            return {}
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields(ModelParameters)}
        return {name: value for name, value in values.items() if value not in _UNSAID}


_UNSAID: Final = (None, ())
NO_PARAMETERS: Final = ModelParameters()
