"""run_batch: a file of lines in, a file of answers out, each line once however often it takes to get through."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from provider_runtime.adapters.batches.canonical import CanonicalForm
from provider_runtime.adapters.batches.files.input_file import InputFile, facts_of
from provider_runtime.adapters.batches.files.store import opened_batch
from provider_runtime.adapters.batches.openai.batch_file import OpenAIBatchForm
from provider_runtime.adapters.serialization import DocumentFault, read_json
from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.plan import BatchPlan, BatchReport
from provider_runtime.application.batch.running import BatchRun
from provider_runtime.application.runtime import CallRuntime
from provider_runtime.domain.batches.head import BatchHead
from provider_runtime.domain.batches.lines import BatchLine
from provider_runtime.domain.errors import BatchConflict
from provider_runtime.ports.batches import BatchForm

FORMS: Final[Mapping[str, Callable[[], BatchForm]]] = MappingProxyType(
    {"canonical": CanonicalForm, "openai": OpenAIBatchForm}
)
_PLAIN: Final = BatchPlan()


async def run_batch(
    runtime: CallRuntime,
    source: Path | str,
    output: Path | str,
    plan: BatchPlan = _PLAIN,
    *,
    form: str | None = None,
    resume: bool = False,
    heard: Callable[[BatchProgress], None] | None = None,
) -> BatchReport:
    """Ask every line of the file ``source``, and keep the answers in the file ``output``; see ``open_batch``."""
    async with open_batch(runtime, source, output, plan, form=form, resume=resume, heard=heard) as batch:
        return await batch.run()


@asynccontextmanager
async def open_batch(
    runtime: CallRuntime,
    source: Path | str,
    output: Path | str,
    plan: BatchPlan = _PLAIN,
    *,
    form: str | None = None,
    resume: bool = False,
    heard: Callable[[BatchProgress], None] | None = None,
) -> AsyncIterator[BatchRun]:
    """One run of the batch that asks the lines of ``source`` and keeps their answers in ``output``.

    ``form`` is that of the lines, ``canonical`` or ``openai``; left out, the first line shows it. ``resume``:
    go on where an earlier run ended, or begin where there was none. Beside the answers lies a folder
    ``<output>.batch`` with what the next run needs to know. ``heard`` is told after each line.
    Raises ``BatchConflict`` where the output or an earlier run stands in the way, and ``BackendError``.
    """
    source, output = Path(source), Path(output)
    facts = await asyncio.to_thread(facts_of, source)
    name = form or form_of(facts.first)
    if name not in FORMS:
        raise BatchConflict(
            field="form",
            message=f"there is no form {name!r:.40}",
            remedy=f"Lines are of the form {' or '.join(FORMS)}.",
        )
    wanted = BatchHead(
        # Of the names that the runtime makes, and of letters that labels take whatever those look like.
        batch_id=f"batch_{sha256(runtime.ids.next_call_id().encode()).hexdigest()[:16]}",
        form=name,
        input_sha256=facts.sha256,
        input_bytes=facts.size,
        lines=facts.lines,
        model=None if plan.model is None else str(plan.model),
        in_order=plan.in_order,
    )
    spoken = FORMS[name]()
    async with (
        opened_batch(output, spoken, wanted, last=facts.last, resume=resume) as store,
        aclosing(InputFile(path=source, sha256=facts.sha256)) as lines,
    ):
        yield BatchRun(
            runtime=runtime,
            source=lines,
            form=spoken,
            store=store,
            plan=plan,
            total=facts.lines,
            tally=store.tally,
            heard=heard,
        )


def form_of(first: BatchLine | None) -> str:
    """The form that the first line has: OpenAI's where it names a ``url`` and has a ``body``."""
    value: Any = None
    if first is not None and first.content is not None:
        try:
            value = read_json(first.content)
        except DocumentFault:
            value = None
    return "openai" if isinstance(value, dict) and {"url", "body"} & set(value) else "canonical"
