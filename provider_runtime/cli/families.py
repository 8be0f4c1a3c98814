"""The families of errors at the command line: the exit code of each, and what is shown of one."""

from typing import Final

import click

from provider_runtime.cli.failures import CONFIGURATION, PROVIDER_FAILED, STORE_FAILED, UNEXPECTED
from provider_runtime.domain.errors import (
    BackendError,
    CallRefused,
    ConfigError,
    ProviderError,
    ProviderRuntimeError,
    RoutingError,
)

_EXIT_CODES: Final = (
    (ConfigError, CONFIGURATION),
    (RoutingError, 4),
    (CallRefused, 5),
    (ProviderError, PROVIDER_FAILED),
    (BackendError, STORE_FAILED),
)
_WHERE_TO_LOOK: Final = (
    (ConfigError, "`provider-runtime doctor` looks at the settings."),
    (RoutingError, "`provider-runtime models list` shows the models that are known."),
    (CallRefused, "`provider-runtime explain` shows the verdict of each gate."),
    (ProviderError, "`provider-runtime providers check` says whether the provider is ready."),
    (BackendError, "`provider-runtime doctor` looks at what is kept."),
)


def exit_code(error: ProviderRuntimeError) -> int:
    """The exit code of the family that ``error`` belongs to."""
    return next((code for family, code in _EXIT_CODES if isinstance(error, family)), UNEXPECTED)


def show_error(error: ProviderRuntimeError) -> None:
    """Print ``error`` for a person."""
    click.secho(f"Error: {error.message or error.code}", fg="red", bold=True, err=True)
    for name, value in error.facts().items():
        click.echo(f"  {name:<15} {value}", err=True)
    code = f"{error.code} ({error.hsk_code})" if error.hsk_code else str(error.code)
    click.echo(f"  {'code':<15} {code}", err=True)
    if error.sent:
        click.echo(f"  {'billed':<15} {error.billed}", err=True)
    if error.attempts:
        click.echo(f"  {'attempts':<15} {len(error.attempts)}", err=True)
    click.secho(f"→ {error.remedy or _where_to_look(error)}", fg="cyan", err=True)


def _where_to_look(error: ProviderRuntimeError) -> str:
    """Where to look for the cause of a failure that knows no way out of its own."""
    return next((where for family, where in _WHERE_TO_LOOK if isinstance(error, family)), "See the log of the program.")
