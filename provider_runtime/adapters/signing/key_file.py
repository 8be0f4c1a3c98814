"""SigningKeyFile: the private half of a signing key, in a file for the eyes of its owner only."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from attrs import field, frozen

from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, new_signing_key
from provider_runtime.domain.errors import BackendError, RecordCorrupt, StoreUnsafe
from provider_runtime.domain.secrets import Secret, secret_in

_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022
_LENGTH: Final = 64


@frozen(kw_only=True)
class SigningKeyFile:
    """An Ed25519 key in the file at ``path``: 64 hexadecimal digits, mode 0600.

    Made once, in one go: whoever comes second finds the key of whoever came first. A file that others
    can read, that is a link or belongs to somebody else, or a folder that others can write to, is
    refused with ``StoreUnsafe``: a key that may have been read proves nothing. Blocks for a moment.
    """

    path: Path = field(converter=Path)

    def signer(self) -> Ed25519Signer | None:
        """The signer, or ``None`` where there is no key yet. Raises ``StoreUnsafe`` and ``RecordCorrupt``."""
        found = self._read()
        return None if found is None else Ed25519Signer(private_key=found)

    def signer_or_new(self, random: bytes) -> Ed25519Signer:
        """The signer; where there is none yet, one with a key made of ``random``, which is kept from now on."""
        known = self.signer()
        if known is not None:
            return known
        failure = self._write(new_signing_key(random))
        if failure is not None:
            raise self._unavailable(failure)
        return self.signer() or Ed25519Signer(private_key=new_signing_key(random))

    def _read(self) -> Secret | None:
        try:
            folder = self.path.parent.stat().st_mode
            if folder & _OTHERS_WRITE and not folder & stat.S_ISVTX:
                raise self._unsafe("lies in a folder that others can write to", f"chmod 700 {self.path.parent}")
            descriptor = os.open(self.path, os.O_RDONLY | _SAFELY)
        except FileNotFoundError:
            return None
        except OSError as failure:
            if self.path.is_symlink():
                raise self._unsafe("is a link", "Give the path of the file itself.") from None
            raise self._unavailable(failure) from None
        try:
            self._refuse_unless_private(os.fstat(descriptor))
            secret = secret_in(os.read(descriptor, 2 * _LENGTH).decode("ascii", "replace"))
        finally:
            os.close(descriptor)
        if secret is None:
            raise RecordCorrupt(
                kind="signing key",
                key=self.path.name,
                message=f"the file {self.path.name} holds no signing key",
                remedy="Put it back from a copy. Without it, what it signed can still be checked, and nothing signed.",
            )
        return secret

    def _refuse_unless_private(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._unsafe("is not a regular file", "Give the path of a file.")
        if found.st_uid != os.geteuid():
            raise self._unsafe("belongs to another user", f"chown it, or run as its owner: {self.path}")
        if found.st_mode & _OTHERS:
            raise self._unsafe("can be read by others", f"chmod 600 {self.path}, and make a new key")

    def _write(self, key: Secret) -> OSError | None:
        """Put ``key`` there unless somebody else does first. What went wrong comes back as a value."""
        beside = self.path.with_name(f".new-{secrets.token_hex(8)}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(f"{key.reveal()}\n".encode())
                    file.flush()
                    os.fsync(descriptor)
                self.path.hardlink_to(beside)  # which, unlike a rename, does not replace what is there
            except FileExistsError:
                return None  # somebody else's key is there by now, and will do
            finally:
                beside.unlink(missing_ok=True)
        except OSError as failure:
            return failure.with_traceback(None)
        return None

    def _unsafe(self, fault: str, remedy: str) -> StoreUnsafe:
        return StoreUnsafe(
            kind="signing key", key=self.path.name, message=f"the signing key {self.path.name} {fault}", remedy=remedy
        )

    def _unavailable(self, failure: OSError) -> BackendError:
        return BackendError(
            kind="signing key",
            key=self.path.name,
            message=f"the signing key {self.path.name} cannot be used: {os.strerror(failure.errno or 0)}",
            remedy="Check that its folder exists, is yours, and has room.",
        )
