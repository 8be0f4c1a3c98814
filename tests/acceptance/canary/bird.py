"""The canary: what may come out nowhere, and everything that was seen while it was used."""

import gc
import logging
import secrets
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from canary.giving import Way, given, variable
from canary.sinks import Sinks

from provider_runtime import ProviderKind, ProviderRuntimeError, open_runtime, user
from provider_runtime.adapters.telemetry.fan_out import FanOut
from provider_runtime.adapters.telemetry.json_lines import JsonLinesEventSink
from provider_runtime.adapters.telemetry.logging_sink import LoggingEventSink
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder


@define(eq=False, kw_only=True)
class Canary:
    """A key, a header and a prompt of one test, and the places where they may come to light."""

    folder: Path
    key: str = field(factory=lambda: f"sk-{secrets.token_hex(16)}")
    header: str = field(factory=lambda: f"sk-{secrets.token_hex(16)}")
    prompt: str = field(factory=lambda: f"Say again: {secrets.token_hex(24)}")
    sinks: Sinks = field(factory=Sinks)
    events: EventRecorder = field(factory=EventRecorder)
    outcomes: list[Any] = field(factory=list)
    lines: JsonLinesEventSink = field(init=False)
    sink: FanOut = field(init=False)

    def __attrs_post_init__(self) -> None:
        (self.folder / "kept").mkdir()
        self.lines = JsonLinesEventSink(self.folder / "kept" / "events.jsonl")
        self.sink = FanOut((self.events, LoggingEventSink(logger=logging.getLogger("events")), self.lines))

    async def call(
        self,
        base_url: str,
        way: Way = Way.SETTINGS,
        kind: ProviderKind = ProviderKind.OPENAI_COMPATIBLE,
        **more: Any,
    ) -> None:
        """One call of a runtime of its own, and everything that it leaves."""
        with variable(self.key):
            told = await given(way, self.key, self.header, base_url, kind, self.folder, **more)
            opening = open_runtime(told.settings, event_sink=self.sink, **told.parts)
            runtime = await opening.__aenter__()
        try:
            await self.ask(runtime, told.options)
            for name, thing in (("settings", told.settings), ("options", told.options), ("runtime", runtime)):
                self.sinks.shown(thing, name)
        finally:
            self.sinks.kept(await runtime.receipts.list())
            await opening.__aexit__(None, None, None)

    async def ask(self, runtime: Any, options: Any) -> None:
        try:
            outcome = await runtime.run(a_request(user(self.prompt), model="vendor:m"), options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked at
            outcome = error
            self.sinks.raised(error)
        self.outcomes.append(outcome)

    @property
    def said(self) -> dict[str, str]:
        """What may be found inside objects, and nowhere in print."""
        return {"the header": self.header, "the prompt": self.prompt.removeprefix("Say again: ")}

    @property
    def codes(self) -> list[str]:
        """The error codes of the calls that failed."""
        return [str(outcome.code) for outcome in self.outcomes if isinstance(outcome, ProviderRuntimeError)]

    def look_everywhere(self, capfd: pytest.CaptureFixture[str]) -> list[str]:
        """Where anything of the key, the header or the prompt stands."""
        self.lines.close()
        gc.collect(1)  # what is young, so that asyncio says what nobody asked about
        self.sinks.emitted(self.events.events)
        self.sinks.written(self.folder / "kept")
        self.sinks.printed(*capfd.readouterr())
        return self.sinks.found({"the key": self.key}, self.said)
