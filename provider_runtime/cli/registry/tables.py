"""Provider records, their health and the names of secrets, for a person at a terminal."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from provider_runtime.cli.rendering import console
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.health import HealthStatus, ProviderHealth
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.policy.credentials import fault_of_binding

_COLOURS: Final = {
    HealthStatus.READY: "green",
    HealthStatus.DEGRADED: "yellow",
    HealthStatus.UNREACHABLE: "red",
    HealthStatus.UNAUTHORISED: "red",
}


def where_the_key_is(reference: CredentialRef | None) -> str:
    """A reference in words: the place, never the key."""
    match reference:
        case None:
            return "none"
        case EnvCredential():
            return f"variable {' or '.join(reference.names)}"
        case KeyFileCredential(path=path):
            return f"file {path}"
        case NamedKeyCredential(name=name):
            return f"secret {name}"
    return f"keyring {reference.service}:{reference.name}"


def show_records(records: Iterable[ProviderRecord]) -> None:
    """Records as a table, a line each."""
    table = _table("provider", "kind", "tier", "base URL", "key")
    for record in records:
        config = record.config
        table.add_row(
            Text(config.provider_id),
            config.kind.value,
            config.tier.value,
            Text(config.base_url),
            Text(where_the_key_is(config.credential), style="red" if fault_of_binding(config) else ""),
        )
    console().print(table)


def show_record(record: ProviderRecord) -> None:
    """One record as a page."""
    config = record.config
    facts = {
        "provider": config.provider_id,
        "kind": config.kind.value,
        "tier": config.tier.value,
        "base URL": config.base_url,
        "default model": config.default_model or "none",
        "key": where_the_key_is(config.credential),
        "key goes to": config.bound_to or "",
        "networks": ", ".join(config.allowed_networks),
        "options": ", ".join(f"{name}={value}" for name, value in config.options.items()),
        "headers": ", ".join(config.headers),
        "created": f"{record.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "changed": f"{record.updated_at:%Y-%m-%d %H:%M:%S} UTC",
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            grid.add_row(name, Text(value))
    console().print(grid)


def show_health(found: Iterable[ProviderHealth]) -> None:
    """What checks found, a line each, with what to do about it."""
    table = _table("provider", "status", "ms", "models", "what to do")
    for health in found:
        table.add_row(
            Text(health.provider_id),
            Text(health.status.value, style=_COLOURS[health.status]),
            "" if health.latency_ms is None else f"{health.latency_ms:.0f}",
            str(len(health.models)) if health.models else "",
            Text(_sentences(health.reason, health.remedy)),
        )
    console().print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for name in columns:
        at_right = name in {"ms", "models"}
        whole = at_right or name in {"provider", "status", "tier"}
        table.add_column(name, justify="right" if at_right else "left", no_wrap=whole, overflow="fold")
    return table


def _sentences(reason: str, remedy: str) -> str:
    if not reason:
        return remedy
    return f"{reason[0].upper()}{reason[1:].rstrip('.')}. {remedy}".strip()
