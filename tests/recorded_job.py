"""A job over several wires that is recorded in one process and replayed in another, which has no keys."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from provider_runtime import (
    Amount,
    Budget,
    CallOptions,
    FallbackPolicy,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ProviderRuntimeError,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    SqliteStores,
    local_server,
    ollama_server,
    open_runtime,
    user,
)
from provider_runtime.adapters.serialization import make_converter, response_to_json
from provider_runtime.application.runtime import CallRuntime
from provider_runtime.cli.main_job import Models, main_job
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.testing.fakes import CountingIds, FixedRandomness, FrozenClock

MODELS: Final = Models(
    first="anthropic:claude-sonnet-4-5", second="openai:gpt-5-mini", third="openrouter:openai/gpt-5-mini"
)
SCHEMA: Final = JsonSchemaFormat(
    name="place",
    schema={
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


def settings_of(url: str, **changes: Any) -> RuntimeSettings:
    """Every wire at ``url``; what differs between recording and replay is in ``changes``."""
    records: list[ProviderConfig] = [
        evolve(config, base_url=url, tier=Tier.LOCAL, credential=None) for config in PRESETS
    ]
    records += [ollama_server(url), local_server(f"{url}/compatible/v1")]
    return RuntimeSettings(
        providers=records,
        retry=RetryPolicy(max_attempts=3, initial_backoff_ms=0, max_backoff_ms=0),
        receipt_key=Secret("the-same-key-in-both-processes"),
        budgets=(Budget(name="calls", limit=Amount.calls(20)),),
        **changes,
    )


def keys() -> Mapping[str, Secret]:
    """Keys for the vendors of the sandbox."""
    return {config.provider_id: Secret("sandbox-key") for config in PRESETS}


async def work(runtime: CallRuntime, document: Path, about_to: Callable[[str], None]) -> list[str]:
    """The job: what each of its calls came to, as text. Some fail, one is answered by an alternative.

    ``about_to`` is told of what comes next, so that servers can be told to fail.
    """
    told: list[str] = []

    async def ask(model: str, text: str, options: CallOptions | None = None, **more: Any) -> None:
        request = ProviderRequest(model=ModelRef.parse(model), messages=[user(text)], max_output_tokens=500, **more)
        try:
            told.append(response_to_json(make_converter(), await runtime.run(request, options)).decode())
        except ProviderRuntimeError as error:
            attempts = [attempt.outcome for attempt in error.attempts]
            told.append(json.dumps([type(error).__name__, str(error), error.call_id, attempts]))

    steps = [step.response async for step in main_job(runtime, MODELS, document)]
    told.extend(response_to_json(make_converter(), response).decode() for response in steps)
    await ask("gemini:gemini-2.5-flash", "It is 21 degrees in Bonn.", response_format=SCHEMA)
    await ask("ollama:qwen3", "What is a hash?")
    for _ in range(3):  # the same, with another answer each time
        await ask("local:any", "Throw a die.")
    about_to("be busy")
    await ask("openai:gpt-5-mini", "This one is busy at first.")
    about_to("fail")
    await ask("anthropic:claude-sonnet-4-5", "This one fails for good.")
    other = CallOptions(fallback=FallbackPolicy(alternatives=["local:any"]))
    await ask("openai:no-such-model", "Somebody else answers this.", other)
    for _ in range(2):
        await ask("local:any", "This one is asked once.", CallOptions(memo=True))
    await asyncio.gather(*(ask("local:any", f"At once: {number}") for number in range(4)))
    for number in range(5):  # until the budget is spent, which it is at the same call each time
        await ask("local:any", f"One more: {number}")
    return told


async def outcome_of(
    settings: RuntimeSettings, document: Path, about_to: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """What the job came to, and what its receipts say. Clock, ids and chance are the same each time."""
    parts = {"clock": FrozenClock(), "ids": CountingIds(), "randomness": FixedRandomness()}
    async with open_runtime(settings, **parts) as runtime:
        told = await work(runtime, document, about_to)
        receipts = [receipt.record for receipt in await runtime.receipts.list()]
    return {
        "told": told,
        "digests": [record.request_digest for record in receipts],
        "costs": [record.cost_nano_usd for record in receipts],
        "attempts": [[attempt.outcome for attempt in record.attempts] for record in receipts],
        "outcomes": [f"{record.outcome} {record.error_code}" for record in receipts],
        "recalled_from": [record.recalled_from for record in receipts],
    }


def main(url: str, recording: str, document: str) -> None:
    """Replay, and print what came of it."""
    settings = settings_of(url, replay=SqliteStores(path=recording))
    outcome = asyncio.run(outcome_of(settings, Path(document)))
    sys.stdout.write(json.dumps({**outcome, "could_send": "aiohttp" in sys.modules}))


if __name__ == "__main__":
    main(*sys.argv[1:])
