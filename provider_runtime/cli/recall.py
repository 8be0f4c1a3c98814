"""Options for answers that are kept: a memo, a recording, its replay."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve

from provider_runtime.cli.failures import usage_error
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.stores.places import FileStores, SqliteStores, StorePlace, StoreSettings
from provider_runtime.domain.calls.options import CallOptions

_PLACE: Final = click.Path(path_type=Path)
_SQLITE: Final = frozenset({".sqlite", ".sqlite3", ".db"})
_NAMES: Final = ("memo", "record", "replay")
_OPTIONS: Final = (
    click.option(
        "--memo",
        type=_PLACE,
        metavar="PATH",
        help="Take the answer from this folder, or .sqlite file, if the same was asked before; else keep it there.",
    ),
    click.option("--record", type=_PLACE, metavar="PATH", help="Keep whatever is answered there, to replay it."),
    click.option("--replay", type=_PLACE, metavar="PATH", help="Answer from that recording alone, and send nothing."),
)


def recall_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--memo``, ``--record`` and ``--replay``."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def with_recall(settings: RuntimeSettings, options: dict[str, Any]) -> RuntimeSettings:
    """``settings`` with the places that the options name. Leaves when more than one is named."""
    named = {name: place_at(options[name]) for name in _NAMES if options[name] is not None}
    if len(named) > 1:
        usage_error(f"give one of {', '.join(f'--{name}' for name in named)}")
    if "memo" in named:
        return evolve(settings, stores=StoreSettings(artifacts=named["memo"]))
    return evolve(settings, record=named.get("record"), replay=named.get("replay"))


def recalled_call(call: CallOptions, options: dict[str, Any]) -> CallOptions:
    """What a call wants differently because of these options."""
    return evolve(call, memo=True) if options["memo"] is not None else call


def place_at(path: Path) -> StorePlace:
    """A SQLite file where the name says so, else a folder."""
    return SqliteStores(path=path) if path.suffix.lower() in _SQLITE else FileStores(path=path)
