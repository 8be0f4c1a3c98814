"""Where what a runtime keeps is kept, as a configuration file says it."""

from enum import StrEnum

from attrs import Attribute, field, frozen

from provider_runtime.domain.catalog.credentials import CredentialRef
from provider_runtime.domain.checks import OPTIONAL_TEXT, number, whole
from provider_runtime.domain.policy.budgets.limits import EVERYONE, Amount, Budget
from provider_runtime.domain.records.oversight.checkpoints import SealMethod


class Medium(StrEnum):
    """Where it is kept: in one SQLite file, in plain files, or in memory alone."""

    SQLITE = "sqlite"
    FILE = "file"
    MEMORY = "memory"


@frozen(kw_only=True)
class Kept:
    """``path`` begins at the data folder; left out, it is the usual name there."""

    medium: Medium = field(default=Medium.SQLITE, converter=Medium)
    path: str | None = field(default=None, validator=OPTIONAL_TEXT)

    @path.validator
    def _fits(self, attribute: "Attribute[str | None]", path: str | None) -> None:
        if path is not None and self.medium is Medium.MEMORY:
            raise ValueError(f"{attribute.name} is not for what is kept in memory")
        if path is not None and not path.strip():
            raise ValueError(f"{attribute.name} must not be blank")


class LedgerMedium(StrEnum):
    """Where it is kept what budgets have left: as other things, or at a governance server."""

    SQLITE = "sqlite"
    FILE = "file"
    MEMORY = "memory"
    REMOTE = "remote"


@frozen(kw_only=True)
class KeptLedger:
    """``path`` begins at the data folder; ``url`` and ``credential`` are for a ledger at a server, and needed there."""

    medium: LedgerMedium = field(default=LedgerMedium.SQLITE, converter=LedgerMedium)
    path: str | None = field(default=None, validator=OPTIONAL_TEXT)
    url: str | None = field(default=None, validator=OPTIONAL_TEXT)
    credential: CredentialRef | None = None
    allowed_networks: tuple[str, ...] = ()

    @path.validator
    def _fits(self, attribute: "Attribute[str | None]", path: str | None) -> None:
        if path is not None and (self.medium in {LedgerMedium.MEMORY, LedgerMedium.REMOTE} or not path.strip()):
            raise ValueError(f"{attribute.name} is for what is kept in files, and must not be blank")


@frozen(kw_only=True)
class KeptCheckpoints:
    """``path`` and ``key_file`` begin at the folder of the file: they are to lie elsewhere than the receipts."""

    path: str | None = field(default=None, validator=OPTIONAL_TEXT)
    key_file: str | None = field(default=None, validator=OPTIONAL_TEXT)
    method: SealMethod = field(default=SealMethod.ED25519, converter=SealMethod)
    every: int = field(default=100, validator=whole(1))
    within_s: float = field(default=60.0, validator=number(0.1, 86_400))


@frozen(kw_only=True)
class GovernanceRules:
    """Which capabilities calls have, by a governance profile and by names, and where decisions are written down."""

    profile: str | None = field(default=None, validator=OPTIONAL_TEXT)
    grants: tuple[str, ...] = ()
    audit: Kept = field(factory=Kept)


@frozen(kw_only=True)
class ConsentIssuer:
    """Somebody whose decisions about calls count, and the public key that signs them."""

    name: str
    key: str


@frozen(kw_only=True)
class KeptConsents:
    """``path`` begins at the data folder, ``revocations`` at the folder of the file: it comes from elsewhere."""

    medium: Medium = field(default=Medium.SQLITE, converter=Medium)
    path: str | None = field(default=None, validator=OPTIONAL_TEXT)
    issuer: str = "runtime"
    issuers: tuple[ConsentIssuer, ...] = ()
    revocations: str | None = field(default=None, validator=OPTIONAL_TEXT)
    revocations_max_age_s: float = field(default=300.0, validator=number(0.1, 86_400))
    timeout_s: float = field(default=2.0, validator=number(0.1, 86_400))

    @path.validator
    def _fits(self, attribute: "Attribute[str | None]", path: str | None) -> None:
        if path is not None and (self.medium is Medium.MEMORY or not path.strip()):
            raise ValueError(f"{attribute.name} is for what is kept in files, and must not be blank")


class SecretMedium(StrEnum):
    """Where named keys are kept: a file for its owner's eyes only, or the keyring of the operating system."""

    FILE = "file"
    KEYRING = "keyring"


@frozen(kw_only=True)
class KeptSecrets:
    """``path`` begins at the data folder and is for a file, ``service`` for the keyring."""

    medium: SecretMedium = field(default=SecretMedium.FILE, converter=SecretMedium)
    path: str | None = field(default=None, validator=OPTIONAL_TEXT)
    service: str | None = field(default=None, validator=OPTIONAL_TEXT)

    def __attrs_post_init__(self) -> None:
        if self.path is not None and self.medium is not SecretMedium.FILE:
            raise ValueError("path is for keys in a file")
        if self.service is not None and self.medium is not SecretMedium.KEYRING:
            raise ValueError("service is for keys in the keyring")


@frozen(kw_only=True)
class BudgetLimit:
    """A budget as people write it: one of ``usd``, ``tokens``, ``calls`` and ``seconds``."""

    name: str
    usd: str | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    window_s: int | None = None
    scope: str = EVERYONE
    budget: Budget = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        budget = Budget(name=self.name, limit=self._amount(), window_s=self.window_s, scope=self.scope)
        object.__setattr__(self, "budget", budget)

    def _amount(self) -> Amount:
        given: list[Amount] = []
        if self.usd is not None:
            given.append(Amount.usd(self.usd))
        if self.tokens is not None:
            given.append(Amount.tokens(self.tokens))
        if self.calls is not None:
            given.append(Amount.calls(self.calls))
        if self.seconds is not None:
            given.append(Amount.seconds(self.seconds))
        if len(given) != 1:
            raise ValueError("a budget has one limit: give one of usd, tokens, calls and seconds")
        return given[0]
