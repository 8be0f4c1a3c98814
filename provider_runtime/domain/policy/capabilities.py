"""Can the provider and the model do what is asked?"""

from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.conversation.request import ProviderRequest, TextFormat
from provider_runtime.domain.errors import CapabilityMismatch


def asks_for_more_than_text(request: ProviderRequest) -> bool:
    """Whether the request needs anything of a model that not every model can do."""
    return bool(request.tools) or not isinstance(request.response_format, TextFormat)


def fault_of_capabilities(
    request: ProviderRequest, adapter: ProviderCapabilities, model: ModelInfo | None
) -> CapabilityMismatch | None:
    """What the request needs and the adapter, or the model as the catalog knows it, lacks.

    A model that the catalog does not list is not held against anybody: the provider will say.
    """
    if request.tools and not (adapter.supports_tools and (model is None or model.supports_tools)):
        return _lacks("tools", request)
    structured = adapter.supports_structured_output and (model is None or model.supports_structured_output)
    if not isinstance(request.response_format, TextFormat) and not structured:
        return _lacks("structured_output", request)
    return None


def _lacks(capability: str, request: ProviderRequest) -> CapabilityMismatch:
    return CapabilityMismatch(
        capability=capability,
        model=request.model.model_id,
        message=f"the request needs {capability}, which this model does not support",
        remedy="Choose another model; `provider-runtime models list` shows what each supports.",
    )
