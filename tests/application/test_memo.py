"""A call that asks for it takes the answer that the same bytes had before."""

from typing import Any

import pytest
from attrs import evolve
from memo_runtimes import ADA, BEA, MEMO, QUESTION, answering, runtime_with

from provider_runtime import (
    Amount,
    Budget,
    CallOptions,
    CallWarning,
    FinishReason,
    GovernancePolicy,
    JsonObjectFormat,
    Memo,
    MemoryArtifactProvider,
    ProviderConfig,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    Secret,
    StoreSettings,
    WarningCode,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.domain.policy.budgets.holds import Account, Balance, Claim
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens, FakeTransport, FrozenClock
from provider_runtime.testing.mocks import MockArtifactProvider
from provider_runtime.testing.settings import cloud_settings

# ── a hit ──────────────────────────────────────────────────────────────────────────────────


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


# ── what decides an answer ─────────────────────────────────────────────────────────────────

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


# ── what is kept ───────────────────────────────────────────────────────────────────────────


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
