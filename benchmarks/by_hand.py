"""The duties of a governed call done by hand, in one function: the floor that a library is held against.

What a careful developer would write who serves one provider, one tenant and one model, and never has to change it:
no canonical types, no ports, no second wire, no failure but an exception. The same is judged, counted, told and
written down as by ``run()`` with every gate, and the same scanner looks. Once through aiohttp's public session, as
the bare call goes, and once through the library's own transport, which is leaner.
"""

import hmac
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import Any, Final, TypeAlias

import aiohttp
import jsonschema_rs
import msgspec
from attrs import define, field
from bare import HEADERS
from said import KEY, MODEL, SCHEMA, TOOLS, bare_body

from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.application.sending.deadline import Deadlines, Within
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.ports.leakage import OutboundContent

Post: TypeAlias = Callable[[bytes], Awaitable[bytes]]

KEPT: Final = 1000
DEADLINE_S: Final = 120.0
ANSWER: Final = 256  # tokens, at most
NANO: Final = 10**9
WHO: Final = ("bench", "local", MODEL)
GATES: Final = ("capability", "tier", "endpoint", "grants", "consent", "leakage", "budget")


@define(kw_only=True, eq=False)
class ByHand:
    """A service that calls one model, with a budget, a consent, grants, a guard, prices, receipts and events."""

    post: Post
    url: str
    input_price: Decimal = Decimal("0.00000015")
    output_price: Decimal = Decimal("0.0000006")
    limit_nano: int = 10**6 * NANO
    posted_nano: int = 0
    held: dict[int, tuple[str, int, float]] = field(factory=dict)
    granted: frozenset[str] = frozenset({"call", "call:local", f"call:local:{MODEL}"})
    consents: dict[tuple[str, str, str], dict[str, Any]] = field(factory=dict)
    audit: deque[dict[str, Any]] = field(factory=lambda: deque(maxlen=KEPT))
    receipts: deque[bytes] = field(factory=lambda: deque(maxlen=KEPT))
    events: int = 0
    last_hash: str = ""
    count: int = 0
    scanner: PatternLeakScanner = field(factory=lambda: PatternLeakScanner(secrets=(Secret(KEY),)))
    keyed: hmac.HMAC = field(factory=lambda: hmac.new(b"a key of receipts", digestmod=sha256))
    schemas: dict[str, Any] = field(factory=lambda: {name: jsonschema_rs.validator_for(SCHEMA) for name in TOOLS})

    def __attrs_post_init__(self) -> None:
        self.consents[WHO] = {"id": "consent_1", "until": datetime.now(UTC) + timedelta(days=1), "most_bytes": 2**20}

    async def call(self, said: dict[str, Any]) -> str:
        """The text of the answer; everything else is written down."""
        started, began, call_id = datetime.now(UTC), time.monotonic(), f"call_{token_hex(16)}"
        told = {"call_id": call_id, "runtime_id": "bench", "provider": "local", "model_asked": said["model"]}
        self.tell({**told, "kind": "call_started", "at": started})
        body = msgspec.json.encode(said)
        digest = self.digest(body)
        self.judge_grants(call_id, len(body), started)
        consent_id = self.judge_consent(len(body), started)
        if await self.scanner.scan(OutboundContent(body=body, url=self.url)):
            raise PermissionError("leakage")
        number, held = self.hold(call_id, len(body), began)
        self.tell({**told, "kind": "call_cleared", "at": datetime.now(UTC), "digest": digest, "bytes": len(body)})
        self.tell({**told, "kind": "attempt_started", "at": datetime.now(UTC), "attempt": 1})
        try:
            answer = msgspec.json.decode(await self.post(body))
            text, calls, finish, usage, cost = self.understood(answer)
        except BaseException:
            self.settle(number, held)
            raise
        took = time.monotonic() - began
        self.settle(number, int(cost * NANO))
        self.tell({**told, "kind": "cloud_executed", "at": datetime.now(UTC), "consent_id": consent_id})
        record = {
            **told,
            "started_at": started.isoformat(timespec="milliseconds"),
            "duration_us": int(took * 1e6),
            "outcome": "answered",
            "attempts": [{"outcome": "answered", "duration_us": int(took * 1e6), "request_id": answer.get("id")}],
            "gates": [f"{gate}:pass" for gate in GATES],
            "consent_id": consent_id,
            "request_digest": digest,
            "model_answered": answer["model"],
            "finish_reason": finish,
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "cost_nano_usd": int(cost * NANO),
            "tool_calls": len(calls),
        }
        self.tell({**record, "kind": "call_answered", "at": datetime.now(UTC)})
        self.write_receipt(record)
        return text

    def judge_grants(self, call_id: str, size: int, at: datetime) -> None:
        needed = ("call", "call:local", f"call:local:{MODEL}")
        if not self.granted.issuperset(needed):
            raise PermissionError("grants")
        self.audit.append({"at": at, "call": call_id, "caps": needed, "size": size, "outcome": "allowed"})

    def judge_consent(self, size: int, at: datetime) -> str:
        consent = self.consents.get(WHO)
        if consent is None or at > consent["until"] or size > consent["most_bytes"]:
            raise PermissionError("consent")
        return str(consent["id"])

    def hold(self, call_id: str, size: int, now: float) -> tuple[int, int]:
        worst = int((self.input_price * size + self.output_price * ANSWER) * NANO)
        if self.posted_nano + sum(amount for _, amount, _ in self.held.values()) + worst > self.limit_nano:
            raise PermissionError("budget")
        self.count += 1
        self.held[self.count] = call_id, worst, now + DEADLINE_S
        return self.count, worst

    def settle(self, number: int, charge: int) -> None:
        del self.held[number]
        self.posted_nano += charge

    def understood(self, answer: dict[str, Any]) -> tuple[str, list[Any], str, dict[str, int], Decimal]:
        """Text, tool calls and whether they fit their schemas, why it ended, what was used, and what that costs."""
        choice, usage = answer["choices"][0], answer["usage"]
        calls = []
        for call in choice["message"].get("tool_calls") or ():
            name, arguments = call["function"]["name"], msgspec.json.decode(call["function"]["arguments"])
            calls.append((call["id"], name, arguments, self.schemas[name].is_valid(arguments)))
        cost = self.input_price * usage["prompt_tokens"] + self.output_price * usage["completion_tokens"]
        return choice["message"]["content"] or "", calls, choice["finish_reason"], usage, cost

    def digest(self, body: bytes) -> str:
        keyed = self.keyed.copy()
        keyed.update(body)
        return keyed.hexdigest()

    def write_receipt(self, record: dict[str, Any]) -> None:
        content = msgspec.json.encode(
            {"receipt_id": f"rct_{token_bytes(11).hex()}", "prev_hash": self.last_hash, "record": record},
            order="sorted",
        )
        self.last_hash = sha256(content).hexdigest()
        self.receipts.append(content)

    def tell(self, _event: dict[str, Any]) -> None:
        self.events += 1


def by_session(session: aiohttp.ClientSession, base: str) -> Post:
    """A request through aiohttp's public session."""
    url, limit = f"{base}/chat/completions", aiohttp.ClientTimeout(total=DEADLINE_S)

    async def post(body: bytes) -> bytes:
        async with session.post(url, data=body, headers=HEADERS, timeout=limit) as reply:
            raw = await reply.read()
            assert reply.status == 200
        return raw

    return post


@asynccontextmanager
async def opened_transport() -> AsyncIterator[AiohttpTransport]:
    """The transport that a runtime would have, closed in the end."""
    transport = AiohttpTransport()
    try:
        yield transport
    finally:
        await transport.aclose()


def by_transport(transport: AiohttpTransport, base: str) -> Post:
    """A request through the transport that runtimes have."""
    url, deadlines = f"{base}/chat/completions", Deadlines()

    async def post(body: bytes) -> bytes:
        with Within(deadlines, DEADLINE_S):
            reply = await transport.exchange(
                HttpRequest(method="POST", url=url, tier=Tier.LOCAL, headers=HEADERS, body=body)
            )
        assert isinstance(reply, HttpReply)
        assert reply.status == 200
        return reply.body

    return post


def by_hand(
    post: Post, base: str, kind: str = "small", messages: tuple[dict[str, str], ...] | None = None
) -> Callable[[], Awaitable[str]]:
    """A call that can be made again and again; it says the text of its answer."""
    service = ByHand(post=post, url=f"{base}/chat/completions")

    async def call() -> str:
        return await service.call(bare_body(kind, messages))

    return call
