"""Calls of a session, recorded through a real runtime, and replayed without one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime import open_runtime
from provider_runtime.adapters.backends.families.sessions import (
    FilesystemSessionProvider,
    MediaSessions,
    SqliteSessionProvider,
)
from provider_runtime.adapters.session_calls import RecordedCalls, ReplayedCalls
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import CredentialMissing, RecordMissing
from provider_runtime.domain.records.sessions import SessionData, SessionEventKind, checkpoint
from provider_runtime.domain.records.state import State
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.sandbox import Sandbox, Scripted
from provider_runtime.testing.settings import cloud_settings, sandbox_settings

MODEL = "anthropic:claude-sonnet-4-5"


@pytest.fixture(params=["filesystem", "sqlite"])
async def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaSessions]:
    opened: MediaSessions
    if request.param == "filesystem":
        opened = FilesystemSessionProvider(root=tmp_path / "store")
    else:
        opened = SqliteSessionProvider(path=tmp_path / "store.sqlite")
    await opened.save("draft", SessionData())
    yield opened
    await opened.aclose()


def _answer(text: str) -> dict[str, object]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "output_tokens": 4},
    }


async def _recorded(sessions: MediaSessions, *texts: str) -> list[ProviderResponse]:
    """A checkpoint, and the answers to ``texts``, one behind the other."""
    async with Sandbox() as sandbox, open_runtime(sandbox_settings(sandbox)) as runtime:
        calls = RecordedCalls(runtime=runtime, sessions=sessions, name="draft")
        await sessions.record("draft", checkpoint(State(control="begin")))
        for number, text in enumerate(texts):
            sandbox.script("anthropic", Scripted(json=_answer(f"Answer {number} to {text}")))
        return [await calls.run(a_request(text, model=MODEL)) for text in texts]


async def test_a_replay_gives_the_answers_that_were_given_and_asks_nobody(sessions: MediaSessions) -> None:
    texts = ("Why is the sky blue?", "And at night?", "Why is the sky blue?")
    answers = await _recorded(sessions, *texts)
    last = (await sessions.history("draft"))[-1]
    moment = await sessions.jump("draft", last.seq)
    replayed = ReplayedCalls(sessions=sessions, name="draft", moment=moment)
    assert [await replayed.run(a_request(text, model=MODEL)) for text in texts] == answers
    assert answers[0].text != answers[2].text  # the same was asked, and answered otherwise
    with pytest.raises(RecordMissing, match="time number 3"):
        await replayed.run(a_request(texts[0], model=MODEL))


async def test_what_was_never_asked_is_told_without_its_text(sessions: MediaSessions) -> None:
    await _recorded(sessions, "Why?")
    moment = await sessions.jump("draft", 2)
    replayed = ReplayedCalls(sessions=sessions, name="draft", moment=moment)
    with pytest.raises(RecordMissing) as missing:
        await replayed.run(a_request("A secret question", model=MODEL))
    assert "secret" not in str(missing.value)
    assert missing.value.key.startswith("draft/")


async def test_a_replay_from_a_later_checkpoint_begins_with_the_answers_behind_it(sessions: MediaSessions) -> None:
    await _recorded(sessions, "Again?")
    second = (await _recorded(sessions, "Again?"))[0]
    last = (await sessions.history("draft"))[-1]
    moment = await sessions.jump("draft", last.seq)
    replayed = ReplayedCalls(sessions=sessions, name="draft", moment=moment)
    assert await replayed.run(a_request("Again?", model=MODEL)) == second


async def test_the_log_tells_of_each_call_in_previews(sessions: MediaSessions) -> None:
    await _recorded(sessions, "x" * 500)
    kinds = [logged.event.kind for logged in await sessions.history("draft")]
    assert kinds == [SessionEventKind.CHECKPOINT, SessionEventKind.LLM_REQUEST, SessionEventKind.LLM_RESPONSE]
    asked = (await sessions.history("draft"))[1].event
    assert asked.preview == "x" * 200
    (info,) = await sessions.list()
    assert info.counts.llm_calls == 1


async def test_a_call_that_fails_leaves_its_code_and_raises(sessions: MediaSessions) -> None:
    async with open_runtime(cloud_settings(credentials={})) as runtime:
        calls = RecordedCalls(runtime=runtime, sessions=sessions, name="draft")
        with pytest.raises(CredentialMissing):
            await calls.run(a_request("Hello.", model="openai:gpt-5-mini"))
    told = (await sessions.history("draft"))[-1].event
    assert (told.kind, told.data["error_code"]) == (SessionEventKind.ERROR, "credential_missing")
