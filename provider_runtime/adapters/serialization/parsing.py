"""parse_as: the structured value of an answer, as a class of the caller."""

from typing import TypeVar

from cattrs import Converter

from provider_runtime.adapters.serialization.converter import make_converter
from provider_runtime.adapters.serialization.documents import structure
from provider_runtime.adapters.serialization.faults import DocumentFault
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProtocolError

T = TypeVar("T")


def parse_as(response: ProviderResponse, into: type[T], *, converter: Converter | None = None) -> T:
    """``response.output.structured_output`` as an ``into``: an attrs class, dataclass, ``list[…]`` and the like.

    As strict as everything else: a field that the class does not know is an error, not dropped.
    Enumerations are read from their values. Pass a ``converter`` to read many answers: making one
    costs some milliseconds.
    Raises ``ProtocolError`` when the answer holds no structured value or another one than
    ``into``, and ``TypeError`` when ``into`` is nothing that JSON can be read as.
    """
    value = response.output.structured_output
    if value is None:
        raise _unfit(
            response,
            DocumentFault(
                message="the answer holds no structured value",
                remedy="Ask for one with JsonSchemaFormat; response.warnings says why an answer is none.",
            ),
        )
    try:
        return structure(converter or make_converter(), into, value)
    except DocumentFault as fault:
        error = _unfit(response, fault)
    raise error


def _unfit(response: ProviderResponse, fault: DocumentFault) -> ProtocolError:
    return ProtocolError(
        provider=response.provider,
        model=response.model,
        request_id=response.provider_request_id,
        call_id=response.call_id,
        attempts=response.attempts,
        field=fault.field or "$",
        message=fault.message,
        remedy=fault.remedy,
    )
