"""open_runtime: a fresh object graph, and its end."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.catalog.providers import EnvCredential
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.journals import ReceiptProvider
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.ports.system import Clock, IdSource, Randomness
from provider_runtime.ports.telemetry import EventSink
from provider_runtime.ports.tokens import TokenProvider

PORTS: Final[Mapping[str, type]] = {
    "clock": Clock,
    "ids": IdSource,
    "randomness": Randomness,
    "transport": HttpTransport,
    "tokens": TokenProvider,
    "schemas": SchemaValidator,
    "receipts": ReceiptProvider,
    "event_sink": EventSink,
}


@asynccontextmanager
async def open_runtime(settings: RuntimeSettings, **parts: object) -> AsyncIterator[ProviderRuntime]:
    """One fresh runtime, closed at the end of the ``async with``.

    ``parts`` replace the providers of ``RuntimeContainer`` that they name (``clock``,
    ``transport``, ``tokens``, ``receipts``, ``event_sink`` …) for this runtime alone. A part
    handed in stays the caller's: only what was built here is closed here.
    Raises ``InvalidSettings`` for a part that no provider is named after, or that lacks methods
    of its port.
    """
    # dependency-injector costs as much to import as all the rest: the first runtime pays, not the import.
    from dependency_injector import providers  # noqa: PLC0415 - see above

    from provider_runtime.composition.container import RuntimeContainer  # noqa: PLC0415 - see above

    container = RuntimeContainer(settings=settings, environment=providers.Object(_named_variables(settings)))
    for name, part in parts.items():
        if name not in container.providers:
            raise InvalidSettings(
                field=name,
                message=f"a runtime has no part called {name!r:.80}",
                remedy=f"Parts are: {', '.join(sorted(container.providers))}.",
            )
        if not isinstance(part, PORTS.get(name, object)):
            raise InvalidSettings(
                field=name,
                message=f"the part {name!r} must be a {PORTS[name].__name__}, not {type(part).__name__}",
                remedy="Hand over an object with every method of that port.",
            )
        container.providers[name].override(providers.Object(part))
    container.check_dependencies()
    _refuse_idle_credentials(settings, container.known_providers().ids)
    runtime: ProviderRuntime = container.runtime()
    try:
        yield runtime
    finally:
        container.lifetime().closed = True
        if "transport" not in parts:
            await container.transport().aclose()


def _refuse_idle_credentials(settings: RuntimeSettings, known: frozenset[ProviderId]) -> None:
    for provider_id in settings.credentials:
        if provider_id not in known:
            raise InvalidSettings(
                field=f"credentials[{provider_id}]",
                message=f"a key was given for {provider_id}, which this runtime does not know",
                remedy=f"Register that provider, or write one of: {', '.join(sorted(known)) or 'none are registered'}.",
            )


def _named_variables(settings: RuntimeSettings) -> dict[str, str]:
    """The environment variables that some provider record names, as they are now; no others."""
    names = {config.credential.name for config in settings.providers if isinstance(config.credential, EnvCredential)}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}
