"""Whole calls, through every room, against a real server on loopback."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime import (
    CallOptions,
    CallOutcome,
    CallRefused,
    CapabilityMismatch,
    CredentialMissing,
    CredentialsRejected,
    EndpointInvalid,
    ErrorCode,
    FileReceipts,
    GovernanceLocked,
    GovernancePolicy,
    JsonSchemaFormat,
    MessageRole,
    ModelCatalog,
    ModelInfo,
    ModelNotFound,
    ProviderRequest,
    ProviderRuntime,
    ProviderRuntimeError,
    ProviderStatusError,
    RequestInvalid,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    ToolCallPart,
    TransportError,
    assistant,
    open_runtime,
    tool_result,
    user,
)
from provider_runtime.cli.main_job import Models, kept, main_job
from provider_runtime.testing.builders import a_request, a_tool, a_tool_call
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted
from provider_runtime.testing.settings import sandbox_server, sandbox_settings

ANTHROPIC, OPENAI, OPENROUTER = (
    "anthropic:claude-sonnet-4-5",
    "openai:gpt-5-mini",
    "openrouter:anthropic/claude-haiku-4.5",
)
IMPATIENT = RetryPolicy(initial_backoff_ms=1, max_backoff_ms=2)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def runtime(sandbox: Sandbox) -> AsyncIterator[ProviderRuntime]:
    async with open_runtime(sandbox_settings(sandbox, retry=IMPATIENT)) as opened:
        yield opened


async def the_last_receipt(runtime: ProviderRuntime) -> tuple[CallOutcome, str | None]:
    record = (await runtime.receipts.list())[-1].record
    return record.outcome, record.error_code


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI, OPENROUTER])
async def test_a_call_is_answered_priced_and_recorded(runtime: ProviderRuntime, model: str) -> None:
    response = await runtime.run(ProviderRequest(model=model, messages=[user("Why is the sky blue?")]))
    assert "sky blue" in response.text
    assert response.cost is not None
    assert response.cost.total_cost > 0
    assert response.usage.input_tokens
    receipt = (await runtime.receipts.list())[-1]
    assert receipt.record.call_id == response.call_id
    assert receipt.record.outcome is CallOutcome.ANSWERED
    assert receipt.record.input_tokens == response.usage.input_tokens
    assert (await runtime.receipts.verify()).valid


async def test_the_main_job_keeps_tool_call_and_reasoning_across_three_providers(
    runtime: ProviderRuntime, sandbox: Sandbox, tmp_path: Path
) -> None:
    document = tmp_path / "page.md"
    document.write_text("# Title\n" + "word " * 300)
    steps = [
        step async for step in main_job(runtime, Models(first=ANTHROPIC, second=OPENAI, third=OPENROUTER), document)
    ]
    assert [str(step.response.provider) for step in steps] == ["anthropic", "openai", "openrouter", "anthropic"]
    assert steps[0].response.tool_calls[0].name == "measure_document"
    assert '"words":302' in steps[1].response.text
    posted = [request.body for request in sandbox.requests]
    assert len(posted) == len(steps)
    assert all(kept(step, body) == (True, True) for step, body in zip(steps, posted, strict=True))
    first_thought = next(part for part in steps[0].response.output.content if part.text)
    returned = json.loads(posted[3])["messages"]
    blocks = [block for message in returned if message["role"] == "assistant" for block in message["content"]]
    thinking = [block for block in blocks if block["type"] == "thinking"]
    assert thinking == [
        {"type": "thinking", "thinking": first_thought.text, "signature": first_thought.signature.value}
    ]
    assert len(await runtime.receipts.list()) == len(steps)


async def test_what_is_explained_is_what_is_sent(runtime: ProviderRuntime, sandbox: Sandbox) -> None:
    request = a_request("Hello.", model=OPENAI)
    plan = await runtime.explain(request)
    assert sandbox.requests == ()
    assert await runtime.receipts.list() == ()
    await runtime.run(request)
    assert sandbox.requests[-1].body == plan.body
    assert plan.allowed
    assert plan.worst_case_cost is not None


async def test_a_retry_sends_the_identical_bytes_and_every_attempt_is_told(
    runtime: ProviderRuntime, sandbox: Sandbox
) -> None:
    sandbox.fail_next(2, Fault.status(503))
    response = await runtime.run(a_request(model=OPENAI))
    assert len({request.body for request in sandbox.requests}) == 1
    assert [attempt.outcome for attempt in response.attempts] == ["overloaded", "overloaded", "answered"]
    record = (await runtime.receipts.list())[-1].record
    assert [attempt.outcome for attempt in record.attempts] == ["overloaded", "overloaded", "answered"]


async def test_attempts_end_with_the_original_error_and_say_why(runtime: ProviderRuntime, sandbox: Sandbox) -> None:
    sandbox.fail_next(3, Fault.status(500))
    with pytest.raises(ProviderStatusError) as failed:
        await runtime.run(a_request(model=ANTHROPIC))
    assert len(failed.value.attempts) == len(sandbox.requests) == 3
    assert failed.value.retry_denied_by == "attempts_used"
    assert failed.value.call_id is not None


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI, OPENROUTER])
async def test_a_provider_answering_html_is_one_typed_error(
    runtime: ProviderRuntime, sandbox: Sandbox, model: str
) -> None:
    sandbox.fail_next(1, Fault.html(200))
    with pytest.raises(ProviderRuntimeError) as failed:
        await runtime.run(a_request(model=model))
    assert failed.value.code is ErrorCode.RESPONSE_NOT_JSON
    assert len(sandbox.requests) == 1
    assert await the_last_receipt(runtime) == (CallOutcome.FAILED, "response_not_json")


async def test_an_answer_cut_in_its_body_may_have_been_billed_and_is_not_bought_again(
    runtime: ProviderRuntime, sandbox: Sandbox
) -> None:
    sandbox.fail_next(1, Fault.truncated_body())
    with pytest.raises(TransportError) as failed:
        await runtime.run(a_request(model=OPENAI))
    assert failed.value.billed == "maybe"
    assert len(sandbox.requests) == 1


async def test_the_deadline_bounds_the_whole_call(runtime: ProviderRuntime, sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.slow(30))
    with pytest.raises(TransportError) as failed:
        await runtime.run(a_request(model=OPENAI), CallOptions(deadline_s=0.05))
    assert failed.value.code is ErrorCode.TIMED_OUT
    assert await the_last_receipt(runtime) == (CallOutcome.FAILED, "timed_out")
    assert (await runtime.run(a_request(model=OPENAI))).text


async def test_a_cancelled_call_has_its_receipt_and_leaves_the_runtime_usable(
    runtime: ProviderRuntime, sandbox: Sandbox
) -> None:
    sandbox.fail_next(1, Fault.slow(30))
    call = asyncio.create_task(runtime.run(a_request(model=OPENAI)))
    while not sandbox.requests:  # noqa: ASYNC110 - the sandbox has no event for an arrival
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await the_last_receipt(runtime) == (CallOutcome.CANCELLED, "CancelledError")
    assert (await runtime.run(a_request(model=OPENAI))).text


async def test_a_wrong_key_is_rejected_by_the_provider_and_never_shown(sandbox: Sandbox) -> None:
    settings = sandbox_settings(sandbox, credentials={"openai": Secret("wrong-key")})
    async with open_runtime(settings) as runtime:
        with pytest.raises(CredentialsRejected) as failed:
            await runtime.run(a_request(model=OPENAI))
    assert "wrong-key" not in f"{failed.value} {failed.value!r}"


async def test_a_missing_key_sends_nothing_names_the_variable_and_leaves_a_receipt(sandbox: Sandbox) -> None:
    settings = sandbox_settings(sandbox, credentials={})
    async with open_runtime(settings) as runtime:
        with pytest.raises(CredentialMissing):
            await runtime.run(a_request(model=OPENAI))
        assert await the_last_receipt(runtime) == (CallOutcome.FAILED, "credential_missing")
    assert sandbox.requests == ()


async def test_a_call_s_own_credential_beats_the_runtime_s(runtime: ProviderRuntime, sandbox: Sandbox) -> None:
    await runtime.run(a_request(model=OPENAI))
    await runtime.run(a_request(model=OPENAI), CallOptions(credential=Secret("another-key")))
    await runtime.run(a_request(model=OPENAI))
    first, second, third = (request.credential_sha256 for request in sandbox.requests)
    assert first == third != second


BAD_REQUESTS = {
    "unknown model": (a_request(model="no-such-model-anywhere"), ModelNotFound),
    "result without its call": (
        a_request(model=OPENAI, messages=(user("x"), tool_result("call_9", "y"))),
        RequestInvalid,
    ),
    "call without its result": (
        a_request(model=OPENAI, messages=(user("x"), assistant(ToolCallPart(a_tool_call())), user("y"))),
        RequestInvalid,
    ),
    "a schema that is no schema": (
        a_request(model=OPENAI, response_format=JsonSchemaFormat(name="s", schema={"type": "nonsense"})),
        RequestInvalid,
    ),
    "a tool whose schema is no schema": (
        a_request(model=ANTHROPIC, tools=[a_tool(parameters_schema={"type": "object", "required": "city"})]),
        RequestInvalid,
    ),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
async def test_bad_input_is_one_typed_error_with_a_way_out_no_request_and_one_receipt(
    runtime: ProviderRuntime, sandbox: Sandbox, case: str
) -> None:
    request, error = BAD_REQUESTS[case]
    with pytest.raises(error) as refused:
        await runtime.run(request)
    assert refused.value.remedy
    assert sandbox.requests == ()
    assert len(await runtime.receipts.list()) == 1


async def test_a_base_url_that_is_no_url_refuses_its_calls_and_no_others(sandbox: Sandbox) -> None:
    good = sandbox_settings(sandbox)
    broken = [
        config
        if config.provider_id != "openai"
        else type(config)(provider_id="openai", kind="openai", base_url="no url")
        for config in good.providers
    ]
    async with open_runtime(sandbox_settings(sandbox, providers=broken)) as runtime:
        with pytest.raises(EndpointInvalid) as refused:
            await runtime.run(a_request(model=OPENAI))
        assert refused.value.hsk_code == "HSK-400-INVALID-BASE-URL"
        assert await the_last_receipt(runtime) == (CallOutcome.REFUSED, "endpoint_invalid")
        assert (await runtime.run(a_request(model=ANTHROPIC))).text


async def test_locked_governance_refuses_the_cloud_and_says_so_in_the_plan(sandbox: Sandbox) -> None:
    async with ProviderRuntime.builder().with_api_key("openai", "k" * 8).with_policy("locked").build() as runtime:
        with pytest.raises(GovernanceLocked):
            await runtime.run(a_request(model=OPENAI))
        plan = await runtime.explain(a_request(model=OPENAI))
    assert not plan.allowed
    assert [verdict.gate for verdict in plan.verdicts if verdict.verdict == "refused"] == ["tier"]
    assert sandbox.requests == ()


async def test_the_strict_policy_refuses_what_nobody_is_set_up_to_judge() -> None:
    policy = GovernancePolicy.preset("strict")
    async with ProviderRuntime.builder().with_api_key("openai", "k" * 8).with_policy(policy).build() as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(a_request(model=OPENAI))
    assert refused.value.gate == "consent"


async def test_tools_asked_of_a_model_without_them_are_refused(sandbox: Sandbox) -> None:
    catalog = ModelCatalog(models=[ModelInfo(provider="openai", model_id="plain-model", supports_tools=False)])
    async with open_runtime(sandbox_settings(sandbox, catalog=catalog)) as runtime:
        with pytest.raises(CapabilityMismatch) as refused:
            await runtime.run(a_request(model="plain-model", tools=[a_tool()]))
    assert refused.value.capability == "tools"
    assert sandbox.requests == ()


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI, OPENROUTER])
async def test_structured_output_is_parsed_and_validated(runtime: ProviderRuntime, model: str) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "ok": {"type": "boolean"}},
        "required": ["city", "ok"],
        "additionalProperties": False,
    }
    wanted = JsonSchemaFormat(name="answer", schema=schema)
    response = await runtime.run(a_request("Where?", model=model, response_format=wanted))
    assert isinstance(response.output.structured_output, dict)
    assert set(response.output.structured_output) == {"city", "ok"}


async def test_an_answer_that_misses_its_schema_is_a_warning_and_no_value(
    runtime: ProviderRuntime, sandbox: Sandbox
) -> None:
    answer = await runtime.run(a_request(model=OPENROUTER))
    assert answer.output.structured_output is None
    body = {
        "id": "gen-1",
        "model": "anthropic/claude-haiku-4.5",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": '{"ok": "yes"}'}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.1},
    }
    sandbox.script("openrouter", Scripted(json=body))
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    wanted = JsonSchemaFormat(name="answer", schema=schema)
    response = await runtime.run(a_request(model=OPENROUTER, response_format=wanted))
    assert response.output.structured_output is None
    assert response.text == '{"ok": "yes"}'
    assert "structured_output_not_valid" in [warning.code for warning in response.warnings]


async def test_a_keyless_local_server_is_asked_without_a_credential(sandbox: Sandbox) -> None:
    settings = RuntimeSettings(providers=(sandbox_server(sandbox),), default_provider="local")
    async with open_runtime(settings) as runtime:
        response = await runtime.run(a_request(model="any-model-at-all"))
    assert response.provider == "local"
    assert sandbox.requests[-1].credential_sha256 is None


async def test_events_tell_the_life_of_a_call_in_order(sandbox: Sandbox) -> None:
    events = EventRecorder()
    async with open_runtime(sandbox_settings(sandbox, retry=IMPATIENT), event_sink=events) as runtime:
        sandbox.fail_next(1, Fault.status(529))
        await runtime.run(a_request(model=OPENAI))
        with pytest.raises(ModelNotFound):
            await runtime.run(a_request(model="no-such-model-anywhere"))
    assert events.kinds == (
        *("call_started", "call_cleared", "attempt_started", "attempt_failed", "attempt_started", "call_answered"),
        *("call_started", "call_failed"),
    )


async def test_receipts_in_a_file_outlive_the_runtime_and_chain_on(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = sandbox_settings(sandbox, receipts=FileReceipts(path=tmp_path / "receipts.jsonl"))
    for _ in range(2):
        async with open_runtime(settings) as runtime:
            await runtime.run(a_request(model=OPENAI))
    async with open_runtime(settings) as runtime:
        assert [receipt.seq for receipt in await runtime.receipts.list()] == [0, 1]
        assert (await runtime.receipts.verify()).valid


CANARY = "sk-canary-7f3a9c51d2e84b60a1f7"


async def test_neither_key_nor_conversation_stands_in_receipts_events_errors_or_logs(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    events = EventRecorder()
    said = "the patient is called Wilhelmina Featherstonehaugh"
    kept_in = tmp_path / "receipts.jsonl"
    settings = sandbox_settings(
        sandbox, credentials={"openai": Secret(CANARY)}, receipts=FileReceipts(path=kept_in), retry=IMPATIENT
    )
    seen: list[str] = []
    async with open_runtime(settings, event_sink=events) as runtime:
        response = await runtime.run(a_request(said, model=OPENAI))
        seen.append(repr(response.warnings))
        for fault in (Fault.status(400), Fault.html(503), Fault.malformed_json(), Fault.drop_connection()):
            sandbox.fail_next(3, fault)
            with pytest.raises(ProviderRuntimeError) as failed:
                await runtime.run(a_request(said, model=OPENAI))
            sandbox.clear()
            seen += [
                str(failed.value),
                repr(failed.value),
                repr(failed.value.__cause__),
                repr(failed.value.__context__),
            ]
    seen += [kept_in.read_text(), repr(events), caplog.text, *(repr(record.__dict__) for record in caplog.records)]
    for forbidden in (CANARY, base64.b64encode(CANARY.encode()).decode(), "Featherstonehaugh", "the patient is"):
        assert not any(forbidden in text for text in seen)


def test_the_roles_of_a_conversation_are_the_four_of_the_specification() -> None:
    assert [role.value for role in MessageRole] == ["system", "user", "assistant", "tool"]
