"""A sandbox of vendors: a real HTTP server on loopback that speaks their protocols, strictly, without a model."""

from provider_runtime.testing.sandbox.scripting import Fault, Scripted
from provider_runtime.testing.sandbox.server import Sandbox
from provider_runtime.testing.sandbox.traffic import RecordedRequest

__all__ = ["Fault", "RecordedRequest", "Sandbox", "Scripted"]
