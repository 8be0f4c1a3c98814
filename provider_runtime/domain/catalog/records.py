"""ProviderRecord: a provider as it was registered, and when; several of them as one document."""

from datetime import UTC, datetime
from typing import Any, Final

from attrs import Attribute, evolve, field, frozen

from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import tuple_of

EXPORT_FORMAT: Final = "provider_runtime.providers/1"


def _in_utc(_instance: object, attribute: "Attribute[Any]", moment: datetime) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{attribute.name} must be a time with its time zone")


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo is not None else moment


@frozen(kw_only=True)
class ProviderRecord:
    """A provider config as a store keeps it. Times are UTC, by the clock of the store.

    ``created_at`` stays through every change; ``updated_at`` is that of the last one, and never
    before ``created_at``, whatever the clock did meanwhile.
    """

    config: ProviderConfig
    created_at: datetime = field(converter=_to_utc, validator=_in_utc)
    updated_at: datetime = field(converter=_to_utc, validator=_in_utc)

    def __attrs_post_init__(self) -> None:
        if self.updated_at < self.created_at:
            raise ValueError("updated_at is before created_at")

    @property
    def provider_id(self) -> ProviderId:
        """The id of the provider, which never changes."""
        return self.config.provider_id

    def changed(self, config: ProviderConfig, now: datetime) -> "ProviderRecord":
        """The record after a change at ``now``. Raises ``ValueError`` for a config of another provider."""
        if config.provider_id != self.provider_id:
            raise ValueError("provider_id: a record keeps its id; register the provider anew under the other one")
        return evolve(self, config=config, updated_at=max(now, self.updated_at))


@frozen(kw_only=True)
class ProviderExport:
    """Provider configs as one document, sorted by id. No secret is in it: a config holds none.

    When they were registered is not in it either: that belongs to a store, and equal configs give
    equal documents. Raises ``ValueError`` for another format, or an id that stands twice.
    """

    providers: tuple[ProviderConfig, ...] = field(converter=tuple_of)
    format: str = EXPORT_FORMAT

    def __attrs_post_init__(self) -> None:
        if self.format != EXPORT_FORMAT:
            raise ValueError(f"format must be {EXPORT_FORMAT}")
        ids = [config.provider_id for config in self.providers]
        if len(set(ids)) != len(ids):
            raise ValueError("providers: an id stands twice")
        object.__setattr__(self, "providers", tuple(sorted(self.providers, key=lambda config: config.provider_id)))


def taken_over(known: ProviderConfig, given: ProviderConfig) -> ProviderConfig:
    """``given`` in place of ``known``, with the old binding where it has the same credential.

    Whoever only hands over a document cannot lead a credential to another address: it is refused
    there until the record is bound anew on purpose.
    """
    same = given.credential is not None and given.credential == known.credential
    return evolve(given, bound_to=known.bound_to) if same else given
