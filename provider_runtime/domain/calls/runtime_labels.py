"""Labels of a runtime: what every call of it carries into its records."""

from collections.abc import Mapping
from typing import Any

from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.json_values import JsonObject


def labels_of(given: Mapping[str, Any]) -> JsonObject:
    """Labels as those of a call are: sixteen short names at most, and no text. Raises ``InvalidSettings``."""
    try:
        return CallOptions(metadata=given).metadata
    except (TypeError, ValueError) as fault:
        message = str(fault).replace("metadata", "labels")
    raise InvalidSettings(field="labels", message=message, remedy='Write them like {"tenant": "acme", "team": "desk"}.')
