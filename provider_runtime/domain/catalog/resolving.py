"""Which provider serves a model, and the route to it."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.catalog.merging import provider_order
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.checks import is_a
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import (
    AmbiguousModelRoute,
    ModelNotFound,
    ProviderHintMismatch,
    ProviderNotRegistered,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.values import sealed

_SHOWN: Final = 5  # how many alternatives an error lists


@frozen
class CatalogIndex:
    """Answers of a catalog to the questions of routing, none of which searches it.

    Model ids are compared exactly, upper and lower case apart; ``openai/gpt-5`` is just an id.
    ``served_by`` says who serves the models that are listed for a provider, where others do.
    """

    catalog: ModelCatalog = field(validator=is_a(ModelCatalog))
    served_by: Mapping[ProviderId, tuple[ProviderId, ...]] = field(factory=dict)

    def find(self, provider: ProviderId, model_id: str) -> ModelInfo | None:
        """The entry for exactly this provider and model id, or ``None``."""
        return self.catalog.find(provider, model_id)

    def find_among(self, names: Iterable[ProviderId], model_id: str) -> ModelInfo | None:
        """The entry for this model id under the first of these names that has one, or ``None``."""
        return next((model for name in names if (model := self.catalog.find(name, model_id))), None)

    def providers_of(self, model_id: str) -> tuple[ProviderId, ...]:
        """Who serves the model as it is listed, in provider order; empty when nobody lists it."""
        entries = self.catalog.by_model_id.get(model_id, ())
        if len(entries) > 1:
            serving = {name for entry in entries for name in self._serving(entry.provider)}
            return tuple(sorted(serving, key=provider_order))
        return self._serving(entries[0].provider) if entries else ()

    def _serving(self, listed: ProviderId) -> tuple[ProviderId, ...]:
        return self.served_by.get(listed) or (listed,)

    def nearest(self, model_id: str) -> tuple[str, ...]:
        """Up to three known model ids that look like this one, the likest first. Searches: for error texts."""
        return tuple(get_close_matches(model_id, sorted(self.catalog.by_model_id)))


def who_serves(configs: Iterable[ProviderConfig]) -> Mapping[ProviderId, tuple[ProviderId, ...]]:
    """Who serves the models that a catalog lists for a provider, by that provider's id.

    The record of that very id, where there is one; else every record that has its models.
    """
    serving: dict[ProviderId, tuple[ProviderId, ...]] = {}
    ids = {config.provider_id: config for config in configs}
    for config in sorted(ids.values(), key=lambda config: provider_order(config.provider_id)):
        for name in config.catalog_names:
            serving[name] = (name,) if name in ids else (*serving.get(name, ()), config.provider_id)
    return MappingProxyType(serving)


class RouteRule(StrEnum):
    """What decided a route, in the order of precedence."""

    ROLE = "role"  # the request names a role, and the work profile a model for it
    HINT = "hint"
    CATALOG = "catalog"
    DEFAULT = "default"


@sealed
class Route:
    """Who is asked, for which model, by which rule.

    ``hint`` is whom the request names, ``listed`` who serves the model by the catalog, ``default`` the
    provider for all others; ``told`` is what is to be said of the rules instead.
    """

    provider_id: ProviderId
    model_id: str
    rule: RouteRule
    hint: ProviderId | None = None
    listed: tuple[ProviderId, ...] = ()
    default: ProviderId | None = None
    told: str = ""

    @property
    def explanation(self) -> str:
        """What each rule had to say. Written when it is asked for, which few calls do."""
        return self.told or (
            f"the request names {self.hint or 'no provider'}; "
            f"the catalog lists the model for {', '.join(self.listed) or 'no provider'}; "
            f"the default provider is {self.default or 'not set'}"
        )


def route(
    model: ModelRef,
    registered: Collection[ProviderId],
    catalog: CatalogIndex,
    *,
    default_provider: ProviderId | None = None,
) -> Route:
    """The route to ``model``: its hint, else the catalog, else the default provider.

    A hint is obeyed without a look at the catalog. The default counts only for a model that the
    catalog does not list at all. ``registered`` are the providers of this runtime: a rule that
    names another one is an error, never a reason to try the next rule.
    Raises ``ProviderNotRegistered``, ``AmbiguousModelRoute`` or ``ModelNotFound``.
    """
    listed = catalog.providers_of(model.model_id)
    if model.provider_hint is not None:
        rule, provider = RouteRule.HINT, model.provider_hint
    elif len(listed) == 1:
        rule, provider = RouteRule.CATALOG, listed[0]
    elif listed:
        raise _ambiguous(model.model_id, listed)
    elif default_provider is not None:
        rule, provider = RouteRule.DEFAULT, default_provider
    else:
        raise _not_found(model.model_id, catalog)
    if provider not in registered:
        raise _not_registered(provider, rule, registered)
    return Route(provider, model.model_id, rule, model.provider_hint, listed, default_provider)


def resolve_model_provider(catalog: CatalogIndex, model_id: str, hint: ProviderId | None = None) -> ProviderId:
    """Which provider the catalog names for ``model_id``; ``hint`` chooses among several.

    Raises ``ModelNotFound`` when nobody lists the model, ``ProviderHintMismatch`` when one other
    than the hinted provider does, and ``AmbiguousModelRoute`` when several do and none is hinted.
    """
    listed = catalog.providers_of(model_id)
    if not listed:
        raise _not_found(model_id, catalog)
    if hint in listed:
        return hint
    if len(listed) > 1:
        raise _ambiguous(model_id, listed)
    if hint is not None:
        raise ProviderHintMismatch(
            model=model_id,
            provider_hint=hint,
            resolved=listed[0],
            message=f"the catalog lists the model for {listed[0]}, and the hint names {hint}",
            remedy="Correct the hint, or add the model to the catalog under the hinted provider.",
        )
    return listed[0]


def _not_found(model_id: str, catalog: CatalogIndex) -> ModelNotFound:
    near = catalog.nearest(model_id)
    return ModelNotFound(
        model=model_id,
        message="no provider is known for this model, and there is no default provider",
        remedy=(
            "Name the provider (`provider:model`), set a default provider, or add the model to the catalog."
            + (f" Known models with a similar name: {', '.join(near)}." if near else "")
        ),
    )


def _ambiguous(model_id: str, listed: tuple[ProviderId, ...]) -> AmbiguousModelRoute:
    return AmbiguousModelRoute(
        model=model_id,
        candidates=listed,
        message=f"the catalog lists the model for several providers: {', '.join(listed)}",
        remedy=f"Name one: {_alternatives(f'{provider}:{model_id}' for provider in listed)}.",
    )


def _not_registered(provider: ProviderId, rule: RouteRule, registered: Collection[ProviderId]) -> ProviderNotRegistered:
    named = {
        RouteRule.ROLE: "the role is assigned to",
        RouteRule.HINT: "the request names",
        RouteRule.CATALOG: "the catalog lists the model for",
        RouteRule.DEFAULT: "the default provider is",
    }[rule]
    known = sorted(registered, key=provider_order)
    return ProviderNotRegistered(
        provider=provider,
        message=f"{named} {provider}, which this runtime does not know",
        remedy=(
            f"Register it, or name one of: {_alternatives(known)}."
            if known
            else "Register a provider: this runtime has none."
        ),
    )


def _alternatives(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
