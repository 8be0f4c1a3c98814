"""ProviderConfigStore: the providers that operators registered."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.identity import ProviderId


@runtime_checkable
class ProviderConfigStore(Protocol):
    """Keeps provider records under their ids, without secrets: a record says where a key is, never which.

    Each change is whole or not at all. Two who change a record at once do not lose each other's
    change: the later one gets ``RecordConflict`` and looks again. What looks like a secret anywhere
    in a record is refused with ``InvalidProviderConfig``, which quotes nothing of it.
    Every method raises ``BackendError`` when the medium fails, and ``RecordCorrupt`` for a stored
    record that does not read back, unknown fields included. What has returned is kept as firmly as
    the medium promises.
    """

    async def add(self, config: ProviderConfig) -> ProviderRecord:
        """Register a provider. Raises ``RecordConflict`` where its id is taken."""
        ...

    async def get(self, provider_id: ProviderId) -> ProviderRecord | None:
        """The record of this id, or ``None``."""
        ...

    async def list(self) -> tuple[ProviderRecord, ...]:
        """Every record, sorted by id."""
        ...

    async def update(self, seen: ProviderRecord, config: ProviderConfig) -> ProviderRecord:
        """Put ``config`` in the place of ``seen``, the record as its editor saw it.

        Raises ``RecordConflict`` when something else stands there by now, or nothing; ``ValueError``
        for the config of another provider.
        """
        ...

    async def remove(self, provider_id: ProviderId) -> bool:
        """Forget the record; whether there was one. Secrets are kept apart, and stay."""
        ...

    async def aclose(self) -> None:
        """Let go of files and threads, for good; may be called twice."""
        ...
