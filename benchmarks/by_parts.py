"""The parts of a governed call, asked one after another with nothing between them: the floor of the parts.

Takes an open runtime apart and asks what each part has to say of one call: the wire's encoder, four gates, the
adapter, the price table, the budgets' ledger, the events, the receipts. No route is looked for, no failure
expected, nothing tried again, no circuit, no pacing; a caller who leaves loses a hold. What ``run()`` costs beyond
this is the way between the parts; what this costs beyond ``by_hand.py`` is in the parts themselves.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, cast

from provider_runtime import ProviderRequest, ProviderRuntime
from provider_runtime.application.accounting.events import (
    attempt_started,
    call_cleared,
    call_ended,
    call_started,
    cloud_executed,
)
from provider_runtime.application.accounting.recording import facts_of, record_of
from provider_runtime.application.call import Call, ClearedCall, PreparedCall, RoutedCall
from provider_runtime.application.gates import Gate
from provider_runtime.application.sending.deadline import Within
from provider_runtime.domain.conversation.response import tried
from provider_runtime.domain.policy.verdict import Pass
from provider_runtime.domain.records.receipts import CallOutcome
from provider_runtime.ports.provider_adapter import AdapterContext

_CONTEXT: Final = AdapterContext()


def by_parts(runtime: ProviderRuntime, request: ProviderRequest) -> Callable[[], Awaitable[str]]:
    """A call that can be made again and again; it says the text of its answer."""
    clearance, clock, terms = runtime.clearance, runtime.clock, runtime.terms.for_call(None)
    first = Call(runtime.ids.next_call_id(), runtime.runtime_id, request, terms, clock.now(), clock.monotonic())
    found = runtime.routing.route(first)
    route, provider = found.route, found.provider
    settlement, spending = runtime.settlement, runtime.sending.spending
    telemetry, names = settlement.telemetry, settlement.telemetry.names
    assert spending is not None

    async def call() -> str:
        call = Call(runtime.ids.next_call_id(), runtime.runtime_id, request, terms, clock.now(), clock.monotonic())
        telemetry.emit(call_started(call, names))
        routed = RoutedCall(call, route, provider)
        prepared = PreparedCall(routed, provider.adapter.prepare(request))

        gates = (clearance.grants, clearance.consent, clearance.leakage, clearance.budget)
        granted, consented, read, held = [await _passed(gate, prepared) for gate in gates]
        cleared = ClearedCall(prepared, (granted, consented, read, held))
        digest = settlement.digest(prepared.exchange.body)
        telemetry.emit(call_cleared(cleared, digest, names, clock.now()))

        telemetry.emit(attempt_started(cleared, 1, 0.0, names, clock.now()))
        began = clock.monotonic()
        with Within(terms.deadline_s):
            answer = await provider.adapter.send(prepared.exchange, _CONTEXT)
        took = clock.monotonic() - began
        request_id = answer.provider_request_id
        attempts = (tried(1, "answered", took, 0.0, None, request_id, route.provider_id, route.model_id),)

        assert held.hold is not None
        assert consented.consented is not None
        charges, estimate = spending.charges_of_answer(held.hold, prepared, answer, began)
        settled = spending.settle(held.hold, *charges)
        assert settled is True or await cast("Awaitable[bool]", settled)
        telemetry.emit(cloud_executed(call, consented.consented, "answered", names, clock.now()))

        response = answer.settled(
            cost=None if estimate is None else estimate[0],
            warnings=(),
            call_id=call.call_id,
            runtime_id=call.runtime_id,
            attempts=attempts,
            passed_over=(),
            duration_s=took,
        )
        stages = (call, routed, prepared, cleared)
        facts = facts_of(stages, response, None, lambda _body: digest, names)
        record = record_of(
            facts,
            stages,
            outcome=CallOutcome.ANSWERED,
            duration_s=took,
            attempts=attempts,
            ended_with=response,
            policy_version=settlement.policy_version,
            names=names,
        )
        telemetry.emit(call_ended(facts, record, stages, response, took, clock.now()))
        await settlement.receipts.store(record)
        return response.text

    return call


async def _passed(gate: Gate, prepared: PreparedCall) -> Pass:
    judged: object = gate.judge(prepared, rehearsal=False)
    verdict = await judged if isinstance(judged, Coroutine) else judged
    assert isinstance(verdict, Pass)
    return verdict
