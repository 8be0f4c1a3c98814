"""Event sinks: to logging, to JSON lines, to OpenTelemetry, to subscribers, and to several of them at once."""

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
