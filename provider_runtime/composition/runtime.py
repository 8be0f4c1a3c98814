"""ProviderRuntime: the runtime as its users see it."""

from typing import TYPE_CHECKING

from attrs import frozen

from provider_runtime.application.runtime import CallRuntime

if TYPE_CHECKING:
    from provider_runtime.composition.builder import ProviderRuntimeBuilder


@frozen(kw_only=True)
class ProviderRuntime(CallRuntime):
    """One isolated runtime: ``run``, ``explain``, ``discover_models``, ``export_catalog_json``.

    Open one with ``async with open_runtime(settings) as runtime``, or step by step with
    ``async with ProviderRuntime.builder()….build() as runtime``.
    """

    @staticmethod
    def builder() -> "ProviderRuntimeBuilder":
        """An empty builder."""
        from provider_runtime.composition.builder import ProviderRuntimeBuilder  # noqa: PLC0415 - builder and runtime name each other

        return ProviderRuntimeBuilder()
