"""Canonical values as JSON and back, by cattrs: strict, lossless, and clear about what is wrong."""

from provider_runtime.adapters.serialization.converter import make_converter
from provider_runtime.adapters.serialization.documents import (
    read_json,
    request_from_json,
    request_to_json,
    response_from_json,
    response_to_json,
    structure,
    to_json,
)
from provider_runtime.adapters.serialization.faults import DocumentFault
from provider_runtime.adapters.serialization.parsing import parse_as

__all__ = [
    "DocumentFault",
    "make_converter",
    "parse_as",
    "read_json",
    "request_from_json",
    "request_to_json",
    "response_from_json",
    "response_to_json",
    "structure",
    "to_json",
]
