"""``governance serve``: the server, until Ctrl-C."""

import asyncio
import json
import os
import signal
import ssl
from pathlib import Path
from typing import Any, Final

import click

from provider_runtime.adapters.backends.medium import Documents
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.governance.ledger import FilesystemBudgetLedger, SqliteBudgetLedger
from provider_runtime.adapters.governance.local import LedgerGovernance
from provider_runtime.adapters.governance.remote.desk import LedgerDesk
from provider_runtime.adapters.governance.remote.governed import GovernedWork
from provider_runtime.adapters.http.serving import HttpService
from provider_runtime.cli.budgets.opening import Place, ledger_at
from provider_runtime.cli.failures import run_or_exit, usage_error
from provider_runtime.cli.governance.clients import ServedClient, admissions_of, clients_in, named_clients
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import settings_for
from provider_runtime.composition.choices import secret_store
from provider_runtime.composition.settings import FileLedger, MemoryLedger, RemoteLedger, SqliteLedger
from provider_runtime.domain.errors import BackendError, ErrorCode, InvalidSettings
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.grants.profiles import GOVERNANCE_PROFILES
from provider_runtime.ports.governance.budgets import BudgetLedger

PORT: Final = 8465
_MEMORY: Final = "memory"


@click.group()
def governance() -> None:
    """A server that keeps budgets for processes on several machines."""


@governance.command("serve")
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen; 0 takes any free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--ledger", metavar="PLACE", help="A SQLite file, a folder of files, or `memory` (default: that of `run`)."
)
@click.option(
    "--token-name",
    "token_names",
    multiple=True,
    metavar="NAME",
    help="A client whose token is kept under NAME: see `secrets set`.",
)
@click.option(
    "--token-env",
    "token_variables",
    multiple=True,
    metavar="VARIABLE",
    help="A client whose token is in this variable.",
)
@click.option(
    "--clients",
    "clients_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Several clients, each with accounts of its own: a TOML file.",
)
@click.option(
    "--profile",
    type=click.Choice(sorted(GOVERNANCE_PROFILES)),
    help="Answer for governance, too: what work may do under this profile.",
)
@click.option(
    "--certificate", type=click.Path(path_type=Path, dir_okay=False), help="Speak TLS, with this certificate (PEM)."
)
@click.option("--certificate-key", type=click.Path(path_type=Path, dir_okay=False), help="Its key (PEM).")
@click.option("--behind-proxy", is_flag=True, help="Something in front of it speaks TLS.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print where it listens as one line of JSON.")
def serve(folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Keep budgets for clients on several machines, until Ctrl-C.

    A client shows a token, which is never an argument: keep it with `secrets set`, or in a variable.
    Budgets that are declared here are limits that no client can widen. One server for one ledger.

    \b
    provider-runtime governance serve --token-name budgets
    provider-runtime governance serve --port 0 --ledger l.sqlite --token-env TOKEN --json
    provider-runtime governance serve --host 0.0.0.0 --clients clients.toml \\
      --certificate c.pem --certificate-key k.pem
    """
    clients = named_clients(options["token_names"], options["token_variables"])
    if options["clients_file"] is not None:
        clients |= clients_in(options["clients_file"])
    if not clients:
        usage_error("name at least one client: --token-name, --token-env or --clients")
    tls = _tls(options["certificate"], options["certificate_key"])
    run_or_exit(lambda: _serve(folder, options, clients, tls, as_json=as_json))


async def _serve(
    folder: DataFolder,
    options: dict[str, Any],
    clients: dict[str, ServedClient],
    tls: ssl.SSLContext | None,
    *,
    as_json: bool,
) -> None:
    settings = (await settings_for(folder)).settings
    place = _place(options["ledger"]) or settings.ledger
    if isinstance(place, RemoteLedger):
        usage_error("the ledger of `run` is kept by another server: name one of this machine with --ledger")
    admissions = await admissions_of(clients, secret_store(settings))
    ledger = ledger_at(place, settings)
    desk = LedgerDesk(
        ledger=ledger,
        admissions=admissions,
        limits={budget.name: budget for budget in settings.budgets},
        governed=_governed(ledger, options["profile"]),
    )
    service = HttpService(
        answerer=desk,
        host=options["host"],
        port=options["port"],
        ssl_context=tls,
        behind_proxy=options["behind_proxy"],
    )
    try:
        await ledger.tallies()  # whoever opens a ledger that cannot be read learns it now
        await _start(service)
        ended = _interruption()  # before anybody is told that it listens
        _announce(service, place, tuple(clients), as_json=as_json)
        await ended.wait()
    finally:
        await service.stop()
        await desk.finish()
        await ledger.aclose()
    if not as_json:
        click.echo("Ended. Everything that was answered is kept.", err=True)


def _governed(ledger: BudgetLedger, name: str | None) -> GovernedWork | None:
    """Governance by the profile of this name, counted in the same ledger."""
    if name is None:
        return None
    profile = GOVERNANCE_PROFILES[name]
    documents: Documents = MemoryDocuments()
    if isinstance(ledger, SqliteBudgetLedger | FilesystemBudgetLedger):
        documents = ledger.media.documents()

    def make(owner: RuntimeId) -> LedgerGovernance:
        return LedgerGovernance(ledger=ledger, documents=documents, profile=profile, owner=owner)

    return GovernedWork(make=make)


async def _start(service: HttpService) -> None:
    try:
        await service.start()
    except OSError as failure:
        why = os.strerror(failure.errno) if failure.errno and failure.errno > 0 else "it cannot be used"
        fault = BackendError(
            code=ErrorCode.STORE_UNAVAILABLE,
            kind="governance",
            key=f"{service.host}:{service.port}",
            message=f"nobody can listen at {service.host} port {service.port}: {why}",
            remedy="Name another --port, or 0 for any that is free.",
        )
    else:
        return
    raise fault


def _announce(service: HttpService, place: Place, clients: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"url": service.url, "pid": os.getpid(), "ledger": _told(place), "clients": clients}))
        return
    click.echo(f"Listening at {service.url}. Clients: {', '.join(clients)}.")
    click.echo(f"What is spent is kept in {_told(place)}. Ctrl-C ends it.")


def _told(place: Place) -> str:
    return str(place.path) if isinstance(place, SqliteLedger | FileLedger) else "memory, until it ends"


def _interruption() -> asyncio.Event:
    """What is set by Ctrl-C, or by being told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    return ended


def _place(named: str | None) -> Place | None:
    if named is None:
        return None
    if named == _MEMORY:
        return MemoryLedger()
    if "://" in named:
        usage_error("a server keeps a ledger of its own machine: name a file or a folder")
    return FileLedger(path=named) if Path(named).is_dir() else SqliteLedger(path=named)


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if (certificate is None) is not (key is None):
        usage_error("a certificate and its key go together: --certificate and --certificate-key")
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        fault = InvalidSettings(
            field="certificate",
            message=f"{certificate.name} and {key.name} are no certificate and its key",
            remedy="Give both as PEM, the key without a password.",
        )
    else:
        return context
    raise fault
