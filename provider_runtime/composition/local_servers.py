"""Which model servers run on this machine? Asked on loopback alone, all at once, without a key."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.presets import local_server, ollama_server
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.catalog.health import ProviderHealth
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.origins import origin_of

# Where these servers listen unless they are told otherwise.
USUAL_PLACES: Final = (
    ollama_server("http://localhost:11434"),
    local_server("http://localhost:1234/v1", provider_id="lmstudio"),
    local_server("http://localhost:8000/v1", provider_id="local-8000"),  # vLLM, and what imitates it
    local_server("http://localhost:8080/v1", provider_id="local-8080"),  # llama.cpp, TGI, LocalAI
)


@frozen(kw_only=True)
class LocalServer:
    """A server that answered: a record for it, ready to be registered, and what it said."""

    config: ProviderConfig
    health: ProviderHealth


def places_at(port: int) -> tuple[ProviderConfig, ...]:
    """What may listen at another port of this machine: Ollama, or a server that speaks Chat Completions."""
    return (
        ollama_server(f"http://localhost:{port}", provider_id=f"ollama-{port}"),
        local_server(f"http://localhost:{port}/v1", provider_id=f"local-{port}"),
    )


def as_local(place: ProviderConfig) -> ProviderConfig:
    """``place`` as a record that leads to this machine alone, without a key or anything else to give away."""
    return evolve(place, tier=Tier.LOCAL, credential=None, allowed_networks=(), headers={})


async def find_local_servers(
    places: Iterable[ProviderConfig] = USUAL_PLACES, *, timeout_s: float = 2.0
) -> tuple[LocalServer, ...]:
    """The servers that list their models at ``places``, in that order; at most one for each port.

    Nothing but the list of models is asked for, and nothing but this machine is asked, whatever a
    place says: each counts as local, without key and without networks. Something else that listens
    there does not answer with such a list, and is passed over.
    """
    asked = tuple(as_local(place) for place in places)
    async with open_runtime(RuntimeSettings(providers=asked, connect_timeout_s=timeout_s)) as runtime:
        healths = {health.provider_id: health for health in await runtime.check_providers(timeout_s=timeout_s)}
    found: dict[str, LocalServer] = {}
    for config in asked:
        health = healths[config.provider_id]
        if health.code is None and (health.models or config.kind is ProviderKind.OLLAMA):
            found.setdefault(str(origin_of(config.base_url)), LocalServer(config=config, health=health))
    return tuple(found.values())
