"""``budget``: show, set, remove, use, reset, reconcile."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from provider_runtime.adapters.backends.budget_declarations import LedgerPlace
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.cli.budgets.amounts import parse_amount, parse_window, shown, window_name
from provider_runtime.cli.budgets.bars import show_holds, show_rows
from provider_runtime.cli.budgets.opening import Opened, ledger_options, opened, token_reference
from provider_runtime.cli.budgets.rows import HoldRow, hold_row, rows_of
from provider_runtime.cli.failures import run_or_exit, usage_error
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.composition.settings import RemoteLedger
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.policy.budgets.holds import Hold
from provider_runtime.domain.policy.budgets.limits import EVERYONE, Amount, Budget
from provider_runtime.domain.secrets import safe_text

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def budget() -> None:
    """Budgets: what calls may come to, what they came to, and putting it right."""


@budget.command("show")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@ledger_options
@_json_option
def show(names: tuple[str, ...], folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Show how budgets stand: what is posted, held for calls under way, unconfirmed, and left.

    Unconfirmed is what was posted in full because nobody could say what a call came to:
    `budget reconcile` lists those calls.

    \b
    provider-runtime budget show
    provider-runtime budget show month --json
    provider-runtime budget show --ledger https://budgets.example.com --token-name budgets
    """

    async def work() -> None:
        async with opened(folder, options) as at:
            rows = await rows_of(at, names)
        if names and (unknown := set(names) - {row.budget for row in rows}):
            raise _missing(min(unknown))
        if as_json:
            click.echo(to_json(make_converter(), rows))
        elif rows:
            show_rows(rows, datetime.now(UTC))
        else:
            click.echo("No budget is declared, and nothing was spent. `budget set` declares one.", err=True)

    run_or_exit(work)


@budget.command("set")
@click.argument("name")
@click.option("--limit", required=True, type=parse_amount, metavar="AMOUNT", help="5usd, 200ktokens, 500calls or 90s.")
@click.option(
    "--window",
    type=parse_window,
    metavar="WINDOW",
    help="It holds anew each hour, day, week, month, or so many seconds.",
)
@click.option(
    "--scope",
    default=EVERYONE,
    show_default=True,
    help="Who shares it: everyone, runtime, profile, or a label such as tenant.",
)
@data_option
@_json_option
def set_budget(name: str, limit: Amount, window: int | None, scope: str, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Declare a budget, or change it. From now on `run` keeps to it, and so does every other command that calls.

    What was spent stays spent: it belongs to the ledger, the limit to what is declared.

    \b
    provider-runtime budget set month --limit 5usd --window month
    provider-runtime budget set daily --limit 200ktokens --window day --scope tenant
    """

    async def work() -> None:
        try:
            made = Budget(name=name, limit=limit, window_s=window, scope=scope)
        except ValueError as fault:
            usage_error(safe_text(fault))
        read = folder.configuration()
        if any(one.name == name for one in read.config.budgets):
            usage_error(f"the budget {name} stands in {read.file}: change it there")
        async with folder.budgets() as store:
            await store.put(made)
        if as_json:
            click.echo(to_json(make_converter(), made))
            return
        whose = "for everyone together" if scope == EVERYONE else f"for each {scope}"
        click.echo(f"{name}: {shown(limit.value, limit.unit)} {window_name(window)}, {whose}.")

    run_or_exit(work)


@budget.command("remove")
@click.argument("name")
@data_option
def remove(name: str, folder: DataFolder) -> None:
    """Forget a budget that was declared. What was spent from it stays in the ledger.

    \b
    provider-runtime budget remove month
    """

    async def work() -> None:
        if not folder.keeps_records:
            raise _missing(name)
        async with folder.budgets() as store:
            if not await store.remove(name):
                raise _missing(name)
        click.echo(f"Removed {name}. What was spent from it stays in the ledger.")

    run_or_exit(work)


@budget.command("use")
@click.argument("url", metavar="[URL]", required=False)
@click.option("--token-name", metavar="NAME", help="The token is kept under NAME: see `secrets set`.")
@click.option("--token-env", metavar="VARIABLE", help="The token is in this variable.")
@click.option("--network", multiple=True, metavar="CIDR", help="A private network that the server may be in.")
@click.option("--local", is_flag=True, help="Keep it in the data folder again.")
@data_option
def use(url: str | None, folder: DataFolder, local: bool, network: tuple[str, ...], **options: Any) -> None:  # noqa: FBT001 - as above
    """Have the governance server at URL keep what is spent, for this and other machines.

    While it is away, no call is made that counts against a budget.

    \b
    provider-runtime budget use https://budgets.example.com --token-name budgets
    provider-runtime budget use --local
    """
    credential = token_reference(options)
    if local is (url is not None):
        usage_error("name the server, or say --local")
    if (credential is None) is not local:
        usage_error(
            "name the token for the server: --token-name or --token-env" if not local else "--local takes no token"
        )

    async def work() -> None:
        place = None
        if url is not None and credential is not None:
            RemoteLedger(url=url, credential=credential, allowed_networks=network)  # refuses what cannot be asked
            place = LedgerPlace(url=url, credential=credential, allowed_networks=network)
        async with folder.budgets() as store:
            await store.choose(place)
        click.echo("What is spent is kept in the data folder." if url is None else f"What is spent is kept by {url}.")

    run_or_exit(work)


@budget.command("reset")
@click.argument("name")
@click.option("--owner", help="Whose account of it; not needed where there is one.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@ledger_options
@_json_option
def reset(name: str, owner: str | None, folder: DataFolder, yes: bool, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - as above
    """Let a budget begin anew: what is posted in its present window counts no more.

    What is held for calls under way stays held. The entries stay in the ledger, and this is one more.

    \b
    provider-runtime budget reset month
    provider-runtime budget reset daily --owner acme --yes
    """

    async def work() -> None:
        async with opened(folder, options) as at:
            whose = owner or await _only_owner(at, name)
            if not yes:
                if not sys.stdin.isatty():
                    usage_error("say --yes: nobody is there to be asked")
                click.confirm(f"Let {name} of {whose} begin anew?", abort=True, err=True)
            await at.ledger.reset_account(name, whose)
            rows = [row for row in await rows_of(at, [name]) if row.owner == whose]
        if as_json:
            click.echo(to_json(make_converter(), tuple(rows)))
        else:
            show_rows(rows, datetime.now(UTC))

    run_or_exit(work)


@budget.command("reconcile")
@click.argument("hold", type=click.IntRange(min=1), required=False)
@click.option(
    "--actual", multiple=True, metavar="[BUDGET=]AMOUNT", help="What it really came to; for each budget of the hold."
)
@ledger_options
@_json_option
def reconcile(hold: int | None, actual: tuple[str, ...], folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - as above
    """List the calls of which nobody knows what they came to, or put one of them right.

    Calls whose process is gone are posted in full first, once their time is over. HOLD is the number
    in the list; what it came to is on the provider's bill.

    \b
    provider-runtime budget reconcile
    provider-runtime budget reconcile 17 --actual 0.03usd
    provider-runtime budget reconcile 18 --actual month=0.03usd --actual daily=812tokens
    """
    if (hold is None) is not (not actual):
        usage_error("give the number of a hold and what it came to (--actual), or neither to see a list")

    async def work() -> None:
        async with opened(folder, options) as at:
            holds = [one for one in await at.ledger.reconcile() if hold is None or one.number == hold]
            if hold is not None:
                if not holds:
                    raise _no_hold(hold)
                await at.ledger.adjust(hold, _charges(holds[0], actual, at))
                holds = [one for one in await at.ledger.reconcile() if one.number == hold]
            rows = tuple(hold_row(one, at) for one in holds if hold is not None or one.state != "adjusted")
        _tell(rows, as_json=as_json)

    run_or_exit(work)


def _tell(rows: tuple[HoldRow, ...], *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(make_converter(), rows))
    elif rows:
        show_holds(rows)
    else:
        click.echo("Everything that was posted is confirmed.", err=True)


def _charges(hold: Hold, actual: tuple[str, ...], at: Opened) -> list[int]:
    """What each line of the hold came to, in the order of its lines."""
    said: dict[str, str] = {}
    for text in actual:
        name, sign, amount = text.partition("=")
        if not sign and len(hold.lines) > 1:
            names = [line.account.budget for line in hold.lines]
            usage_error(
                f"this hold is in {len(names)} budgets: write {' '.join(f'--actual {one}=AMOUNT' for one in names)}"
            )
        said[name if sign else hold.lines[0].account.budget] = amount if sign else text
    known = {line.account.budget for line in hold.lines}
    if wrong := sorted(set(said) ^ known):
        usage_error(f"say what it came to for each budget of this hold and no other: {', '.join(wrong)}")
    return [_charge(said[line.account.budget], line.account.budget, at) for line in hold.lines]


def _charge(text: str, name: str, at: Opened) -> int:
    unit = at.unit(name)
    if text.isascii() and text.isdigit() and (unit is None or text == "0"):
        return int(text)
    try:
        amount = parse_amount(text)
    except click.BadParameter as fault:
        usage_error(fault.message)
    if unit is not None and amount.unit is not unit:
        usage_error(f"the budget {name} counts {unit.value}")
    return amount.value


async def _only_owner(at: Opened, name: str) -> str:
    owners = [row.owner for row in await rows_of(at, [name]) if row.owner is not None]
    if not owners:
        raise _missing(name)
    if len(owners) > 1:
        usage_error(f"several have a budget {name}: say whose, --owner {owners[0]}, {', '.join(owners[1:6])} …")
    return owners[0]


def _missing(name: str) -> RecordMissing:
    return RecordMissing(
        kind="budget",
        key=name,
        message=f"no budget is called {name}",
        remedy="`provider-runtime budget show` shows those that there are.",
    )


def _no_hold(number: int) -> RecordMissing:
    return RecordMissing(
        kind="hold",
        key=str(number),
        message=f"hold {number} is not among those that can be put right",
        remedy="`provider-runtime budget reconcile` lists them.",
    )
