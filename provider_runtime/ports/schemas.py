"""SchemaValidator: whether a JSON schema is one, and whether a value satisfies it."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.json_values import JsonObject, JsonValue


@runtime_checkable
class SchemaValidator(Protocol):
    """Judges JSON Schema (2020-12). Pure: never fetches what a ``$ref`` points to.

    ``validates_values`` is ``False`` for an implementation that can only check schemas.
    """

    @property
    def validates_values(self) -> bool: ...

    def fault_of_schema(self, schema: JsonObject) -> str | None:
        """Why ``schema`` is no JSON schema, in one sentence; ``None`` when it is one."""
        ...

    def fault_of_value(self, schema: JsonObject, value: JsonValue) -> str | None:
        """Where ``value`` breaks ``schema`` (a path, never the value); ``None`` when it does not."""
        ...
