"""The bare call and the governed one are the same call, and every gate judges that is said to judge."""

import json
from typing import Any

import msgspec
import pytest
from attrs import asdict
from by_hand import ByHand
from by_parts import by_parts
from governed import ALL_GATES, CountingSink, every_gate, opened, our_request
from mock_server import chat_answer
from said import KINDS, bare_body, history

from provider_runtime.domain.records.receipts import CallRecord
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.fakes import EventRecorder

BASE = "http://127.0.0.1:8080/v1"
GATES = ["capability", "tier", "endpoint", "grants", "consent", "leakage", "budget"]


class Listening:
    """A transport that keeps the last body and answers at once."""

    def __init__(self, kind: str) -> None:
        self.answer, self.sent = chat_answer(kind), b""

    async def exchange(self, request: HttpRequest) -> HttpReply:
        self.sent = request.body or b""
        return HttpReply(status=200, headers={"content-type": "application/json"}, body=self.answer)

    async def post(self, body: bytes) -> bytes:
        self.sent = body
        return self.answer

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("kind", KINDS)
async def test_a_runtime_sends_what_the_bare_call_sends(kind: str) -> None:
    listening = Listening(kind)
    async with every_gate(BASE, transport=listening) as runtime:
        await runtime.run(our_request(kind))
    bare = msgspec.json.encode(bare_body(kind))
    assert json.loads(listening.sent) == json.loads(bare)
    assert len(listening.sent) == len(bare)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_duties_by_hand_send_the_same_say_the_same_and_write_it_down(kind: str) -> None:
    listening = Listening(kind)
    service = ByHand(post=listening.post, url=BASE)
    text = await service.call(bare_body(kind))
    assert listening.sent == msgspec.json.encode(bare_body(kind))
    async with every_gate(BASE, transport=listening) as runtime:
        response = await runtime.run(our_request(kind))
        (receipt,) = await runtime.receipts.latest(1)
    assert text == response.text
    record = json.loads(service.receipts[-1])["record"]
    assert record["cost_nano_usd"] == receipt.record.cost_nano_usd == service.posted_nano
    assert not service.held
    assert [gate.partition(":")[0] for gate in record["gates"]] == GATES


async def test_the_parts_one_after_another_write_down_what_a_call_writes_down() -> None:
    sink = EventRecorder()
    async with every_gate(BASE, transport=Listening("small"), event_sink=sink) as runtime:
        heard = len(sink.kinds)
        response = await runtime.run(our_request("small"))
        told = len(sink.kinds)
        text = await by_parts(runtime, our_request("small"))()
        by_itself, whole = await runtime.receipts.latest(2)
        spending = runtime.sending.spending
        assert spending is not None
        (tally,) = await spending.ledger.tallies()
    assert text == response.text
    assert sink.kinds[told:] == sink.kinds[heard:told]
    assert _said(by_itself.record) == _said(whole.record)
    balance, costs = tally.standing.balance, [receipt.record.cost_nano_usd or 0 for receipt in (whole, by_itself)]
    assert (balance.posted, balance.held) == (sum(costs), 0)


def _said(record: CallRecord) -> dict[str, Any]:
    """What a record says that is the same in both: no names, no times, no gates that only look at the route."""
    own = {"call_id", "started_at", "duration_us", "attempts", "gates"}
    return {name: value for name, value in asdict(record).items() if name not in own}


async def test_a_conversation_has_as_many_messages_as_it_says() -> None:
    listening = Listening("small")
    async with opened(BASE, transport=listening) as runtime:
        await runtime.run(our_request("small", history(50)))
    assert len(json.loads(listening.sent)["messages"]) == 50


async def test_every_gate_judges_and_price_receipt_and_events_are_written() -> None:
    sink = CountingSink()
    async with every_gate(BASE, transport=Listening("small"), event_sink=sink) as runtime:
        heard = sink.count
        response = await runtime.run(our_request("small"))
        (receipt,) = await runtime.receipts.latest(1)
    assert response.cost is not None
    assert response.cost.total_cost > 0
    assert sink.count >= heard + 3
    assert [verdict.split(":")[:2] for verdict in receipt.record.gates] == [[gate, "pass"] for gate in GATES]


async def test_the_leakage_guard_reads_although_the_server_is_local() -> None:
    async with opened(BASE, ALL_GATES[:1], transport=Listening("small")) as runtime:
        plan = await runtime.explain(our_request("small"))
    (leakage,) = [verdict for verdict in plan.verdicts if verdict.gate == "leakage"]
    assert (leakage.verdict, leakage.reason) == ("pass", "")
