"""Many isolated runtimes in one process, by name."""

from provider_runtime.composition.registry.handle import RuntimeHandle
from provider_runtime.composition.registry.registry import RuntimeRegistry

__all__ = ["RuntimeHandle", "RuntimeRegistry"]
