"""Where what a runtime keeps is kept, as a configuration file says it."""

from enum import StrEnum

from attrs import Attribute, field, frozen

from provider_runtime.domain.catalog.credentials import CredentialRef
from provider_runtime.domain.checks import OPTIONAL_TEXT
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.budgets.limits import EVERYONE, Amount, Budget


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
    """Where it is kept what budgets have left: as other things are kept, or by a governance server."""

    SQLITE = "sqlite"
    FILE = "file"
    MEMORY = "memory"
    REMOTE = "remote"


@frozen(kw_only=True)
class KeptLedger:
    """``path`` begins at the data folder; ``url``, ``credential`` and ``allowed_networks`` are for a server."""

    medium: LedgerMedium = field(default=LedgerMedium.SQLITE, converter=LedgerMedium)
    path: str | None = field(default=None, validator=OPTIONAL_TEXT)
    url: str | None = field(default=None, validator=OPTIONAL_TEXT)
    credential: CredentialRef | None = None
    allowed_networks: tuple[str, ...] = field(default=(), converter=tuple_of)

    def __attrs_post_init__(self) -> None:
        remote = self.medium is LedgerMedium.REMOTE
        if self.path is not None and (remote or self.medium is LedgerMedium.MEMORY):
            raise ValueError(f"path is not for what is kept in {self.medium.value}")
        if self.path is not None and not self.path.strip():
            raise ValueError("path must not be blank")
        if remote != (self.url is not None):
            raise ValueError("url is for the medium remote, which needs one")
        if remote != (self.credential is not None):
            raise ValueError("credential is for the medium remote, which needs one")
        if self.allowed_networks and not remote:
            raise ValueError("allowed_networks are for the medium remote")


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
