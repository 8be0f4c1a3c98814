"""KeyringSecretStore: keys in the keyring of the operating system."""

from threading import Lock
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from provider_runtime.adapters.credentials.names import checked_key_name
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.secrets import StoredSecret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_LIST: Final = "(list of names)"  # no key can be called so


@frozen(kw_only=True)
class KeyringSecretStore:
    """Keys as entries of ``service``; the text of an entry is the origin, a space, the key.

    A keyring cannot be listed, so the names are an entry of their own. When two processes write at
    the same moment a name may be left out of it; the key is there all the same.
    """

    service: str = "provider-runtime"
    keyring: SystemKeyring = field(factory=SystemKeyring)
    _writing: Lock = field(factory=Lock, init=False, repr=False, eq=False)

    async def put(self, name: str, secret: Secret, *, bound_to: Origin) -> None:
        checked_key_name(name)

        def put(backend: "KeyringBackend") -> None:
            with self._writing:
                backend.set_password(self.service, name, f"{bound_to} {secret.reveal()}")
                self._list(backend, {*self._listed(backend), name})

        await self.keyring.use(put)

    async def get(self, name: str) -> StoredSecret | None:
        checked_key_name(name)
        found = await self.keyring.use(lambda backend: _stored(backend.get_password(self.service, name)))
        if isinstance(found, str):
            raise RecordCorrupt(
                kind="secret",
                key=name,
                message=f"the entry {name} of the keyring is none of ours: {found}",
                remedy="Put the key there anew.",
            )
        return found

    async def delete(self, name: str) -> bool:
        checked_key_name(name)

        def delete(backend: "KeyringBackend") -> bool:
            with self._writing:
                there = backend.get_password(self.service, name) is not None
                if there:
                    backend.delete_password(self.service, name)
                self._list(backend, self._listed(backend) - {name})
            return there

        return await self.keyring.use(delete)

    async def names(self) -> tuple[str, ...]:
        return tuple(sorted(await self.keyring.use(self._listed)))

    def _listed(self, backend: "KeyringBackend") -> set[str]:
        return set((backend.get_password(self.service, _LIST) or "").split())

    def _list(self, backend: "KeyringBackend", names: set[str]) -> None:
        if names != self._listed(backend):
            backend.set_password(self.service, _LIST, "\n".join(sorted(names)))


def _stored(text: str | None) -> StoredSecret | str | None:
    """The entry, or what is wrong with it in words that quote nothing."""
    if text is None:
        return None
    origin_text, _, key = text.partition(" ")
    origin, secret = origin_of(origin_text), secret_in(key)
    if origin is None or secret is None:
        return "it does not begin with an origin" if origin is None else "it holds no key"
    return StoredSecret(secret=secret, bound_to=origin)
