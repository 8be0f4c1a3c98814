"""ReferredSecret: what one reference to a credential leads to, read anew each time it is asked for."""

import asyncio
from collections.abc import Mapping

from attrs import field, frozen

from provider_runtime.adapters.credentials.key_files import read_key_file
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.errors import CredentialBoundElsewhere, InvalidSettings
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import SecretStore


@frozen(kw_only=True)
class ReferredSecret:
    """The secret that ``reference`` leads to, for ``origin`` alone; ``None``: it is sent nowhere.

    What blocks is done in a thread.

    ``environment`` holds the variables that the reference names. Raises ``InvalidSettings`` naming
    ``setting`` where there is none, ``CredentialBoundElsewhere`` for one that was kept for another
    origin, and what the secret store raises.
    """

    reference: CredentialRef
    origin: Origin | None
    setting: str
    environment: Mapping[str, Secret] = field(factory=dict, repr=False)
    secret_store: SecretStore | None = None
    keyring: SystemKeyring = field(factory=SystemKeyring)

    async def get(self) -> Secret:
        """The secret, as it is now."""
        match self.reference:
            case EnvCredential(names=names):
                found = next((self.environment[name] for name in names if name in self.environment), None)
                return found or self._nothing(f"the variable {' or '.join(names)} is not set")
            case KeyFileCredential(path=path):
                return await asyncio.to_thread(read_key_file, path) or self._nothing("its key file cannot be read")
            case NamedKeyCredential(name=name):
                return await self._named(name)
        kept = await self.keyring.secret(self.reference.service, self.reference.name)
        return kept or self._nothing("the keyring does not know it")

    async def _named(self, name: str) -> Secret:
        if self.secret_store is None:
            return self._nothing("there is no secret store")
        kept = await self.secret_store.get(name)
        if kept is None:
            return self._nothing(f"nothing is kept under the name {name}")
        if self.origin is not None and kept.bound_to != self.origin:
            raise CredentialBoundElsewhere(
                bound_to=str(kept.bound_to),
                origin=str(self.origin),
                message=f"the key {name} was kept for another address",
                remedy=f"Keep a key for {self.origin}, under this name or another.",
            )
        return kept.secret

    def _nothing(self, why: str) -> Secret:
        raise InvalidSettings(
            field=self.setting,
            message=f"there is no credential{'' if self.origin is None else f' for {self.origin}'}: {why}",
            remedy="Set the variable, or keep the key where the reference says.",
        )
