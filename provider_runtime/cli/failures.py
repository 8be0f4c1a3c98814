"""Failures at the command line: what happened, why, what to do, the code; never a traceback."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from provider_runtime.domain.errors import (
    BackendError,
    CallRefused,
    ConfigError,
    ProviderError,
    ProviderRuntimeError,
    RoutingError,
)

UNEXPECTED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
PROVIDER_FAILED: Final = 6
STORE_FAILED: Final = 7
BROKEN: Final = 8
INTERRUPTED: Final = 130
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
EXIT_CODES_HELP: Final = (
    "Exit codes: 0 answered, 1 unexpected, 2 usage, 3 configuration, 4 routing, 5 refused before sending, "
    "6 provider failed, 7 store failed, 8 a chain of receipts is broken, 130 interrupted."
)


def exit_code(error: ProviderRuntimeError) -> int:
    """The exit code of the family that ``error`` belongs to."""
    return next((code for family, code in _EXIT_CODES if isinstance(error, family)), UNEXPECTED)


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether a terminal shall be spared colour and everything of the kind: see no-color.org."""
    return bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def run_or_exit(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` in an event loop; show what goes wrong in a few lines and leave with its exit code."""
    with shown_and_left():
        asyncio.run(work())


@contextmanager
def shown_and_left() -> Iterator[None]:
    """What goes wrong inside is shown in a few lines, and the program left with its exit code."""
    try:
        yield
    except ProviderRuntimeError as error:
        show_error(error)
        raise SystemExit(exit_code(error)) from None
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # What is still buffered can go nowhere, and the interpreter would complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


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


def usage_error(message: str) -> NoReturn:
    """Leave because the command was written wrongly."""
    raise click.UsageError(message)
