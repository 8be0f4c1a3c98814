"""Which ledger a command looks at, and what is declared of its budgets."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click
from attrs import frozen

from provider_runtime.adapters.governance.ledger import FilesystemBudgetLedger, MemoryBudgetLedger, SqliteBudgetLedger
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import settings_for
from provider_runtime.composition.choices import remote_ledger, secret_store
from provider_runtime.composition.settings import (
    FileLedger,
    MemoryLedger,
    RemoteLedger,
    RuntimeSettings,
    SqliteLedger,
)
from provider_runtime.domain.catalog.credentials import CredentialRef, EnvCredential, NamedKeyCredential
from provider_runtime.domain.policy.budgets.limits import Budget, Unit
from provider_runtime.domain.policy.budgets.resources import Resource, account_name
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.governance.budgets import BudgetLedger

Place = MemoryLedger | FileLedger | SqliteLedger | RemoteLedger
GOVERNED: Final[Mapping[str, Unit]] = MappingProxyType(
    {account_name(resource): resource.unit for resource in Resource if resource is not Resource.TIME}
)
"""The budgets of governance profiles, which nobody declares, by name."""
_OPTIONS: Final = (
    click.option(
        "--ledger",
        metavar="PLACE",
        help="A SQLite file, a folder of files, or the URL of a governance server (default: that of `run`).",
    ),
    click.option(
        "--token-name", metavar="NAME", help="The token for that server is kept under NAME: see `secrets set`."
    ),
    click.option("--token-env", metavar="VARIABLE", help="The token for that server is in this variable."),
)


def ledger_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``folder``, and the options that name another ledger."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), data_option(command))


@frozen(kw_only=True)
class Opened:
    """A ledger, and the budgets that are declared for it."""

    ledger: BudgetLedger
    place: Place
    budgets: tuple[Budget, ...]

    def unit(self, name: str) -> Unit | None:
        """What the budget of this name counts; ``None`` where nobody has said."""
        declared = next((budget.limit.unit for budget in self.budgets if budget.name == name), None)
        return declared or GOVERNED.get(name)

    def unit_name(self, name: str) -> str | None:
        """The same as text."""
        unit = self.unit(name)
        return None if unit is None else unit.value


@asynccontextmanager
async def opened(folder: DataFolder, options: Mapping[str, Any]) -> AsyncIterator[Opened]:
    """The ledger that the options name, else the one that ``run`` spends from; closed at the end."""
    settings = (await settings_for(folder)).settings
    place = named_place(options) or settings.ledger
    if isinstance(place, MemoryLedger):
        usage_error("the ledger of this workspace is kept in memory, so nothing is known of it: name one with --ledger")
    ledger = ledger_at(place, settings)
    try:
        yield Opened(ledger=ledger, place=place, budgets=settings.budgets)
    finally:
        await ledger.aclose()


def named_place(options: Mapping[str, Any]) -> Place | None:
    """The place that ``--ledger`` names, if it does."""
    named = options["ledger"]
    credential = token_reference(options)
    if named is None:
        if credential is not None:
            usage_error("--token-name and --token-env go with --ledger and the URL of a governance server")
        return None
    if "://" in named:
        if credential is None:
            usage_error("name the token for that server: --token-name or --token-env")
        return RemoteLedger(url=named, credential=credential)
    if credential is not None:
        usage_error("a ledger on this machine takes no token")
    path = Path(named)
    return FileLedger(path=path) if path.is_dir() else SqliteLedger(path=path)


def token_reference(options: Mapping[str, Any]) -> CredentialRef | None:
    """Where the options say that a token is found."""
    name, variable = options["token_name"], options["token_env"]
    if name is not None and variable is not None:
        usage_error("give --token-name or --token-env, not both")
    if name is not None:
        return NamedKeyCredential(name=name)
    return None if variable is None else EnvCredential(name=variable)


def ledger_at(place: Place, settings: RuntimeSettings) -> BudgetLedger:
    """The ledger at ``place``, by the secrets of ``settings``."""
    match place:
        case SqliteLedger(path=path):
            return SqliteBudgetLedger(path=path)
        case FileLedger(path=path):
            return FilesystemBudgetLedger(path=path)
        case RemoteLedger():
            return remote_ledger(place, environment_for(place.credential), secret_store(settings))
        case MemoryLedger():
            return MemoryBudgetLedger()


def environment_for(reference: CredentialRef) -> dict[str, Secret]:
    """The variables that ``reference`` names, as they are now; no others."""
    names = reference.names if isinstance(reference, EnvCredential) else ()
    return {name: secret for name in names if (secret := secret_in(os.environ.get(name))) is not None}
