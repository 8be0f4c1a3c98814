"""A batch of 100,000 lines takes no more memory than one of 10,000."""

import json
import resource
from pathlib import Path

import pytest
from attrs import define

from provider_runtime import BatchPlan, ModelCatalog, ProviderResponse, ProviderRuntime, run_batch
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.fake_adapter import a_fake_answer
from provider_runtime.testing.fakes import FakeAdapter

_MIB = 1024 * 1024
_STATM = Path("/proc/self/statm")


@define
class Forgetful(FakeAdapter):
    """Remembers no call: that would be memory of its own."""

    async def send(self, prepared: PreparedExchange, context: AdapterContext) -> ProviderResponse:
        return a_fake_answer(prepared)


def _resident() -> int:
    return int(_STATM.read_text().split()[1]) * resource.getpagesize()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not _STATM.exists(), reason="this system does not tell how much memory a process has")
@pytest.mark.parametrize(
    "plan",
    [BatchPlan(concurrency=64), BatchPlan(concurrency=64, in_order=True)],
    ids=["as they come", "in order"],
)
async def test_memory_stays_flat_over_a_hundred_thousand_lines(tmp_path: Path, plan: BatchPlan) -> None:
    count, marks = 100_000, dict[int, int]()
    with (tmp_path / "in.jsonl").open("w") as lines:
        for number in range(count):
            said = [{"role": "user", "content": f"Question {number}. {'And more of it. ' * 20}"}]
            lines.write(json.dumps({"id": f"row-{number}", "request": {"model": "ada:m", "messages": said}}) + "\n")

    def heard(progress: BatchProgress) -> None:
        if progress.done // 10_000 not in marks:
            marks[progress.done // 10_000] = _resident()

    builder = ProviderRuntime.builder().with_adapter(Forgetful(ProviderId("ada"))).with_model_catalog(ModelCatalog())
    async with builder.build() as runtime:
        files = (tmp_path / "in.jsonl", tmp_path / "out.jsonl")
        report = await run_batch(runtime, *files, plan, heard=heard)
    assert report.tally.total.answered == count
    assert (marks[10] - marks[2]) / 8 < _MIB, {place: size // _MIB for place, size in sorted(marks.items())}
