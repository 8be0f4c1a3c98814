"""SystemKeyring: the keyring of the operating system, through keyring. Imports keyring on first use."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import define, field

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.secrets import Secret, secret_in

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

# Those that keep keys encrypted, under the login of the user. Others, once installed, may write them
# in plain text without a word, so keyring's own choice, its configuration and its environment
# variables are not asked.
_TRUSTED: Final = (
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.Windows", "WinVaultKeyring"),
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
)
_T = TypeVar("_T")


@define
class SystemKeyring:
    """Entries of the operating system's keyring: macOS, Windows, Secret Service (GNOME) or KWallet.

    A ``backend`` that is handed over is used instead: whoever does that answers for it. Calls block,
    and may ask the user to unlock the keyring, so each runs in a thread.
    Raises ``BackendError`` where there is no keyring, or it refuses.
    """

    backend: "KeyringBackend | None" = field(default=None, repr=False)

    async def secret(self, service: str, name: str) -> Secret | None:
        """The entry of ``service`` and ``name``, or ``None`` where it holds none that could be sent."""
        return await self.use(lambda backend: secret_in(backend.get_password(service, name)))

    async def use(self, work: "Callable[[KeyringBackend], _T]") -> _T:
        """The result of ``work``, done in a thread. What it raises is told by its class alone."""
        return await asyncio.to_thread(self._use, work)

    def _use(self, work: "Callable[[KeyringBackend], _T]") -> _T:
        backend = self.backend or trusted_backend()
        try:
            return work(backend)
        except BackendError:
            raise
        except Exception as failure:  # noqa: BLE001 - backends raise what they like, and it may quote the entry
            reason = type(failure).__name__
        raise BackendError(
            kind="keyring",
            message=f"the keyring of the operating system refused with {reason}",
            remedy="Unlock the keyring, or keep the key in a secret file.",
        )


def trusted_backend() -> "KeyringBackend":
    """The best keyring of this machine that encrypts what it keeps. Raises ``BackendError``."""
    found: list[type[KeyringBackend]] = []
    for module, name in _TRUSTED:
        try:
            kind: type[KeyringBackend] = getattr(import_module(module), name)
            if kind.viable:
                found.append(kind)
        except ImportError:
            continue
    if not found:
        raise BackendError(
            kind="keyring",
            message="this machine has no keyring that encrypts what it keeps, or the extra is not installed",
            remedy="Install provider-runtime[keyring] on a desktop, or keep the key in a secret file.",
        )
    return max(found, key=lambda kind: kind.priority)()
