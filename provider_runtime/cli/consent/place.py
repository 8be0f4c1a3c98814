"""Where the command line keeps consents: a ledger and a signing key in the data folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from provider_runtime.adapters.signing.key_file import SigningKeyFile
from provider_runtime.adapters.system import SystemClock, SystemRandomness
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.registry.folder import VARIABLE, DataFolder
from provider_runtime.composition.consents.settings import (
    ConsentSettings,
    MemoryConsents,
    SqliteConsents,
    TrustedIssuer,
)
from provider_runtime.domain.identity import RuntimeId

if TYPE_CHECKING:
    from provider_runtime.adapters.signing.ed25519 import Ed25519Signer
    from provider_runtime.application.consents.desk import ConsentDesk

NAME: Final = RuntimeId("command-line")
"""What the runtimes of the command line are called: consents are given to a runtime by its name."""
_LEDGER: Final = "consents.sqlite"
_KEY: Final = "consent-signing-key"


@frozen
class ConsentPlace:
    """Consents below the data folder. Nothing is created before somebody is asked."""

    path: Path | None

    @classmethod
    def of(cls, folder: DataFolder) -> "ConsentPlace":
        """The place in this folder."""
        return cls(folder.path)

    def found(self) -> ConsentSettings:
        """What is there by now; where nobody was ever asked, a ledger in memory that knows nothing."""
        if self.path is None or not (self.path / _LEDGER).exists():
            return ConsentSettings(place=MemoryConsents())
        signer = self._key_file.signer()
        return self._settings(signer)

    def lasting(self) -> ConsentSettings:
        """The ledger of the folder, and trust in its own key, which is made if there is none."""
        return self._settings(self.signer())

    def signer(self) -> "Ed25519Signer":
        """Whoever signs decisions here; the key is made on first use."""
        return self._key_file.signer_or_new(SystemRandomness().token(32))

    @asynccontextmanager
    async def desk(self) -> AsyncIterator["ConsentDesk"]:
        """Where decisions are recorded and looked at."""
        # Every command knows this place, and few come here.
        from provider_runtime.adapters.governance.consents import SqliteConsentLedger  # noqa: PLC0415 - see above
        from provider_runtime.application.accounting.telemetry import Telemetry  # noqa: PLC0415 - see above
        from provider_runtime.application.consents.desk import ConsentDesk  # noqa: PLC0415 - see above

        ledger = SqliteConsentLedger(path=self._named / _LEDGER)
        try:
            yield ConsentDesk(
                ledger=ledger,
                clock=SystemClock(),
                randomness=SystemRandomness(),
                telemetry=Telemetry(),
                runtime_id=NAME,
                issuer=NAME,
                signer=self.signer(),
            )
        finally:
            await ledger.aclose()

    @property
    def was_used(self) -> bool:
        """Whether anybody was ever asked."""
        return self.path is not None and (self.path / _LEDGER).exists()

    def _settings(self, signer: "Ed25519Signer | None") -> ConsentSettings:
        issuers = () if signer is None else (TrustedIssuer(name=NAME, key=signer.public_key),)
        return ConsentSettings(place=SqliteConsents(path=self._named / _LEDGER), issuers=issuers, issuer=NAME)

    @property
    def _key_file(self) -> SigningKeyFile:
        return SigningKeyFile(path=self._named / _KEY)

    @property
    def _named(self) -> Path:
        return self.path or usage_error(f"this machine names no home: name a folder with --data, or {VARIABLE}")
