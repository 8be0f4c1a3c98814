"""``receipts``: what was recorded of each call."""

from pathlib import Path
from typing import Any, Final

import click

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.records.choosing import Wanted, chosen, wanted_options
from provider_runtime.cli.records.places import file_argument, json_option, nothing_called, receipts_at
from provider_runtime.cli.records.receipt_pages import receipt_table, show_receipt
from provider_runtime.cli.records.verifying import checkpoint, key, verify
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.receipts import CallReceipt
from provider_runtime.ports.stores.journals import ReceiptProvider

_SHOWN: Final = 50
_LAST: Final = "last"


@click.group()
def receipts() -> None:
    """Receipts: one of each call, in a chain that shows any change.

    FILE is one that was written with `run --receipts FILE` or by a program; without it, the receipts
    of the data folder are meant, which `run` writes.
    """


@receipts.command("list", epilog=EXIT_CODES_HELP)
@file_argument
@wanted_options
@data_option
@json_option
def list_receipts(file: Path | None, last: int | None, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """List receipts, oldest first.

    \b
    provider-runtime receipts list --since 2h --outcome failed
    provider-runtime receipts list receipts.jsonl --provider openai --json
    """
    count = last if as_json else last or _SHOWN

    async def work() -> None:
        async with receipts_at(file, folder) as stored:
            kept = await chosen(stored, Wanted(**options), count)
        if as_json:
            click.echo(to_json(make_converter(), kept))
        elif not kept:
            click.echo("No receipt matches." if any(options.values()) else "No receipts yet.", err=True)
        else:
            console().print(receipt_table(kept))
            if last is None and len(kept) == count:
                click.echo(f"The last {count}; --last shows more.", err=True)

    run_or_exit(work)


@receipts.command("show", epilog=EXIT_CODES_HELP)
@click.argument("which", metavar="[ID]", default=_LAST)
@click.option("--file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Receipts in this file.")
@data_option
@json_option
def show(which: str, file: Path | None, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show everything that one receipt holds.

    ID is its number, its id (rct_…), or the id of its call, or how that begins; by default the last one.

    \b
    provider-runtime receipts show
    provider-runtime receipts show 17
    provider-runtime receipts show call_1f0c
    """

    async def work() -> None:
        async with receipts_at(file, folder) as stored:
            receipt = await _found(stored, which)
        if as_json:
            click.echo(to_json(make_converter(), receipt))
        else:
            show_receipt(receipt)

    run_or_exit(work)


async def _found(stored: ReceiptProvider, which: str) -> CallReceipt:
    found: tuple[CallReceipt | None, ...]
    if which == _LAST:
        found = await stored.latest(1)
    elif which.isdecimal():
        found = await stored.before(int(which) + 1, 1)
        found = tuple(receipt for receipt in found if receipt is not None and receipt.seq == int(which))
    elif which.startswith("rct_"):
        found = (await stored.get(which),)
    else:
        found = await chosen(stored, Wanted(call_id=which), 1)
    receipt = next(iter(found), None)
    if receipt is None:
        raise nothing_called("receipt", "" if which == _LAST else which, "receipts list")
    return receipt


for command in (verify, checkpoint, key):
    receipts.add_command(command)
