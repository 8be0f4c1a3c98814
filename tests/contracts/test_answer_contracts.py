"""Answers over artifacts keep the contract, wherever the artifacts are kept; and say what does not read back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider_runtime import (
    ArtifactProvider,
    BackendError,
    FilesystemArtifactProvider,
    MemoryArtifactProvider,
    RecordCorrupt,
    SqliteArtifactProvider,
)
from provider_runtime.adapters.answers import ArtifactAnswers
from provider_runtime.adapters.backends.families.artifacts import MediaArtifacts
from provider_runtime.domain.calls.answers import AnswerKey, KeptAnswer
from provider_runtime.domain.conversation.response import AssistantOutput
from provider_runtime.domain.json_values import JsonValue, freeze
from provider_runtime.domain.records.artifacts import ArtifactKey
from provider_runtime.ports.stores.answers import AnswerStore
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.contracts.stores.outcomes import AnswerStoreContract
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockArtifactProvider

KEY = AnswerKey(body_sha256="a" * 64, asked="b" * 64, terms="c" * 64)


class TestAnswersInMemory(AnswerStoreContract):
    @pytest.fixture
    async def answers(self, tmp_path: Path) -> AsyncIterator[AnswerStore]:
        artifacts = self.made(tmp_path)
        yield ArtifactAnswers(artifacts=artifacts)
        await artifacts.aclose()

    def made(self, _folder: Path) -> MediaArtifacts:
        return MemoryArtifactProvider()


class TestAnswersInFiles(TestAnswersInMemory):
    def made(self, folder: Path) -> MediaArtifacts:
        return FilesystemArtifactProvider(root=folder / "store")


class TestAnswersInSqlite(TestAnswersInMemory):
    def made(self, folder: Path) -> MediaArtifacts:
        return SqliteArtifactProvider(path=folder / "store.sqlite")


class TestAnswersInAMock(TestAnswersInMemory):
    def made(self, _folder: Path) -> MediaArtifacts:
        return MockArtifactProvider()


def kept(text: str = "secret words") -> KeptAnswer:
    return KeptAnswer(response=a_response(text), kept_at=FrozenClock().now(), call_id="call_1")


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("secret words", "$"),
        ({}, "$"),
        ({"answer/v1": {"response": {"output": "secret words"}}}, "response"),
        ({"answer/v2": {}}, "$"),
        ({"failure/v1": {"failure": "secret words", "facts": {}}}, "kept_at"),
    ],
    ids=str,
)
async def test_what_does_not_read_back_is_named_and_not_quoted(damage: object, place: str) -> None:
    artifacts: ArtifactProvider = MemoryArtifactProvider()
    key = ArtifactKey(expr_key=KEY.body_sha256, deps_fingerprint=KEY.asked, params_key=KEY.terms)
    value: JsonValue = freeze(damage)
    await artifacts.put(key, value)
    with pytest.raises(RecordCorrupt) as corrupt:
        await ArtifactAnswers(artifacts=artifacts).find(KEY)
    assert place in str(corrupt.value)
    assert "secret words" not in str(corrupt.value)


async def test_a_failure_of_a_kind_that_nobody_knows_does_not_read_back() -> None:
    artifacts = MemoryArtifactProvider()
    key = ArtifactKey(expr_key=KEY.body_sha256, deps_fingerprint=KEY.asked, params_key=KEY.terms)
    stored = {"failure": "of_the_future", "facts": {}, "kept_at": "2026-01-31T12:00:00Z", "call_id": "call_1"}
    await artifacts.put(key, freeze({"failure/v1": stored}))
    with pytest.raises(RecordCorrupt, match="not known"):
        await ArtifactAnswers(artifacts=artifacts).find(KEY)


async def test_what_is_nested_too_deep_for_a_document_is_refused_and_not_quoted() -> None:
    deep: object = "secret words"
    for _ in range(199):
        deep = [deep]
    response = a_response(output=AssistantOutput(structured_output=freeze(deep)))
    answers = ArtifactAnswers(artifacts=MemoryArtifactProvider())
    with pytest.raises(BackendError, match="cannot be written") as refused:
        await answers.keep(KEY, KeptAnswer(response=response, kept_at=FrozenClock().now(), call_id="call_1"))
    assert "secret words" not in str(refused.value)


async def test_what_is_kept_says_when_it_was_and_every_answer_to_the_same_bytes_goes_at_once() -> None:
    artifacts = MemoryArtifactProvider()
    answers = ArtifactAnswers(artifacts=artifacts)
    await answers.keep(KEY, kept())
    found = await artifacts.get(ArtifactKey(expr_key=KEY.body_sha256, deps_fingerprint=KEY.asked, params_key=KEY.terms))
    assert found is not None
    assert found.metadata.created_at_ms == int(kept().kept_at.timestamp() * 1000)
    await artifacts.clear_by_expr(KEY.body_sha256)
    assert await answers.find(KEY) is None
