"""A call that asks for it takes the answer that the same bytes had before."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from provider_runtime import (
    Amount,
    ArtifactProvider,
    BackendError,
    Budget,
    CallOptions,
    CallRefused,
    CallWarning,
    FallbackPolicy,
    FinishReason,
    GovernancePolicy,
    JsonObjectFormat,
    Memo,
    MemoryArtifactProvider,
    MissingProviderRuntimeError,
    ModelCatalog,
    ProviderConfig,
    ProviderError,
    ProviderResponse,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    Secret,
    StoreSettings,
    TransportError,
    WarningCode,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.outcomes import MemoryOutcomes
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Claim
from provider_runtime.ports.http import HttpReply
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens, FakeTransport, FrozenClock
from provider_runtime.testing.mocks import MockArtifactProvider
from provider_runtime.testing.settings import cloud_settings

ADA, BEA = ProviderId("ada"), ProviderId("bea")
QUESTION = a_request("How much?", model="ada:m")
MEMO = CallOptions(memo=True)
ONCE = CallOptions(memo=Memo(single_flight=True))


@asynccontextmanager
async def runtime_with(
    *adapters: FakeAdapter,
    artifacts: ArtifactProvider | None = None,
    settings: dict[str, Any] | None = None,
    **parts: Any,
) -> AsyncIterator[ProviderRuntime]:
    builder = ProviderRuntime.builder().with_retry(RetryPolicy(max_attempts=1)).with_model_catalog(ModelCatalog())
    for adapter in adapters:
        builder = builder.with_adapter(adapter)
    for name, part in {**({} if artifacts is None else {"artifacts": artifacts}), **parts}.items():
        builder = builder.with_part(name, part)
    builder = evolve(builder, settings=evolve(builder.settings, **{"stores": StoreSettings(), **(settings or {})}))
    async with builder.build() as runtime:
        yield runtime


def answering(count: int = 9, **changes: Any) -> FakeAdapter:
    """Answers ``1``, ``2`` … in turn."""
    return FakeAdapter(ADA, [a_response(str(number), provider=ADA, **changes) for number in range(1, count + 1)])


# ── a hit ───────────────────────────────────────────────────────────────────────────────────


async def test_the_same_bytes_are_answered_as_before_and_nobody_is_asked() -> None:
    adapter, events = answering(), EventRecorder()
    async with runtime_with(adapter, event_sink=events) as runtime:
        first, again = [await runtime.run(QUESTION, MEMO) for _ in range(2)]
        receipts = await runtime.receipts.list()
    assert (first.text, again.text, len(adapter.sent)) == ("1", "1", 1)
    assert (first.from_memo, again.from_memo) == (False, True)
    assert again.memo is not None
    assert (again.memo.call_id, again.memo.usage) == (first.call_id, first.usage)
    assert again.call_id != first.call_id
    assert [receipt.record.recalled_from for receipt in receipts] == [None, "memo"]
    assert [event.recalled_from for event in events.events if event.kind == "call_answered"] == [None, "memo"]


async def test_a_hit_costs_nothing_tried_nothing_and_warns_of_nothing() -> None:
    async with runtime_with(answering()) as runtime:
        await runtime.run(QUESTION, MEMO)
        hit = await runtime.run(QUESTION, MEMO)
        receipt = (await runtime.receipts.list())[-1].record
    assert hit.cost is not None
    assert (hit.cost.total_cost, hit.usage.total, hit.attempts, hit.warnings) == (0, 0, (), ())
    assert (receipt.cost_nano_usd, receipt.input_tokens, receipt.output_tokens, receipt.attempts) == (0, 0, 0, ())


async def test_a_hit_gives_back_what_was_held_for_it() -> None:
    ledger = MemoryBudgetLedger(clock=FrozenClock())
    budget = Budget(name="calls", limit=Amount.calls(10))
    async with runtime_with(answering(), settings={"budgets": (budget,)}, ledger=ledger) as runtime:
        for _ in range(3):
            await runtime.run(QUESTION, MEMO)
    claim = Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)
    (standing,) = await ledger.standings([claim])
    assert standing.balance == Balance(posted=1)


async def test_a_hit_reads_no_credential_and_sends_nothing() -> None:
    body = b'{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"Yes."}}]}'
    transport = FakeTransport([HttpReply(status=200, headers={"content-type": "application/json"}, body=body)])
    tokens, settings = FakeTokens({"openrouter": "k"}), cloud_settings(credentials={}, stores=StoreSettings())
    request = a_request(model="openrouter:some/m")
    async with open_runtime(settings, transport=transport, tokens=tokens) as runtime:
        answers = [await runtime.run(request, MEMO) for _ in range(3)]
    assert [answer.text for answer in answers] == ["Yes."] * 3
    assert (len(transport.exchanges), len(tokens.asked)) == (1, 1)


async def test_a_call_that_does_not_ask_for_it_is_made_anew_and_kept_nowhere() -> None:
    adapter, artifacts = answering(), MockArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        assert [(await runtime.run(QUESTION)).text for _ in range(2)] == ["1", "2"]
    assert (len(adapter.sent), artifacts.calls) == (2, ())


# ── what decides an answer ──────────────────────────────────────────────────────────────────

DECIDING = {
    "what is said": (a_request("How many?", model="ada:m"), MEMO),
    "the model": (a_request("How much?", model="ada:other"), MEMO),
    "the provider": (a_request("How much?", model="bea:m"), MEMO),
    "a parameter": (evolve(QUESTION, temperature=0.5), MEMO),
    "how it shall be read": (evolve(QUESTION, response_format=JsonObjectFormat()), MEMO),
    "an option for the provider alone": (evolve(QUESTION, provider_options={"ada": {"mode": "fast"}}), MEMO),
    "a header": (QUESTION, evolve(MEMO, headers={"x-beta": "on"})),
    "whether it shall hold the provider's own words": (QUESTION, evolve(MEMO, include_raw_response=True)),
    "the tenant": (QUESTION, evolve(MEMO, metadata={"tenant": "acme"})),
    "a label that shall keep apart": (
        QUESTION,
        CallOptions(memo=Memo(apart_by=("tenant", "user")), metadata={"user": "7"}),
    ),
}


@pytest.mark.parametrize("name", DECIDING)
async def test_a_call_that_differs_in_it_is_made_anew(name: str) -> None:
    request, options = DECIDING[name]
    ada = answering()
    bea = FakeAdapter(BEA, [a_response("bea", provider=BEA)])
    async with runtime_with(ada, bea) as runtime:
        await runtime.run(QUESTION, MEMO)
        different = await runtime.run(request, options)
        again = await runtime.run(request, options)
    assert (different.from_memo, again.from_memo) == (False, True)
    assert again.text == different.text


async def test_another_version_of_the_policy_asks_anew() -> None:
    adapter, artifacts = answering(), MemoryArtifactProvider()
    for version in ("1", "2"):
        settings = {"policy": GovernancePolicy(version=version)}
        async with runtime_with(adapter, artifacts=artifacts, settings=settings) as runtime:
            await runtime.run(QUESTION, MEMO)
    assert len(adapter.sent) == 2


NOT_DECIDING = {
    "the names of the call": CallOptions(memo=True, call_id="order-18", trace_id="ab" * 16, conversation_id="c"),
    "other labels": CallOptions(memo=True, metadata={"job": "8"}),
    "how much time there is": CallOptions(memo=True, deadline_s=5.0),
    "how it would be tried": CallOptions(memo=True, retry=RetryPolicy(max_attempts=7)),
}


@pytest.mark.parametrize("name", NOT_DECIDING)
async def test_a_call_that_differs_in_that_takes_the_same_answer(name: str) -> None:
    adapter = answering()
    record = ProviderConfig(
        provider_id=ADA,
        kind="openai_compatible",
        base_url="http://localhost",
        tier="local",
        idempotency_header="x-name",
    )
    builder = ProviderRuntime.builder().with_adapter(adapter, record).with_part("artifacts", MemoryArtifactProvider())
    async with builder.build() as runtime:
        await runtime.run(QUESTION, CallOptions(memo=True, metadata={"job": "7"}))
        assert (await runtime.run(QUESTION, NOT_DECIDING[name])).from_memo
    assert len(adapter.sent) == 1


async def test_a_call_with_a_key_of_its_own_is_answered_from_memory_only_if_it_says_whose_it_is() -> None:
    own = CallOptions(memo=True, credential=Secret("key-of-somebody"))
    adapter, artifacts = answering(), MockArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        nobodys = [await runtime.run(QUESTION, own) for _ in range(2)]
        assert artifacts.calls == ()
        acmes = [await runtime.run(QUESTION, evolve(own, metadata={"tenant": "acme"})) for _ in range(2)]
        shared = [await runtime.run(QUESTION, evolve(own, memo=Memo(apart_by=()))) for _ in range(2)]
    assert [WarningCode.MEMO_NOT_USED in {w.code for w in answer.warnings} for answer in nobodys] == [True, True]
    assert [answer.from_memo for answer in (*acmes, *shared)] == [False, True, False, True]


# ── what is kept ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "spoilt",
    [
        *({"finish_reason": reason} for reason in FinishReason if reason not in {"stop", "tool_calls"}),
        *(
            {"warnings": (CallWarning(code.value, "spoilt"),)}
            for code in WarningCode
            if code.value
            in {
                "empty_output",
                "model_refusal",
                "structured_output_not_valid",
                "another_model_answered",
                "unknown_stop_reason",
            }
        ),
        {"warnings": (CallWarning("a_code_that_nobody_knows_yet", "new"),)},
    ],
    ids=str,
)
async def test_an_answer_that_is_cut_refused_or_not_what_was_asked_is_given_and_not_kept(
    spoilt: dict[str, Any],
) -> None:
    adapter = answering(**spoilt)
    async with runtime_with(adapter) as runtime:
        assert [(await runtime.run(QUESTION, MEMO)).text for _ in range(2)] == ["1", "2"]


@pytest.mark.parametrize("code", ["usage_missing", "structured_output_not_validated", "settlement_pending"])
async def test_an_answer_with_a_harmless_warning_is_kept(code: str) -> None:
    adapter = answering(warnings=(CallWarning(code, "harmless"),))
    async with runtime_with(adapter) as runtime:
        await runtime.run(QUESTION, MEMO)
        hit = await runtime.run(QUESTION, MEMO)
    assert hit.from_memo
    assert [warning.code for warning in hit.warnings] == ([] if code == "settlement_pending" else [code])


async def test_a_failure_is_not_kept() -> None:
    failure = ProviderStatusError(provider=ADA, status_code=500, message="down")
    async with runtime_with(FakeAdapter(ADA, [failure, a_response("up", provider=ADA)])) as runtime:
        with pytest.raises(ProviderStatusError):
            await runtime.run(QUESTION, MEMO)
        assert (await runtime.run(QUESTION, MEMO)).text == "up"


async def test_an_answer_is_good_for_as_long_as_the_call_says() -> None:
    clock, adapter = FrozenClock(), answering()
    async with runtime_with(adapter, clock=clock) as runtime:
        for at, options, text in (
            (0, MEMO, "1"),
            (60, CallOptions(memo=Memo(max_age_s=60)), "1"),
            (61, CallOptions(memo=Memo(max_age_s=60)), "2"),  # which takes the place of the old one
            (62, MEMO, "2"),
            (63, CallOptions(memo=Memo(refresh=True)), "3"),
            (64, MEMO, "3"),
        ):
            clock.advance(at - clock.monotonic())
            assert (await runtime.run(QUESTION, options)).text == text


# ── permission, isolation, trouble ──────────────────────────────────────────────────────────


async def test_what_may_not_be_asked_is_not_told_from_memory_either() -> None:
    artifacts, adapter = MockArtifactProvider(), answering()
    record = ProviderConfig(provider_id=ADA, kind="openai_compatible", base_url="https://ada.example.com", tier="cloud")
    for mode, allowed in (("standard", True), ("locked", False)):
        builder = ProviderRuntime.builder().with_adapter(adapter, record).with_policy(mode)
        async with builder.with_part("artifacts", artifacts).build() as runtime:
            if allowed:
                assert (await runtime.run(QUESTION, MEMO)).text == "1"
                artifacts.reset()
                continue
            with pytest.raises(CallRefused):
                await runtime.run(QUESTION, MEMO)
    assert artifacts.calls == ()


@pytest.mark.parametrize("shared", [False, True], ids=["stores of their own", "the same store on purpose"])
async def test_runtimes_answer_each_other_s_calls_only_from_the_same_store(shared: bool) -> None:  # noqa: FBT001 - of a parameter
    one_for_both, here, there = MemoryArtifactProvider(), answering(), answering()
    stores = [one_for_both if shared else MemoryArtifactProvider() for _ in range(2)]
    async with runtime_with(here, artifacts=stores[0]) as first, runtime_with(there, artifacts=stores[1]) as second:
        await first.run(QUESTION, MEMO)
        assert (await second.run(QUESTION, MEMO)).from_memo is shared
    assert len(there.sent) == (0 if shared else 1)


async def test_two_runtimes_with_the_same_settings_keep_in_memory_each_its_own() -> None:
    settings, here, there = {"stores": StoreSettings()}, answering(), answering()
    async with runtime_with(here, settings=settings) as first, runtime_with(there, settings=settings) as second:
        await first.run(QUESTION, MEMO)
        assert not (await second.run(QUESTION, MEMO)).from_memo


async def test_without_a_store_the_call_is_told_what_is_missing_and_nothing_is_held_or_sent() -> None:
    adapter, ledger = answering(), MemoryBudgetLedger(clock=FrozenClock())
    builder = ProviderRuntime.builder().with_adapter(adapter).with_part("ledger", ledger)
    async with builder.with_budgets(Budget(name="calls", limit=Amount.calls(1))).build() as runtime:
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await runtime.run(QUESTION, MEMO)
        (receipt,) = await runtime.receipts.list()
        assert (await runtime.run(QUESTION)).text == "1"
    assert missing.value.missing_fields == ("artifacts",)
    assert (receipt.record.error_code, receipt.record.request_digest) == ("missing_runtime", None)


@pytest.mark.parametrize("failure", [BackendError(message="gone"), RuntimeError("a store of somebody else's")], ids=str)
async def test_a_store_that_breaks_costs_a_warning_and_no_answer(failure: Exception) -> None:
    adapter, artifacts = answering(), MockArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        await runtime.run(QUESTION, MEMO)
        artifacts.fail("get", failure)
        artifacts.fail("put", failure)
        second = await runtime.run(QUESTION, MEMO)
        assert (await runtime.run(QUESTION, MEMO)).text == "1"
    assert second.text == "2"
    assert [warning.code for warning in second.warnings if "kept" in warning.code] == ["answer_not_kept"]


async def test_an_answer_that_does_not_read_back_is_asked_for_anew_and_mended() -> None:
    adapter, artifacts = answering(), MemoryArtifactProvider()
    async with runtime_with(adapter, artifacts=artifacts) as runtime:
        await runtime.run(QUESTION, MEMO)
        (name,) = await artifacts.media.documents().keys("artifacts")
        await artifacts.media.documents().put("artifacts", name, b'{"kind":"artifact","version":1,"content":{}}')
        assert [(await runtime.run(QUESTION, MEMO)).text for _ in range(2)] == ["2", "2"]


async def test_a_call_that_is_given_up_while_it_looks_holds_nothing_any_more() -> None:
    looking = asyncio.Event()

    class Slow(MemoryArtifactProvider):
        async def get(self, key: Any) -> Any:
            looking.set()
            await asyncio.sleep(3600)
            return await super().get(key)

    adapter, ledger = answering(), MemoryBudgetLedger(clock=FrozenClock())
    settings = {"budgets": (Budget(name="calls", limit=Amount.calls(1)),)}
    async with runtime_with(adapter, artifacts=Slow(), settings=settings, ledger=ledger) as runtime:
        task = asyncio.create_task(runtime.run(QUESTION, MEMO))
        await looking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await runtime.run(QUESTION)).text == "1"  # the only one there is room for


async def test_an_alternative_may_be_answered_from_memory() -> None:
    down = TransportError(provider=ADA, code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, message="down")
    ada, bea = FakeAdapter(ADA, [down, down]), FakeAdapter(BEA, [a_response("bea", provider=BEA)])
    options = CallOptions(memo=True, fallback=FallbackPolicy(alternatives=["bea:m"]))
    async with runtime_with(ada, bea) as runtime:
        first, again = [await runtime.run(QUESTION, options) for _ in range(2)]
    assert [(answer.text, answer.from_memo) for answer in (first, again)] == [("bea", False), ("bea", True)]
    assert ([len(answer.attempts) for answer in (first, again)], len(again.passed_over)) == ([2, 1], 1)


async def test_a_named_call_keeps_its_own_answer_beside_the_memo() -> None:
    adapter = answering()
    async with runtime_with(adapter, outcomes=MemoryOutcomes()) as runtime:
        named = CallOptions(memo=True, call_id="order-17")
        answers = [await runtime.run(QUESTION, options) for options in (MEMO, named, named)]
    assert [answer.text for answer in answers] == ["1"] * 3
    assert [WarningCode.OUTCOME_REPLAYED in {w.code for w in answer.warnings} for answer in answers] == [
        False,
        False,
        True,
    ]


# ── at once ─────────────────────────────────────────────────────────────────────────────────


class Waiting(FakeAdapter):
    """Answers when it is told to."""

    def __init__(self, answers: Iterable[ProviderResponse | ProviderError]) -> None:
        super().__init__(ADA, answers)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        self.asked.set()
        await self.go_on.wait()
        return await super().send(prepared, context)


async def crowd(runtime: ProviderRuntime, adapter: Waiting, options: CallOptions, count: int = 20) -> list[Any]:
    tasks = [asyncio.create_task(runtime.run(QUESTION, options)) for _ in range(count)]
    await adapter.asked.wait()
    for _ in range(20):
        await asyncio.sleep(0)  # all of them are where they wait
    adapter.go_on.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_calls_at_once_are_all_made_unless_they_want_one_to_be_made_for_all() -> None:
    for options, made in ((MEMO, 20), (ONCE, 1)):
        adapter = Waiting([a_response("x", provider=ADA) for _ in range(20)])
        async with runtime_with(adapter) as runtime:
            answers = await crowd(runtime, adapter, options)
        assert len(adapter.sent) == made
        assert [answer.text for answer in answers] == ["x"] * 20
        assert sum(answer.from_memo for answer in answers) == 20 - made


async def test_when_the_one_fails_the_next_one_asks() -> None:
    failure = ProviderStatusError(provider=ADA, status_code=500, message="down")
    adapter = Waiting([failure, a_response("up", provider=ADA)])
    async with runtime_with(adapter) as runtime:
        answers = await crowd(runtime, adapter, ONCE)
    assert isinstance(answers[0], ProviderStatusError)
    assert [answer.text for answer in answers[1:]] == ["up"] * 19
    assert len(adapter.sent) == 2


async def test_when_the_one_is_given_up_the_next_one_asks_and_who_leaves_the_queue_holds_nothing() -> None:
    ledger = MemoryBudgetLedger(clock=FrozenClock())
    adapter = Waiting([a_response("up", provider=ADA)])
    settings = {"budgets": (Budget(name="calls", limit=Amount.calls(10)),)}
    async with runtime_with(adapter, settings=settings, ledger=ledger) as runtime:
        tasks = [asyncio.create_task(runtime.run(QUESTION, ONCE)) for _ in range(3)]
        await adapter.asked.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[0].cancel()
        adapter.go_on.set()
        answers: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [asyncio.CancelledError] * 2
    assert answers[2].text == "up"
    claim = Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)
    (standing,) = await ledger.standings([claim])
    assert standing.balance.held == 0


async def test_who_waits_for_another_does_not_wait_longer_than_its_own_time() -> None:
    adapter = Waiting([a_response("late", provider=ADA)])
    async with runtime_with(adapter) as runtime:
        first = asyncio.create_task(runtime.run(QUESTION, ONCE))
        await adapter.asked.wait()
        with pytest.raises(TransportError) as late:
            await runtime.run(QUESTION, evolve(ONCE, deadline_s=0.01))
        adapter.go_on.set()
        assert (await first).text == "late"
    assert (late.value.code, late.value.delivery) == (ErrorCode.TIMED_OUT, Delivery.NOT_SENT)
