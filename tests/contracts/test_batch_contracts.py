"""Every source, form and store of batches keeps its contract."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.batches.files.input_file import InputFile
from provider_runtime.adapters.batches.files.store import opened_batch
from provider_runtime.adapters.batches.memory import MemoryBatchSource, MemoryBatchStore
from provider_runtime.adapters.batches.openai.batch_file import OpenAIBatchForm
from provider_runtime.domain.batches.head import BatchHead
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.ports.batches import BatchForm, BatchSource, BatchStore
from provider_runtime.testing.contracts.batches.forms import BatchFormContract
from provider_runtime.testing.contracts.batches.sources import BatchSourceContract
from provider_runtime.testing.contracts.batches.stores import BatchStoreContract
from provider_runtime.testing.mocks import MockBatchStore

HEAD = BatchHead(batch_id="batch_one", form="canonical", input_sha256="0" * 64, input_bytes=7, lines=20)
CONTENT = b'{"a":1}\n \n{"b":2}\n{"c":3}'


def _in_memory(kind: type[MemoryBatchStore]) -> Callable[[], AbstractAsyncContextManager[BatchStore]]:
    stores = [kind()]

    @asynccontextmanager
    async def next_run() -> AsyncIterator[BatchStore]:
        stores.append(stores[-1].next_run())
        yield stores[-1]

    return next_run


class TestMemoryBatchStore(BatchStoreContract):
    @pytest.fixture
    def next_run(self) -> Callable[[], AbstractAsyncContextManager[BatchStore]]:
        return _in_memory(MemoryBatchStore)


class TestMockBatchStore(BatchStoreContract):
    @pytest.fixture
    def next_run(self) -> Callable[[], AbstractAsyncContextManager[BatchStore]]:
        return _in_memory(MockBatchStore)


class TestBatchFiles(BatchStoreContract):
    @pytest.fixture
    def next_run(self, tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[BatchStore]]:
        return lambda: opened_batch(tmp_path / "out.jsonl", CanonicalForm(), HEAD, last=20, resume=True)


class TestCanonicalForm(BatchFormContract):
    @pytest.fixture
    def form(self) -> BatchForm:
        return CanonicalForm()

    @pytest.fixture
    def line(self) -> BatchLine:
        request = {"model": "openai:gpt-5-mini", "messages": [{"role": "user", "content": "Hello."}]}
        return BatchLine(number=3, content=json.dumps({"id": "row 3", "request": request}).encode())


class OpenAIForm(BatchFormContract):
    url = ""
    body: dict[str, object]

    @pytest.fixture
    def form(self) -> BatchForm:
        return OpenAIBatchForm()

    @pytest.fixture
    def line(self) -> BatchLine:
        line = {"custom_id": "row 3", "method": "POST", "url": self.url, "body": self.body}
        return BatchLine(number=3, content=json.dumps(line).encode())


class TestOpenAIChatForm(OpenAIForm):
    url = "/v1/chat/completions"
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello."}]}  # noqa: RUF012 - never changed


class TestOpenAIResponsesForm(OpenAIForm):
    url = "/v1/responses"
    body = {"model": "gpt-5-mini", "input": "Hello."}  # noqa: RUF012 - as above


class TestMemoryBatchSource(BatchSourceContract):
    @pytest.fixture
    def source(self) -> BatchSource:
        return MemoryBatchSource(lines=CONTENT.split(b"\n"))


class TestInputFile(BatchSourceContract):
    @pytest.fixture
    async def source(self, tmp_path: Path) -> AsyncIterator[BatchSource]:
        path = tmp_path / "in.jsonl"
        path.write_bytes(CONTENT)
        async with aclosing(InputFile(path=path, sha256=sha256(CONTENT).hexdigest())) as source:
            yield source
