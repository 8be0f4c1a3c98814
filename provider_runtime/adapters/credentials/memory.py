"""MemorySecretStore: keys of one process, gone at exit."""

from attrs import define, field

from provider_runtime.adapters.credentials.names import checked_key_name
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import StoredSecret


@define
class MemorySecretStore:
    """Keys in memory. For tests, and for services that fetch their keys when they start."""

    _kept: dict[str, StoredSecret] = field(factory=dict, init=False, repr=False)

    async def put(self, name: str, secret: Secret, *, bound_to: Origin) -> None:
        self._kept[checked_key_name(name)] = StoredSecret(secret=secret, bound_to=bound_to)

    async def get(self, name: str) -> StoredSecret | None:
        return self._kept.get(checked_key_name(name))

    async def delete(self, name: str) -> bool:
        return self._kept.pop(checked_key_name(name), None) is not None

    async def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._kept))
