"""SecretStore: keys under names, each kept together with the origin it may be sent to."""

from typing import Protocol, runtime_checkable

from attrs import frozen

from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret


@frozen(kw_only=True)
class StoredSecret:
    """A key, and whom it may be given to."""

    secret: Secret
    bound_to: Origin


@runtime_checkable
class SecretStore(Protocol):
    """Keeps keys under names.

    Names are 1 to 64 letters, digits, ``_``, ``.`` and ``-``, and begin with a letter or digit.
    Every method raises ``BackendError``: ``name_invalid`` for another name, ``store_unsafe`` for a
    store that others can read or replace, ``record_corrupt`` for one that does not read back, and
    ``store_unavailable`` when it cannot be reached. No error holds anything that is stored.
    What ``put`` has returned is durable, as far as the store is.
    """

    async def put(self, name: str, secret: Secret, *, bound_to: Origin) -> None:
        """Keep ``secret`` under ``name``, in place of what was there."""
        ...

    async def get(self, name: str) -> StoredSecret | None:
        """What is kept under ``name``, or ``None``."""
        ...

    async def delete(self, name: str) -> bool:
        """Forget what is kept under ``name``; whether there was anything."""
        ...

    async def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        ...
