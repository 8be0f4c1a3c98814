"""Failures at the command line: what happened, why, what to do, the code; never a traceback."""

import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

UNEXPECTED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
PROVIDER_FAILED: Final = 6
STORE_FAILED: Final = 7
BROKEN: Final = 8
INTERRUPTED: Final = 130
EXIT_CODES_HELP: Final = (
    "Exit codes: 0 answered, 1 unexpected, 2 usage, 3 configuration, 4 routing, 5 refused before sending, "
    "6 provider failed, 7 store failed, 8 a chain of receipts is broken, 130 interrupted."
)


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether a terminal shall be spared colour and everything of the kind: see no-color.org."""
    return bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def run_or_exit(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` in an event loop; show what goes wrong in a few lines and leave with its exit code."""
    import asyncio  # noqa: PLC0415 - help needs no event loop

    with shown_and_left():
        asyncio.run(work())


@contextmanager
def shown_and_left() -> Iterator[None]:
    """What goes wrong inside is shown in a few lines, and the program left with its exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise  # click's own: help was shown, or a word was wrong
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # What is still buffered can go nowhere, and the interpreter would complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        # The errors and what they are made of take longer to load than all that help needs.
        from provider_runtime.cli.families import exit_code, show_error  # noqa: PLC0415 - see above
        from provider_runtime.domain.errors import ProviderRuntimeError  # noqa: PLC0415 - see above

        if not isinstance(error, ProviderRuntimeError):
            raise
        show_error(error)
        raise SystemExit(exit_code(error)) from None


def usage_error(message: str) -> NoReturn:
    """Leave because the command was written wrongly."""
    raise click.UsageError(message)
