"""The command: every check at once, a line for each finding, and the exit code of the worst."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.adapters.system import SystemClock
from provider_runtime.cli.doctor import around, here
from provider_runtime.cli.doctor.findings import Finding, Level, failed, ok, warn, worst
from provider_runtime.cli.failures import run_or_exit
from provider_runtime.cli.registry.finding import register_servers
from provider_runtime.cli.registry.folder import DataFolder, tolerant_data_option
from provider_runtime.cli.rendering import console
from provider_runtime.cli.workspace.opening import CommandSettings, settings_for
from provider_runtime.composition.local_servers import USUAL_PLACES, LocalServer, find_local_servers, places_at
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import ProviderRuntimeError

_LONGEST_LOOK_S: Final = 2.0  # a server on this machine answers at once
_MARKS: Final = {Level.OK: ("ok", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("fail", "bold red")}


@click.command(
    epilog="Exit codes: 0 nothing fails, 3 the configuration does, 6 a provider does, 7 a store does: "
    "the highest of them where several do."
)
@click.option("--offline", is_flag=True, help="Ask nobody: look at what is here alone.")
@click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds for each.")
@click.option("--port", multiple=True, type=click.IntRange(1, 65535), help="Look for a local server there, too.")
@click.option("--yes", "-y", is_flag=True, help="Register the local servers that are found without asking.")
@tolerant_data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(
    offline: bool,  # noqa: FBT001 - click passes flags by name
    timeout: float,
    port: tuple[int, ...],
    yes: bool,  # noqa: FBT001 - as above
    folder: DataFolder,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Look at everything that calls depend on, and say what to do where it is not as it should be.

    Environment, workspace, providers, keys (whether they are there, never what they are), model servers
    on this machine, clock, age of the catalog, chain of receipts. It costs nothing, and changes nothing
    unless you agree to register a server that it finds.

    \b
    provider-runtime doctor
    provider-runtime doctor --offline --json
    """

    async def work() -> None:
        ports = tuple(place for number in port for place in places_at(number))
        servers, checked = await asyncio.gather(
            _servers(ports, timeout, offline=offline), _checked(folder, timeout, offline=offline)
        )
        findings = (*checked, *await _local(folder, servers, offline=offline))
        if as_json:
            click.echo(to_json(make_converter(), findings))
        else:
            _show(findings)
        if folder.fault is None and not as_json and (yes or sys.stdin.isatty()):
            await register_servers(folder, servers, yes=yes)
        if code := worst(findings):
            raise SystemExit(code)

    run_or_exit(work)


async def _servers(ports: tuple[ProviderConfig, ...], timeout_s: float, *, offline: bool) -> tuple[LocalServer, ...]:
    if offline:
        return ()
    return await find_local_servers((*USUAL_PLACES, *ports), timeout_s=min(timeout_s, _LONGEST_LOOK_S))


async def _checked(folder: DataFolder, timeout_s: float, *, offline: bool) -> tuple[Finding, ...]:
    """What the checks found, in the order of the checks, whichever ends first."""
    clock = SystemClock()
    made = await _settings(folder)
    checks = [_safely("environment", here.environment()), _safely("catalog", here.catalog(clock))]
    if isinstance(made, Finding):
        later: tuple[Finding, ...] = (made, warn("providers", "not asked", "Mend the configuration first."))
    else:
        later = ()
        checks += [
            _safely("workspace", here.workspace(folder)),
            _safely("governance", here.profile(made)),
            _safely("secrets", here.kept_keys(folder)),
            _safely("receipts", here.receipts(made, clock)),
            _safely("providers", around.providers(folder, made, timeout_s, offline=offline)),
        ]
    return (*(finding for findings in await asyncio.gather(*checks) for finding in findings), *later)


async def _local(folder: DataFolder, servers: tuple[LocalServer, ...], *, offline: bool) -> tuple[Finding, ...]:
    """What there is to say of the servers that were found. Where the settings cannot be read, none is known."""
    if offline:
        return (ok("local servers", "not looked for"),)
    try:
        known = () if folder.fault is not None else await folder.own()
    except ProviderRuntimeError:  # told of already
        known = ()
    return around.local_servers(servers, known)


async def _settings(folder: DataFolder) -> CommandSettings | Finding:
    """The settings, or what is wrong with them."""
    if folder.fault is not None:
        return failed("workspace", folder.fault)
    try:
        return await settings_for(folder)
    except ProviderRuntimeError as error:
        return failed("configuration", error)


async def _safely(check: str, work: Awaitable[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """A check that fails in a way of ours has found just that."""
    try:
        return await work
    except ProviderRuntimeError as error:
        return (failed(check, error),)


def _show(findings: tuple[Finding, ...]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=24)
    table.add_column(overflow="fold", ratio=1)
    for finding in findings:
        word, style = _MARKS[finding.level]
        said = Text(finding.message)
        if finding.level is not Level.OK and finding.remedy:
            said.append(f"\n→ {finding.remedy}", style="cyan")
        table.add_row(Text(word, style=style), Text(finding.check, style="bold"), said)
    console().print(table)
    bad = sum(finding.level is Level.FAIL for finding in findings)
    odd = sum(finding.level is Level.WARN for finding in findings)
    click.echo(f"{bad} failed, {odd} to look at, {len(findings) - bad - odd} as they should be.")
