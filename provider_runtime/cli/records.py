"""``receipts``: what was recorded, and whether it still stands as it was written."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.failures import run_or_exit
from provider_runtime.domain.records.receipts import CallReceipt

_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def receipts() -> None:
    """Receipts in a file written with `run --receipts FILE`."""


@receipts.command("list")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_receipts(file: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the receipts in FILE, oldest first."""

    async def work() -> None:
        kept = await FilesystemReceiptProvider(path=file).list()
        if as_json:
            click.echo(to_json(make_converter(), kept))
        else:
            Console(highlight=False).print(receipt_table(kept))

    run_or_exit(work)


@receipts.command("verify")
@_FILE
@click.option("--head", help="A receipt hash noted earlier, which must still be in the chain.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_receipts(file: Path, head: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Recompute the chain in FILE; exit code 7 when it is broken.

    A cut tail shows only against --head.
    """

    async def work() -> None:
        verdict = await FilesystemReceiptProvider(path=file).verify(head=head)
        if as_json:
            click.echo(to_json(make_converter(), verdict))
        elif verdict.valid:
            click.echo(f"{verdict.count} receipts, the chain is whole. Head: {verdict.head}")
        else:
            click.secho(f"Broken at receipt {verdict.broken_at}: {verdict.error}.", fg="red", err=True)
        if not verdict.valid:
            raise SystemExit(7)

    run_or_exit(work)


def receipt_table(kept: tuple[CallReceipt, ...]) -> Table:
    """Receipts as a table."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("#", "when", "outcome", "provider", "model", "tokens", "cost", "hash"):
        table.add_column(name, justify="right" if name in {"#", "tokens", "cost"} else "left")
    for receipt in kept:
        record = receipt.record
        cost = "" if record.cost_nano_usd is None else f"${record.cost_nano_usd / 1e9:.6f}"
        spent = "" if record.input_tokens is None else f"{record.input_tokens}+{record.output_tokens or 0}"
        table.add_row(
            str(receipt.seq),
            record.started_at[:19].replace("T", " "),
            record.outcome.value if not record.error_code else f"{record.outcome.value} ({record.error_code})",
            record.provider or "",
            record.model_answered or record.model_asked,
            spent,
            cost,
            receipt.receipt_hash.removeprefix("sha256:")[:12],
        )
    return table
