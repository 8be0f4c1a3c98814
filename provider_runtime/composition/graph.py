"""The graph of one runtime: its parts, line by line, and what each is made of."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_runtime.adapters.schemas import InstalledValidator
from provider_runtime.adapters.system import RandomIds, SystemClock, SystemRandomness
from provider_runtime.application.gates.capability import CapabilityGate
from provider_runtime.application.gates.endpoint import EndpointGate
from provider_runtime.composition import choices
from provider_runtime.composition.assembly import assemble
from provider_runtime.composition.consents import parts as consent
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.shared import SharedParts


@frozen
class Part:
    """A line of the graph. ``make`` makes it of the parts that it names; without, ``value`` is the same for all.

    A line with neither has to be given one of ``given_as``.
    """

    name: str
    make: Callable[..., object] | None = None
    positional: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    value: object = None
    given_as: type | None = None


def _given(name: str, kind: type) -> Part:
    return Part(name, given_as=kind)


def _same(name: str, value: object = None) -> Part:
    """A value that cannot change, so all runtimes may have it; ``None``: nobody, unless one is handed in."""
    return Part(name, value=value)


def _fresh(name: str, make: Callable[..., object], *positional: str, **named: str) -> Part:
    """Made afresh for each runtime."""
    return Part(name, make, positional, tuple(named.items()))


_MADE_OF_PARTS: Final = (
    _given("settings", RuntimeSettings),
    _given("environment", dict),
    _same("shared", SharedParts()),
    # what the machine supplies
    _same("clock", SystemClock()),
    _same("ids", RandomIds()),
    _same("randomness", SystemRandomness()),
    _fresh("schemas", InstalledValidator),
    _fresh("transport", choices.transport, "settings", "shared"),
    _same("tokens"),
    _fresh("secret_store", choices.secret_store, "settings"),
    _fresh("credential_finder", choices.credential_finder, "settings", "environment", "secret_store", "tokens"),
    _fresh("receipts", choices.receipts, "settings", "clock"),
    _fresh("ledger", choices.ledger, "settings", "clock", "environment", "secret_store", "shared"),
    _same("governance"),
    _same("security"),
    _fresh("consents", consent.consents, "settings", "clock"),
    _same("consent_signer"),
    _same("consent_verifier"),
    _same("event_sink"),
    _same("outcomes"),
    _same("states"),
    _same("artifacts"),
    _same("snapshots"),
    _same("context_compiler"),
    # what was configured
    _same("adapters", ()),
    _fresh("catalog", choices.catalog, "settings", "shared", "adapters"),
    _fresh("prices", choices.prices, "settings", "shared"),
    # the gates; `None`: nobody judges, and policy says whether that will do
    _fresh("capability_gate", CapabilityGate, catalog="catalog"),
    _fresh("tier_gate", choices.tier_gate, "settings"),
    _fresh("endpoint_gate", EndpointGate),
    _same("grants_gate"),
    _same("consent_gate"),
    _fresh("leak_scanner", choices.leak_scanner, "settings", "environment"),
    _fresh("leakage_gate", choices.leakage_gate, "settings", "leak_scanner"),
    _same("budget_gate"),
)
_USED_BEFORE: Final = frozenset({"environment", "shared", "secret_store"})  # what other parts were made of
_ASSEMBLED: Final = {part.name: part.name for part in _MADE_OF_PARTS if part.name not in _USED_BEFORE}

PARTS: Final = (*_MADE_OF_PARTS, _fresh("runtime", assemble, **_ASSEMBLED))
"""Every line. Read it downwards: what a part is made of stands above it.

Any line can be replaced for one runtime: ``open_runtime(settings, clock=…)``. So a line is a part that somebody
may want to replace; what only joins parts together stands in ``assemble``.
"""
NAMES: Final = frozenset(part.name for part in PARTS)
"""What parts are called."""

_SAME_FOR_ALL: Final[Mapping[str, object]] = MappingProxyType(
    {part.name: part.value for part in PARTS if part.make is None and part.given_as is None}
)
_MADE_FOR_EACH: Final = tuple((part.name, part.make, part.positional, part.named) for part in PARTS if part.make)


def fresh_parts(**given: object) -> Mapping[str, object]:
    """Every part of a fresh runtime by its name: those ``given``, and the others made anew, line by line.

    ``settings`` and ``environment`` have to be given.
    """
    parts = {**_SAME_FOR_ALL, **given}
    for name, make, positional, named in _MADE_FOR_EACH:
        if name not in given:
            arguments = {argument: parts[source] for argument, source in named}
            parts[name] = make(*[parts[source] for source in positional], **arguments)
    return parts
