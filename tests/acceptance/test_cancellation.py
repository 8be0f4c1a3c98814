"""A call may be cancelled wherever it waits: one receipt, nothing left running, the runtime as good as before."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from functools import partial
from pathlib import Path
from types import coroutine
from typing import Any, TypeVar

import pytest

from provider_runtime import (
    ConsentSettings,
    Ed25519Signer,
    FileReceipts,
    GovernancePolicy,
    MemoryConsents,
    ProviderRuntime,
    RetryPolicy,
    RuntimeSettings,
    SqliteConsents,
    TrustedIssuer,
    new_signing_key,
    open_runtime,
)
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeTransport, FrozenClock
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.settings import cloud_settings, sandbox_settings

T = TypeVar("T")
OPENAI = "openai:gpt-5-mini"
ANSWER = HttpReply(
    status=200,
    body=b'{"id":"r","status":"completed","model":"gpt-5-mini","output":[{"type":"message","role":"assistant",'
    b'"content":[{"type":"output_text","text":"Hello."}]}],"usage":{"input_tokens":1,"output_tokens":1}}',
)
LATER = HttpReply(status=503, body=b'{"error":{"message":"later"}}')


@coroutine
def cancelled_at(step: int, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Run ``work``, and cancel its task at the ``step``-th time that it waits for something."""
    steps = work.__await__()
    resume: Callable[[], Any] = partial(steps.send, None)
    waits = 0
    while True:
        try:
            awaited = resume()
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # the coroutine's own result
        waits += 1
        if waits == step:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            yield awaited
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the work
            resume = partial(steps.throw, error)
        else:
            resume = partial(steps.send, None)


async def was_cancelled(step: int, runtime: ProviderRuntime) -> bool:
    """Whether a call was cancelled at ``step``; ``False`` when it waits fewer times than that."""
    call: asyncio.Task[Any] = asyncio.ensure_future(_awaiting(step, runtime))
    await asyncio.wait([call])
    if not call.cancelled():
        assert call.result().text
        return False
    return True


async def _awaiting(step: int, runtime: ProviderRuntime) -> Any:
    return await cancelled_at(step, runtime.run(a_request(model=OPENAI)))  # type: ignore[misc]  # types.coroutine is awaitable


def flaky() -> FakeTransport:
    """Fails at first, so that the call waits between two attempts as well."""
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return LATER if len(seen) == 1 else ANSWER

    return FakeTransport(answer)


def ours() -> list[asyncio.Task[Any]]:
    """Every other task, those of the sandbox's server left out."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return [task for task in tasks if not _is_of_a_server(task.get_coro())]


def _is_of_a_server(work: Any) -> bool:
    return "aiohttp/web" in work.cr_code.co_filename or work.cr_code.co_name == "_accept_connection2"


async def test_cancelling_at_any_wait_leaves_one_receipt_no_task_and_a_working_runtime() -> None:
    step, cancelled = 1, True
    while cancelled:
        events, transport = EventRecorder(), flaky()
        async with open_runtime(
            cloud_settings(), transport=transport, clock=FrozenClock(), event_sink=events
        ) as runtime:
            cancelled = await was_cancelled(step, runtime)
            (receipt,) = await runtime.receipts.list()
            assert receipt.record.outcome == ("cancelled" if cancelled else "answered")
            assert events.kinds[-1] == f"call_{receipt.record.outcome}"
            assert len(receipt.record.attempts) <= len(transport.exchanges) <= 2
            assert ours() == []
            assert (await runtime.run(a_request(model=OPENAI))).text
            assert (await runtime.receipts.verify()).count == 2
        step += 1
    assert step > 4, "two exchanges and the wait between them are three places at least"


def test_a_receipt_in_a_file_is_written_once_wherever_the_call_is_cancelled(tmp_path: Path) -> None:
    async def call(step: int, settings: RuntimeSettings) -> bool:
        async with open_runtime(settings, transport=flaky(), clock=FrozenClock()) as runtime:
            return await was_cancelled(step, runtime)

    step, cancelled = 1, True
    while cancelled:
        kept = tmp_path / f"{step}.jsonl"
        cancelled = asyncio.run(call(step, cloud_settings(receipts=FileReceipts(path=kept))))
        # That loop has ended, and with it every thread that was writing.
        verdict = asyncio.run(FilesystemReceiptProvider(path=kept).verify())
        assert (verdict.valid, verdict.count) == (True, 1), f"cancelled at wait {step}"
        step += 1
    assert step > 5, "writing the receipt is one more place"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


async def test_cancelling_at_any_wait_of_a_real_exchange_leaves_one_receipt_and_a_working_runtime(
    sandbox: Sandbox,
) -> None:
    settings = sandbox_settings(sandbox, retry=RetryPolicy(initial_backoff_ms=1, max_backoff_ms=1))
    step, cancelled = 1, True
    while cancelled:
        sandbox.clear()
        sandbox.fail_next(1, Fault.status(503))
        async with open_runtime(settings) as runtime:
            cancelled = await was_cancelled(step, runtime)
            (receipt,) = await runtime.receipts.list()
            assert receipt.record.outcome == ("cancelled" if cancelled else "answered")
            assert ours() == []
            sandbox.clear()
            assert (await runtime.run(a_request(model=OPENAI))).text
            assert (await runtime.receipts.verify()).count == 2
        assert ours() == []
        step += 1
    assert step > 4


async def test_cancelling_all_of_many_calls_at_once_leaves_one_receipt_each() -> None:
    async with open_runtime(cloud_settings(), transport=FakeTransport(lambda _: ANSWER)) as runtime:
        calls = [asyncio.create_task(runtime.run(a_request(model=OPENAI))) for _ in range(50)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.wait(calls)
        records = [receipt.record for receipt in await runtime.receipts.list()]
    assert sum(call.cancelled() for call in calls) == 25
    assert sorted(record.outcome for record in records) == ["answered"] * 25 + ["cancelled"] * 25
    assert len({record.call_id for record in records}) == 50


@pytest.mark.parametrize("place", ["memory", "sqlite"])
async def test_cancelling_at_any_wait_uses_a_consent_only_where_something_may_have_been_sent(
    place: str, tmp_path: Path
) -> None:
    key = Ed25519Signer(private_key=new_signing_key(bytes(32)))
    issuers = (TrustedIssuer(name="runtime", key=key.public_key),)
    step, cancelled = 1, True
    while cancelled:
        where: Any = MemoryConsents() if place == "memory" else SqliteConsents(path=tmp_path / f"{step}.sqlite")
        consents = ConsentSettings(place=where, issuers=issuers)
        settings = cloud_settings(policy=GovernancePolicy(consent="cloud"), consents=consents, name="desk")
        transport = flaky()
        async with open_runtime(settings, transport=transport, clock=FrozenClock(), consent_signer=key) as runtime:
            question = await runtime.request_consent(a_request(model=OPENAI))
            await runtime.consents.approve(question.request_id, user_id="ada")
            cancelled = await was_cancelled(step, runtime)
            (kept,) = await runtime.consents.consents()
            assert kept.used == bool(transport.exchanges), f"cancelled at wait {step}"
        assert ours() == []
        step += 1
    # A ledger on a disk is waited for each time it is asked; one in memory waits for nobody.
    assert step > (6 if place == "sqlite" else 4)
