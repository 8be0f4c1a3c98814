"""Event sinks: to logging, to JSON lines, to OpenTelemetry, to subscribers, and to several of them at once.

Each is loaded when it is first named: who reads events from a file needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from provider_runtime.adapters.telemetry.emitter import DefaultEventEmitter
    from provider_runtime.adapters.telemetry.fan_out import FanOut
    from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions
    from provider_runtime.adapters.telemetry.json_lines import JsonLinesEventSink
    from provider_runtime.adapters.telemetry.logging_sink import LoggingEventSink
    from provider_runtime.adapters.telemetry.opentelemetry_sink import OpenTelemetryEventSink

__all__ = [
    "DefaultEventEmitter",
    "FanOut",
    "GenAiConventions",
    "JsonLinesEventSink",
    "LoggingEventSink",
    "OpenTelemetryEventSink",
]
_HOMES: Final = {
    "DefaultEventEmitter": "emitter",
    "FanOut": "fan_out",
    "GenAiConventions": "genai_conventions",
    "JsonLinesEventSink": "json_lines",
    "LoggingEventSink": "logging_sink",
    "OpenTelemetryEventSink": "opentelemetry_sink",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
