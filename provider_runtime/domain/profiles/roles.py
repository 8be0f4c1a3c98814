"""ModelAssignment: which model plays a role, and what may not stand in for it."""

from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FLAG, all_are, is_a
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.identity import ProviderId, Role
from provider_runtime.domain.json_values import tuple_of

FRONTEND: Final = Role("frontend")
ORCHESTRATOR: Final = Role("orchestrator")
WORKER: Final = Role("worker")
VALIDATOR: Final = Role("validator")

DEFAULT_ROLES: Final = (FRONTEND, ORCHESTRATOR, WORKER, VALIDATOR)
"""The roles that the source documents name. Any other name is a role as well."""


def _model_ref(model: object) -> object:
    return ModelRef.parse(model) if isinstance(model, str) else model


def _model_refs(models: Any) -> tuple[object, ...]:
    """The models, each once, in the order of their names: the order of a set means nothing."""
    found = {_model_ref(model) for model in tuple_of(models)}
    return tuple(sorted(found, key=str))


def _names_its_provider(_instance: object, attribute: "Attribute[Any]", model: ModelRef) -> None:
    if model.provider_hint is None or model.role is not None:
        raise ValueError(f"{attribute.name} must name its provider, as in ollama:llama3; a role cannot stand there")


def _all_name_their_provider(instance: object, attribute: "Attribute[Any]", models: tuple[ModelRef, ...]) -> None:
    for model in models:
        _names_its_provider(instance, attribute, model)


@frozen(kw_only=True)
class ModelAssignment:
    """The model that plays a role: ``primary``, and ``fallback`` when that one cannot be had.

    Each is written ``provider:model``. ``local_only``: no call in this role leaves the machine,
    whichever model is asked. ``allowed_models`` bounds what a call may put in the place of the two;
    empty: any model. Raises ``ValueError`` or ``TypeError`` naming the field.
    Source: semantics C.8.
    """

    primary: ModelRef = field(converter=_model_ref, validator=(is_a(ModelRef), _names_its_provider))
    fallback: ModelRef | None = field(
        default=None, converter=_model_ref, validator=optional((is_a(ModelRef), _names_its_provider))
    )
    local_only: bool = field(default=False, validator=FLAG)
    allowed_models: tuple[ModelRef, ...] = field(
        default=(), converter=_model_refs, validator=(all_are(ModelRef), _all_name_their_provider)
    )

    @property
    def own(self) -> tuple[ModelRef, ...]:
        """The models that the assignment itself names to be asked, in the order in which they are."""
        return (self.primary,) if self.fallback is None else (self.primary, self.fallback)

    def allows(self, provider: ProviderId, model_id: str) -> bool:
        """Whether this model may be asked in the role, as far as ``allowed_models`` goes."""
        model = ModelRef(model_id=model_id, provider_hint=provider)
        return not self.allowed_models or model in self.allowed_models or model in self.own
