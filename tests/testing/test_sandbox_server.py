"""The sandbox as a server: what it remembers, what can be scripted, what can go wrong."""

import asyncio
import copy
import os
import random
import re
import signal
import sys
from asyncio.subprocess import PIPE
from hashlib import sha256
from typing import Any

import aiohttp
import msgspec
import pytest

from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted

MESSAGES, RESPONSES, OPENROUTER = "/v1/messages", "/v1/responses", "/api/v1/chat/completions"
CHAT, COMPATIBLE, OLLAMA = "/v1/chat/completions", "/compatible/v1/chat/completions", "/api/chat"
SAID = [{"role": "user", "content": "Hello"}]
BODIES: dict[str, dict[str, Any]] = {
    MESSAGES: {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": SAID},
    RESPONSES: {"model": "gpt-4.1-mini", "input": SAID},
    OPENROUTER: {"model": "openai/gpt-5-mini", "messages": SAID},
    CHAT: {"model": "gpt-4.1-mini", "messages": SAID},
    COMPATIBLE: {"model": "llama-3.3", "messages": SAID},
    OLLAMA: {"model": "llama3.3", "messages": SAID, "stream": False},
}
EVERYWHERE = pytest.mark.parametrize("path", list(BODIES))


# ── what it remembers ───────────────────────────────────────────────────────────────────────


async def test_requests_are_remembered_without_their_credential(client: Any, sandbox: Sandbox) -> None:
    await client.post(MESSAGES, BODIES[MESSAGES], x_api_key="my-secret-key")
    await client.post(RESPONSES, BODIES[RESPONSES], authorization="Bearer my-secret-key")
    one, other = sandbox.requests
    assert (one.method, one.path, one.wire) == ("POST", MESSAGES, "anthropic")
    assert (other.method, other.path, other.wire) == ("POST", RESPONSES, "openai")
    assert one.json == BODIES[MESSAGES]
    assert one.headers["anthropic-version"] == "2023-06-01"
    assert one.credential_sha256 == other.credential_sha256 == sha256(b"my-secret-key").hexdigest()
    assert "my-secret-key" not in repr(sandbox.requests)
    assert "my-secret-key" not in str(one.headers) + str(other.headers)


@pytest.mark.parametrize(
    ("path", "wire"),
    [
        (MESSAGES, "anthropic"),
        (RESPONSES, "openai"),
        (OPENROUTER, "openrouter"),
        (CHAT, "openai_chat"),
        (COMPATIBLE, "openai_compatible"),
        (OLLAMA, "ollama"),
        ("/nowhere", None),
    ],
)
async def test_each_request_is_known_by_whom_it_was_for(
    client: Any, sandbox: Sandbox, path: str, wire: str | None
) -> None:
    await client.post(path, BODIES.get(path, {}))
    assert sandbox.requests[0].wire == wire


async def test_bodies_are_kept_byte_for_byte_also_those_that_are_refused(client: Any, sandbox: Sandbox) -> None:
    await client.post(RESPONSES, b'{ "model" :\t"m" ')
    assert sandbox.requests[0].body == b'{ "model" :\t"m" '


async def test_clearing_forgets_requests_and_scripts(client: Any, sandbox: Sandbox) -> None:
    await client.post(RESPONSES, BODIES[RESPONSES])
    sandbox.script(RESPONSES, Scripted(status=418))
    sandbox.fail_next(1, Fault.html())
    sandbox.clear()
    assert sandbox.requests == ()
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).status == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/elsewhere", "/api/v1/elsewhere", "/v2/responses"])
async def test_a_path_that_nobody_serves_is_not_found(client: Any, path: str) -> None:
    for reply in (await client.get(path), await client.get(path, anthropic_version="2023-06-01")):
        assert reply.status == 404
        assert reply.json["error"]["message"]


# ── scripts ─────────────────────────────────────────────────────────────────────────────────


async def test_scripted_answers_come_first_and_in_order(client: Any, sandbox: Sandbox) -> None:
    sandbox.script(RESPONSES, Scripted(json={"n": 1}), Scripted(status=500, body="oops", headers={"x-n": "2"}))
    first, second, third = [await client.post(RESPONSES, BODIES[RESPONSES]) for _ in range(3)]
    assert (first.status, first.json, first.headers["content-type"]) == (200, {"n": 1}, "application/json")
    assert (second.status, second.body, second.headers["x-n"]) == (500, b"oops", "2")
    assert third.json["object"] == "response"


async def test_a_script_is_for_a_path_or_for_a_kind_of_provider_and_for_nobody_else(
    client: Any, sandbox: Sandbox
) -> None:
    sandbox.script("anthropic", Scripted(json="by kind"))
    sandbox.script(CHAT, Scripted(json="by path"))
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).json["object"] == "response"
    assert (await client.post(CHAT, BODIES[CHAT])).json == "by path"
    assert (await client.post(MESSAGES, BODIES[MESSAGES])).json == "by kind"


async def test_a_scripted_answer_can_keep_somebody_waiting(client: Any, sandbox: Sandbox) -> None:
    sandbox.script(RESPONSES, Scripted(json={}, delay_s=30))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.post(RESPONSES, BODIES[RESPONSES]), 0.05)
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).status == 200


# ── faults ──────────────────────────────────────────────────────────────────────────────────


@EVERYWHERE
async def test_a_dropped_connection_is_no_answer_at_all(client: Any, sandbox: Sandbox, path: str) -> None:
    sandbox.fail_next(1, Fault.drop_connection())
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.post(path, BODIES[path])
    assert len(sandbox.requests) == 1
    assert (await client.post(path, BODIES[path])).status == 200


@EVERYWHERE
async def test_a_truncated_body_is_shorter_than_it_said(client: Any, sandbox: Sandbox, path: str) -> None:
    sandbox.fail_next(1, Fault.truncated_body())
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.post(path, BODIES[path])


@EVERYWHERE
async def test_malformed_json_comes_whole_and_under_a_good_status(client: Any, sandbox: Sandbox, path: str) -> None:
    sandbox.fail_next(1, Fault.malformed_json())
    reply = await client.post(path, BODIES[path])
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.body.lstrip().startswith(b"{")
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(reply.body)


async def test_html_is_a_gateways_page(client: Any, sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.html(502))
    reply = await client.post(RESPONSES, BODIES[RESPONSES])
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")
    assert reply.body.startswith(b"<html>")


@EVERYWHERE
@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_a_status_is_told_in_the_vendors_own_envelope(
    client: Any, sandbox: Sandbox, path: str, status: int
) -> None:
    sandbox.fail_next(1, Fault.status(status, retry_after_s=1.5))
    reply = await client.post(path, BODIES[path])
    assert reply.status == status
    assert reply.headers["retry-after"] == "1.5"
    error = reply.json["error"]
    assert error if path == OLLAMA else error["message"]  # Ollama tells it as a bare text


async def test_vendors_name_the_same_failure_differently(client: Any, sandbox: Sandbox) -> None:
    sandbox.fail_next(3, Fault.status(429))
    errors = [(await client.post(path, BODIES[path])).json["error"] for path in (MESSAGES, RESPONSES, OPENROUTER)]
    assert [error.get("type") for error in errors] == ["rate_limit_error", "requests", None]
    assert [error.get("code") for error in errors] == [None, "rate_limit_exceeded", 429]


async def test_a_slow_answer_is_the_right_one_later(client: Any, sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.slow(0.02))
    began = asyncio.get_running_loop().time()
    reply = await client.post(RESPONSES, BODIES[RESPONSES])
    assert asyncio.get_running_loop().time() - began >= 0.02
    assert reply.json["object"] == "response"


async def test_a_fault_befalls_as_many_requests_as_were_asked_for(client: Any, sandbox: Sandbox) -> None:
    sandbox.fail_next(2, Fault.html())
    sandbox.fail_next(1, Fault.status(500))
    statuses = [(await client.post(RESPONSES, BODIES[RESPONSES])).status for _ in range(4)]
    assert statuses == [503, 503, 500, 200]


async def test_a_fault_can_be_meant_for_one_provider(client: Any, sandbox: Sandbox) -> None:
    sandbox.fail_next(1, Fault.status(500), where="anthropic")
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).status == 200
    assert (await client.post(MESSAGES, BODIES[MESSAGES])).status == 500


async def test_a_fault_comes_before_a_script(client: Any, sandbox: Sandbox) -> None:
    sandbox.script(RESPONSES, Scripted(json="scripted"))
    sandbox.fail_next(1, Fault.status(500))
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).status == 500
    assert (await client.post(RESPONSES, BODIES[RESPONSES])).json == "scripted"


async def test_closing_does_not_wait_for_an_answer_that_nobody_waits_for() -> None:
    began = asyncio.get_running_loop().time()
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        sandbox.fail_next(1, Fault.slow(60))
        waiting = asyncio.ensure_future(session.post(sandbox.url + RESPONSES, json={}))
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox tells nobody when a request comes
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert asyncio.get_running_loop().time() - began < 5


# ── the server itself ───────────────────────────────────────────────────────────────────────


@EVERYWHERE
async def test_answers_do_not_depend_on_who_else_is_asking(client: Any, path: str) -> None:
    bodies = [{**BODIES[path], "model": f"gpt-4.1-{number % 4}"} for number in range(40)]
    alone = [await client.post(path, body) for body in bodies[:4]]
    together = await asyncio.gather(*(client.post(path, body) for body in bodies))
    for number, reply in enumerate(together):
        assert _without_time(reply.json) == _without_time(alone[number % 4].json)


def _without_time(answer: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in answer.items() if name not in {"created", "created_at", "completed_at"}}
    return {**kept, "id": re.sub(r"-\d{10}-", "-", kept.get("id", ""))}


async def test_two_sandboxes_with_one_key_answer_alike() -> None:
    answers = []
    for _ in range(2):
        async with Sandbox(key=b"k" * 32, clock=FrozenClock()) as sandbox, aiohttp.ClientSession() as session:
            headers = {"authorization": "Bearer key"}
            async with session.post(sandbox.url + RESPONSES, json=BODIES[RESPONSES], headers=headers) as response:
                answers.append((await response.read(), response.headers["x-request-id"]))
    assert answers[0] == answers[1]


@EVERYWHERE
async def test_no_body_however_odd_makes_the_server_fail(client: Any, path: str) -> None:
    chance = random.Random(path)  # noqa: S311 - the same mutations each time
    tool = {"name": "t", "type": "function", "input_schema": {"type": "object"}, "function": {"name": "t"}}
    whole = {
        **BODIES[path],
        "tools": [tool],
        "tool_choice": {"type": "tool", "name": "t"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": []}}},
        "metadata": {"a": "b"},
    }
    for _ in range(300):
        body = _mutated(copy.deepcopy({key: whole[key] for key in whole if chance.random() < 0.7}), chance)
        reply = await client.post(path, body)
        assert reply.status in {200, 400, 404}, body
        assert isinstance(reply.json, dict)


def _mutated(value: Any, chance: random.Random) -> Any:
    odd: list[Any] = [None, True, -1, 1e9, "", "x", [], {}, [[]], {"type": []}, "\u0000", [None], {"": None}]
    if chance.random() < 0.08:
        return chance.choice(odd)
    if isinstance(value, dict):
        return {key: _mutated(item, chance) for key, item in value.items() if chance.random() < 0.95}
    if isinstance(value, list):
        return [_mutated(item, chance) for item in value]
    return value


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
async def test_it_serves_from_the_command_line_until_it_is_interrupted() -> None:
    command = (sys.executable, "-m", "provider_runtime.testing.sandbox", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    try:
        url = None
        while url is None:
            line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
            found = re.search(r"http://127\.0\.0\.1:\d+/v1/responses", line)
            url = found[0] if found else None
        async with aiohttp.ClientSession() as session:
            headers = {"authorization": "Bearer key"}
            async with session.post(url, json=BODIES[RESPONSES], headers=headers) as response:
                assert response.status == 200
        os.kill(process.pid, signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_port_that_is_taken_is_said_in_a_sentence(sandbox: Sandbox) -> None:
    command = (sys.executable, "-m", "provider_runtime.testing.sandbox", "--port", str(sandbox.port))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    _, complaint = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"cannot be used" in complaint
    assert b"Traceback" not in complaint
