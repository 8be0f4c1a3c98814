"""``receipts``: what was recorded, and whether it still stands as it was written."""

from pathlib import Path
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider, SqliteReceiptProvider
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import run_or_exit
from provider_runtime.cli.rendering import console
from provider_runtime.domain.records.receipts import CallReceipt
from provider_runtime.ports.stores.journals import ReceiptProvider

_SHOWN: Final = 50
_SQLITE: Final = b"SQLite format 3\0"
_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def receipts() -> None:
    """Receipts in a file written with `run --receipts FILE`."""


@receipts.command("list")
@_FILE
@click.option("--last", type=click.IntRange(min=1), help="Only so many, the last ones. Without --json: 50.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_receipts(file: Path, last: int | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the receipts in FILE, oldest first.

    \b
    provider-runtime receipts list receipts.jsonl --last 5
    """
    wanted = last if as_json else last or _SHOWN

    async def work() -> None:
        stored = _stored_in(file)
        kept = await stored.list() if wanted is None else await stored.latest(wanted)
        await stored.aclose()
        if as_json:
            click.echo(to_json(make_converter(), kept))
            return
        console().print(receipt_table(kept))
        if last is None and len(kept) == wanted:
            click.echo(f"The last {wanted}; --last shows more.", err=True)

    run_or_exit(work)


@receipts.command("verify")
@_FILE
@click.option("--head", help="A receipt hash noted earlier, which must still be in the chain.")
@click.option("--since", help="The mark of an earlier verdict (see --json); only what came later is recomputed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_receipts(
    file: Path,
    head: str | None,
    since: str | None,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
) -> None:
    """Recompute the chain in FILE; exit code 7 when it is broken.

    A cut tail shows only against --head or --since.

    \b
    provider-runtime receipts verify receipts.jsonl
    """

    async def work() -> None:
        stored = _stored_in(file)
        verdict = await stored.verify(head=head, since=since)
        await stored.aclose()
        if as_json:
            click.echo(to_json(make_converter(), verdict))
        elif verdict.valid:
            click.echo(f"{verdict.count} receipts, and their chain is whole.")
            click.echo(f"Head: {verdict.head or 'none yet'}")
        else:
            click.secho(f"Broken at receipt {verdict.broken_at}: {verdict.error}.", fg="red", err=True)
        if not verdict.valid:
            raise SystemExit(7)

    run_or_exit(work)


def _stored_in(file: Path) -> ReceiptProvider:
    """The receipts in ``file``, whichever kind of file it is."""
    with file.open("rb") as opened:
        is_sqlite = opened.read(len(_SQLITE)) == _SQLITE
    return SqliteReceiptProvider(path=file) if is_sqlite else FilesystemReceiptProvider(path=file)


def receipt_table(kept: tuple[CallReceipt, ...]) -> Table:
    """Receipts as a table that fits 80 columns; only long names fold."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for name in ("#", "when (UTC)", "outcome", "model", "tokens", "cost", "hash"):
        at_right = name in {"#", "tokens", "cost"}
        folds = name in {"outcome", "model"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=not folds, overflow="fold")
    for receipt in kept:
        record = receipt.record
        model = record.model_answered or record.model_asked
        table.add_row(
            str(receipt.seq),
            record.started_at[5:19].replace("T", " "),
            Text(record.error_code or record.outcome.value),
            Text(f"{record.provider}:{model}" if record.provider else model),
            "" if record.input_tokens is None else f"{record.input_tokens}+{record.output_tokens or 0}",
            "" if record.cost_nano_usd is None else f"${record.cost_nano_usd / 1e9:.6f}",
            receipt.receipt_hash.removeprefix("sha256:")[:12],
        )
    return table
