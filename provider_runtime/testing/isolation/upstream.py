"""The recording upstream: a real server on loopback in the vendors' place, in a thread of its own."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec
from attrs import define, field, frozen

from provider_runtime.testing.isolation.evidence import Evidence, ReceivedRequest
from provider_runtime.testing.isolation.marks import Mark, MarkKind
from provider_runtime.testing.sandbox.sending import send
from provider_runtime.testing.sandbox.server import WIRES, answer_of
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json

if TYPE_CHECKING:
    from aiohttp import web

Answering = Callable[[Arrival], Answer]
COOKIE: Final = "isolation"
_FAULTS: Final = ("429", "500", "reset")
_START_S: Final = 30.0
_SHUTDOWN_S: Final = 0.1
_POLL_S: Final = 0.005
_QUIET_S: Final = 0.015
_LONGEST_S: Final = 0.15
_PATIENCE_S: Final = 1.0
_LARGEST_BODY: Final = 64 * 1024 * 1024


def answer_as_vendors_do(arrival: Arrival) -> Answer:
    """The answer of the sandbox where one of its wires is addressed; anywhere else the request itself, as JSON."""
    wire = next((wire for wire in WIRES if wire.serves(arrival)), None)
    if wire is not None:
        return answer_of(wire, arrival, Stamps(key=b"isolation"))
    said = arrival.body.decode("utf-8", "replace")
    return as_json(200, {"path": arrival.path, "text": said}, {})


@frozen(kw_only=True)
class Pace:
    """How long each answer takes and which requests fail; it follows from ``seed`` and the request.

    Between ``fastest_s`` and ``slowest_s`` seconds. ``faults`` is the share of requests that come to
    429, 500 or a cut connection; the same request sent again is answered.
    """

    seed: str
    faults: float = 0.0
    fastest_s: float = 0.002
    slowest_s: float = 0.02

    def of(self, identity: bytes, attempt: int) -> tuple[float, str | None]:
        """The delay of that attempt in seconds, and the fault that befalls it."""
        chance = Random(f"{self.seed}/{sha256(identity).hexdigest()}/{attempt}")
        delay_s = chance.uniform(self.fastest_s, self.slowest_s)
        fails = attempt == 0 and chance.random() < self.faults
        return delay_s, chance.choice(_FAULTS) if fails else None


@define(kw_only=True)
class RecordingUpstream:
    """Serves every tenant at an address of its own below ``url`` and writes down each request as it came.

    Tells requests apart by nothing but the first segment of their path. It sets each tenant a
    cookie for the whole server, as vendors do. Runs in a thread with a loop of its own, so that it
    serves blocking clients too, and leaves no task in the loop under test.
    """

    evidence: Evidence
    pace: Pace
    host: str = "127.0.0.1"
    answering: Answering = answer_as_vendors_do
    port: int = field(default=0, init=False)
    _owners: dict[str, str] = field(factory=dict, init=False, repr=False)
    _cookies: dict[str, Mark] = field(factory=dict, init=False, repr=False)
    _attempts: Counter[bytes] = field(factory=Counter, init=False, repr=False)
    _in_flight: Counter[str] = field(factory=Counter, init=False, repr=False)
    _last_arrival_s: float = field(default=0.0, init=False, repr=False)
    _overlapped: bool = field(default=False, init=False, repr=False)
    _patience_s: float = field(default=_PATIENCE_S, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)
    _end: Callable[[], None] | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def admit(self, tenant: str, address: Mark, cookie: Mark) -> str:
        """Serve ``tenant`` at an address of its own; the base URL."""
        self._owners[address.value] = tenant
        self._cookies[tenant] = cookie
        return f"{self.url}/{address.value}"

    def start(self) -> None:
        """Listen. Raises ``TimeoutError`` when that does not come about."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="isolation-upstream", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_S):
            raise TimeoutError("the recording upstream did not start")

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._end is not None and self._thread is not None:
            self._end()
            self._thread.join(_START_S)
            self._end = None

    async def _serve(self, ready: threading.Event) -> None:
        from aiohttp import web  # noqa: PLC0415 - only who starts a server pays for it

        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        self._end = lambda: (loop.call_soon_threadsafe(ended.set), None)[1]
        ready.set()
        await ended.wait()
        await runner.cleanup()

    async def _handle(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web  # noqa: PLC0415 - the server runs, so it is imported already

        body = await request.read()
        segment, _, rest = request.path.removeprefix("/").partition("/")
        owner = self._owners.get(segment)
        identity = request.raw_path.encode() + b"\n" + body
        delay_s, fault = self.pace.of(identity, self._attempts[identity])
        self._attempts[identity] += 1
        with _counted(self._in_flight, owner or ""):
            self._write_down(request, body, owner, fault)
            await self._wait_for_company()
            await asyncio.sleep(delay_s)
        if fault == "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        arrival = self._arrival(request, f"/{rest}", body)
        answer = _failure(arrival, int(fault)) if fault else self._answer(arrival, owner)
        response = await send(answer, None, request)
        if owner is not None:
            response.set_cookie(COOKIE, self._cookies[owner].value, path="/")
        return response

    async def _wait_for_company(self) -> None:
        """Hold an answer back while requests are still coming in, so that they are under way together.

        Not for long; but the very first ones wait until two tenants are here, while the patience lasts.
        """
        loop = asyncio.get_running_loop()
        self._last_arrival_s = came_s = loop.time()
        while True:
            more_may_come = loop.time() < min(self._last_arrival_s + _QUIET_S, came_s + _LONGEST_S)
            if not more_may_come:
                if self._overlapped or self._patience_s <= 0:
                    return
                self._patience_s -= _POLL_S
            await asyncio.sleep(_POLL_S)

    def _answer(self, arrival: Arrival, owner: str | None) -> Answer:
        if owner is None:
            return as_json(404, {"error": {"message": "this address is nobody's"}}, {})
        return self.answering(arrival)

    def _write_down(self, request: "web.Request", body: bytes, owner: str | None, fault: str | None) -> None:
        in_flight = frozenset(name for name, count in self._in_flight.items() if count)
        self._overlapped |= len(in_flight) > 1 or len(self._owners) < 2
        self.evidence.received.append(
            ReceivedRequest(
                number=len(self.evidence.received) + 1,
                method=request.method,
                path=request.raw_path,
                headers=tuple(request.headers.items()),
                body=body,
                owner=owner,
                fault=fault,
                in_flight=in_flight,
                variables=tuple(self._poisoned_variables()),
            )
        )

    def _poisoned_variables(self) -> list[tuple[str, Mark]]:
        """Environment variables that hold what belongs to a tenant, right now, in the middle of a call."""
        marks = self.evidence.marks
        # The service may write to the environment meanwhile, in a thread of its own: names first, then each value.
        held = [(name, value) for name in list(os.environ) if marks.token in (value := os.environ.get(name, ""))]
        found = [(name, mark) for name, value in held for mark, _ in marks.search.found(value)]
        return [(name, mark) for name, mark in found if mark.kind is not MarkKind.BAIT]

    def _arrival(self, request: "web.Request", path: str, body: bytes) -> Arrival:
        return Arrival(
            number=len(self.evidence.received),
            method=request.method,
            path=path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            received_at=datetime.now(tz=UTC),
        )


def _failure(arrival: Arrival, status: int) -> Answer:
    """A failure in the words of the vendor that was addressed; it may be tried again at once."""
    wire: Any = next((wire for wire in WIRES if wire.serves(arrival)), WIRES[-1])
    refused: Refused = wire.failure(status)
    answer: Answer = wire.refusal(refused, arrival, Stamps(key=b"isolation"))
    return Answer(
        status=status, body=answer.body or msgspec.json.encode({}), headers={**answer.headers, "retry-after": "0"}
    )


class _counted:  # noqa: N801 - reads as a word in ``with``
    """Counts ``name`` up for the length of a block."""

    def __init__(self, counter: Counter[str], name: str) -> None:
        self._counter, self._name = counter, name

    def __enter__(self) -> None:
        self._counter[self._name] += 1

    def __exit__(self, *_: object) -> None:
        self._counter[self._name] -= 1
