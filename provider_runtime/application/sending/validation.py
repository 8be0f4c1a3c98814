"""A structured answer, held against the schema that was asked for."""

from attrs import evolve

from provider_runtime.domain.conversation.request import JsonSchemaFormat, ResponseFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.ports.schemas import SchemaValidator


def held_against_schema(
    response: ProviderResponse, wanted: ResponseFormat, schemas: SchemaValidator
) -> ProviderResponse:
    """``response`` if its structured value satisfies the schema, else without that value and with a warning.

    An answer that misses its schema is never an error: its text is there, and paid for.
    """
    value = response.output.structured_output
    if not isinstance(wanted, JsonSchemaFormat) or value is None:
        return response
    if not schemas.validates_values:
        unseen = warn(WarningCode.STRUCTURED_OUTPUT_NOT_VALIDATED, "no schema library is installed to hold it against")
        return evolve(response, warnings=(*response.warnings, unseen))
    fault = schemas.fault_of_value(wanted.schema, value)
    if fault is None:
        return response
    unfit = warn(WarningCode.STRUCTURED_OUTPUT_NOT_VALID, f"the answer breaks the schema {wanted.name!r:.80}: {fault}")
    return evolve(
        response, output=evolve(response.output, structured_output=None), warnings=(*response.warnings, unfit)
    )
