"""The real runtimes, the real server, and everything that may be done to them, checked against the model."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from attrs import define, evolve, field, frozen
from tenancy.books import check_books
from tenancy.poison import Press, poison_in
from tenancy.tenants import PROVIDER, Generation, Place, Source, Tenant, Told, Wire
from tenancy.upstream import CUT, Expected, Planned, Upstream

from provider_runtime import (
    CallOptions,
    DiscoveryOptions,
    ErrorCode,
    MissingProviderRuntimeError,
    ModelParameters,
    ProviderResponse,
    ProviderRuntimeError,
    RuntimeClosed,
    RuntimeRegistry,
    Secret,
    open_runtime,
    user,
)
from provider_runtime.testing.builders import a_request

REGISTERED: Final = ("ada", "bob", "cyd")
ALONE: Final = ("dot", "eve")
_OWN_TEMPERATURE: Final = 0.75
_FAILURES_THAT_OPEN: Final = 5
_PATIENCE_S: Final = 10.0


@frozen(kw_only=True)
class Wish:
    """What one call wants of its own, and what its attempts come to."""

    own_key: bool = False
    header: bool = False
    temperature: bool = False
    labels: bool = False
    turns: tuple[int, ...] = (200,)


@define(eq=False, kw_only=True)
class Flight:
    """One call under way: whose it is, what was in force when it began, what it must come to."""

    tenant: Tenant
    generation: Generation
    planned: Planned
    model: str
    labels: tuple[str, ...]
    key: str | None
    task: "asyncio.Task[ProviderResponse]"


@define(eq=False)
class World:
    """Several runtimes of one registry, some beside it, and one server."""

    folder: Path
    press: Press = field(factory=Press)
    upstream: Upstream = field(factory=Upstream)
    registry: RuntimeRegistry = field(factory=RuntimeRegistry)
    tenants: dict[str, Tenant] = field(factory=dict)
    flights: list[Flight] = field(factory=list)
    default: str | None = None
    _left: list[Tenant] = field(factory=list)
    _variables: set[str] = field(factory=set)

    async def __aenter__(self) -> Self:
        await self.upstream.__aenter__()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for flight in self.flights:
            flight.task.cancel()
        await asyncio.gather(*(flight.task for flight in self.flights), return_exceptions=True)
        await self.registry.aclose()
        for tenant in self.tenants.values():
            if tenant.closing is not None:
                await tenant.closing.__aexit__(None, None, None)
        await self.upstream.__aexit__(None, None, None)
        for variable in self._variables:
            os.environ.pop(variable, None)

    # ── what a runtime is told ───────────────────────────────────────────────────────────────

    async def told(self, name: str, before: Told | None, changed: frozenset[str], choice: "Choice") -> Told:
        """What ``name`` shall be told now: as before, but for what is ``changed``."""
        everything = before is None
        source = None if everything or changed & {"source", "port"} else before.source
        port = self.upstream.ports[choice.port] if everything or "port" in changed else before.port
        if source is None:
            source = await self._source(name, choice.place, port)
        return Told(
            wire=choice.wire if everything or "wire" in changed else before.wire,
            port=port,
            segment=self.press.new(name, "path") if everything or "path" in changed else before.segment,
            source=source,
            policy=self.press.new(name, "policy") if everything or "policy" in changed else before.policy,
            temperature=choice.temperature if everything or "temperature" in changed else before.temperature,
        )

    async def _source(self, name: str, place: Place, port: int) -> Source:
        source = Source(place=place, name=self.press.new(name, "source"), folder=self._folder(name))
        if place is Place.ENVIRONMENT:
            self._variables.add(source.variable)
        if place in {Place.GIVEN, Place.ENVIRONMENT, Place.FILE, Place.STORE}:
            await source.put(self.press.new(name, "key"), port)
        return source

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    async def settle(self, name: str, changed: frozenset[str], choice: "Choice") -> None:
        """Register ``name``, open it, or tell it new settings, whatever applies."""
        tenant = self.tenants.get(name)
        if name in ALONE:
            if tenant is None:
                tenant = self._tenant(name)
                await self._open_alone(tenant, await self.told(name, None, changed, choice))
            return
        told = await self.told(name, tenant.told if tenant else None, changed, choice)
        if tenant is None:
            tenant = self._tenant(name)
            handle = await self.registry.register(name, told.settings, tokens=tenant.box, event_sink=tenant.events)
        else:
            before = tenant.speaker.receipts if tenant.present else None
            handle = await self.registry.reconfigure(name, told.settings)
            assert handle is tenant.speaker, "a handle stays the same object"
            assert before is None or handle.receipts is before, "receipts in memory go on"
        tenant.speaker = handle
        if told.source.place is Place.TOKENS:
            tenant.box.value = self.press.new(name, "token")
        tenant.enter(told, handle.runtime_id, handle.receipts)

    async def _open_alone(self, tenant: Tenant, told: Told) -> None:
        tenant.closing = open_runtime(told.settings, tokens=tenant.box, event_sink=tenant.events)
        tenant.speaker = await tenant.closing.__aenter__()
        if told.source.place is Place.TOKENS:
            tenant.box.value = self.press.new(tenant.name, "token")
        tenant.enter(told, tenant.speaker.runtime_id, tenant.speaker.receipts)

    def _tenant(self, name: str) -> Tenant:
        tenant = Tenant(name=name, folder=self._folder(name), model=self.press.new(name, "model"))
        self.tenants[name] = tenant
        return tenant

    async def rotate(self, name: str) -> None:
        """Another key, where the key of ``name`` is looked for; the environment is read at the next opening only."""
        tenant = self.tenants.get(name)
        if tenant is None or tenant.told is None:
            return
        told = tenant.told
        if told.source.place is Place.GIVEN:
            if name in REGISTERED:
                source = await self._source(name, Place.GIVEN, told.port)
                told = evolve(told, source=source)
                await self.registry.reconfigure(name, told.settings)
                tenant.enter(told, tenant.speaker.runtime_id, tenant.speaker.receipts)
        elif told.source.place is Place.TOKENS:
            tenant.box.value = self.press.new(name, "token")
        elif told.source.place is not Place.NOWHERE:
            await told.source.put(self.press.new(name, "key"), told.port)

    async def tell_again(self, name: str) -> None:
        """The same settings once more: a new graph, which reads the environment anew."""
        tenant = self.tenants.get(name)
        if tenant is not None and tenant.told is not None and name in REGISTERED:
            await self.registry.reconfigure(name, tenant.told.settings)
            tenant.enter(tenant.told, tenant.speaker.runtime_id, tenant.speaker.receipts)

    # ── the ends of runtimes ─────────────────────────────────────────────────────────────────

    async def reset(self, name: str) -> None:
        await self.registry.reset(name)
        if name in self.tenants and name in REGISTERED:
            self.tenants[name].present = None

    async def reactivate(self, name: str) -> None:
        """Activate without settings: those of before are still there, and nothing else is."""
        tenant = self.tenants.get(name) if name in REGISTERED else None
        if tenant is None:
            with pytest.raises(MissingProviderRuntimeError):
                async with self.registry.activate(name):
                    pass
            return
        async with self.registry.activate(name) as handle:
            assert handle is tenant.speaker
            assert self.registry.ensure_ready() is handle
        if tenant.present is None:
            assert tenant.told is not None
            assert await handle.receipts.list() == (), "a reset leaves nothing"
            tenant.enter(tenant.told, handle.runtime_id, handle.receipts)

    async def end(self, name: str, *, drained: bool) -> None:
        """Dispose of a runtime, or leave its block; ``drained``: its calls may end first."""
        tenant = self.tenants.pop(name, None)
        if tenant is None:
            await self.registry.dispose(name)
            return
        own = [flight for flight in self.flights if flight.tenant is tenant]
        if name in ALONE:
            await tenant.closing.__aexit__(None, None, None)
            tenant.closing = None
        elif drained:
            disposing = asyncio.create_task(self.registry.dispose(name, drain_s=60))
            for flight in own:
                flight.planned.go_on.set()
            await disposing
        else:
            await self.registry.dispose(name)
        if own:
            await asyncio.wait([flight.task for flight in own], timeout=_PATIENCE_S)
        for flight in own:
            assert flight.task.done(), "no call outlives its runtime, whichever graph it began on"
            await self.finish(flight)
        tenant.present = None
        with pytest.raises(RuntimeClosed):
            await tenant.speaker.run(a_request("Anybody there?", model=f"{PROVIDER}:m"))
        await check_books(tenant, self._under_way(tenant))
        if self.default == name:
            self.default = None

    async def let_happen(self, event: "Event", name: str, changed: frozenset[str], choice: "Choice") -> None:
        """What may come between the beginning of a call and its end."""
        match event:
            case Event.CHANGED:
                await self.settle(name, changed, choice)
            case Event.ROTATED:
                await self.rotate(name)
            case Event.RESET:
                await self.reset(name)
            case Event.ACTIVATED:
                await self.reactivate(name)
            case Event.DISPOSED:
                await self.end(name, drained=False)

    # ── calls ────────────────────────────────────────────────────────────────────────────────

    async def begin(self, name: str, wish: Wish, *, held: bool, through: Any = None) -> Flight | None:
        """Start a call and let it come as far as it can: to the server, if it is held there, else to its end."""
        tenant = self.tenants.get(name)
        if tenant is None:
            return None
        if tenant.present is None:
            with pytest.raises(MissingProviderRuntimeError, match="was reset"):
                await tenant.speaker.run(a_request("Anybody there?", model=f"{PROVIDER}:m"))
            return None
        flight = self._take_off(tenant, tenant.present, wish, held=held, through=through or tenant.speaker)
        arrived = asyncio.ensure_future(flight.planned.here.wait())
        await asyncio.wait([flight.task, arrived], return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        if flight.task.done():
            await self.finish(flight)
        return flight

    def _take_off(self, tenant: Tenant, generation: Generation, wish: Wish, *, held: bool, through: Any) -> Flight:
        new, told, model = self.press.new, generation.told, tenant.model
        prompt, key = new(tenant.name, "prompt"), new(tenant.name, "own") if wish.own_key else None
        header = {"x-team": new(tenant.name, "header")} if wish.header else {}
        labels = {"job": new(tenant.name, "label")} if wish.labels else {}
        temperature = _OWN_TEMPERATURE if wish.temperature else told.temperature
        poison = frozenset({told.segment, model, prompt, *header.values()})

        def expected() -> Expected:
            carried = key or generation.key
            return Expected(
                port=told.port,
                path=f"/{told.segment}{told.wire.path(model)}",
                key=carried,
                poison=poison | ({carried} if carried else frozenset()),
                fields=((told.wire.temperature_field, temperature),),
            )

        planned = Planned(prompt=prompt, turns=wish.turns, held=held, expected=expected)
        self.upstream.planned[prompt] = planned
        options = CallOptions(
            credential=Secret(key) if key else None,
            headers=header,
            metadata=labels,
            parameters=ModelParameters(temperature=_OWN_TEMPERATURE if wish.temperature else None),
        )
        request = a_request(user(prompt), model=f"{PROVIDER}:{model}")
        flight = Flight(
            tenant=tenant,
            generation=generation,
            planned=planned,
            model=model,
            labels=tuple(f"{name}={value}" for name, value in labels.items()),
            key=key,
            task=asyncio.create_task(through.run(request, options)),
        )
        self.flights.append(flight)
        return flight

    async def finish(self, flight: Flight) -> None:
        """Let the call come to its end, and judge all that it came to."""
        flight.planned.go_on.set()
        await asyncio.wait([flight.task])
        if flight not in self.flights:
            return
        self.flights.remove(flight)
        tenant, generation, planned = flight.tenant, flight.generation, flight.planned
        assert [difference for difference in planned.arrived if difference] == []
        told = {generation.told.segment, flight.model, planned.prompt, *poison_in(*flight.labels)}
        if flight.task.cancelled():
            outcome = "cancelled"
        elif (error := flight.task.exception()) is None:
            response, outcome = flight.task.result(), "answered"
            assert planned.last_status == 200
            assert response.runtime_id == generation.runtime_id
            assert planned.prompt in (response.text or "")
            assert poison_in(response) <= told
        else:
            outcome = "failed"
            assert isinstance(error, ProviderRuntimeError), repr(error)
            assert poison_in(str(error), repr(error), error.args, vars(error)) <= told
            if not planned.arrived:
                self._justified(error, flight)
        generation.troubles.extend(status for status in planned.turns[: len(planned.arrived)] if status != 200)
        tenant.book(generation, outcome, flight.model, flight.labels)

    def _justified(self, error: ProviderRuntimeError, flight: Flight) -> None:
        """A call that sent nothing lacked a key, or its own runtime had failed again and again: none but its own."""
        generation = flight.generation
        if error.code is ErrorCode.CREDENTIAL_MISSING:
            assert generation.needs_key
            assert (flight.key or generation.key) is None
        else:
            assert error.code is ErrorCode.CIRCUIT_OPEN, f"nothing was sent: {error!r}"
            assert len(generation.troubles) >= _FAILURES_THAT_OPEN, "the failures of others are none of its own"

    async def cancel(self, flight: Flight) -> None:
        flight.task.cancel()
        await self.finish(flight)

    async def discover(self, name: str) -> None:
        """Ask for the models of ``name``: they are its own, and for as long as its graph lasts."""
        tenant = self.tenants.get(name)
        if tenant is None or tenant.present is None or tenant.present.told.wire is not Wire.COMPATIBLE:
            return
        listed, seen = self.press.new(name, "listed"), len(self.upstream.listed)
        self.upstream.listings[tenant.present.told.segment] = listed
        await tenant.speaker.discover_models(DiscoveryOptions(remote=True, refresh_cache=True))
        (asked,) = self.upstream.listed[seen:]
        key = tenant.present.key
        assert asked.keys == (() if key is None else (key,))
        assert asked.poison == {tenant.present.told.segment, *asked.keys}
        tenant.listed = listed

    # ── what must be true at all times ───────────────────────────────────────────────────────

    def _under_way(self, tenant: Tenant) -> int:
        return sum(flight.tenant is tenant for flight in self.flights)

    async def check_all(self) -> None:
        assert self.upstream.strays == [], "a request that nobody planned"
        assert set(self.registry.names) == {name for name in self.tenants if name in REGISTERED}
        assert self.registry.default == self.default
        for tenant in self.tenants.values():
            await check_books(tenant, self._under_way(tenant))


class Event(StrEnum):
    """What may happen to a runtime while calls are under way."""

    CHANGED = "changed"
    ROTATED = "rotated"
    RESET = "reset"
    ACTIVATED = "activated"
    DISPOSED = "disposed"


@frozen(kw_only=True)
class Choice:
    """What Hypothesis chose for a runtime's settings."""

    wire: Wire = Wire.COMPATIBLE
    place: Place = Place.GIVEN
    port: int = 0
    temperature: float | None = None


TURNS: Final = ((200,), (200,), (200,), (503, 200), (503, 503, 503), (400,), (401,), (CUT, 200), (CUT, CUT))
