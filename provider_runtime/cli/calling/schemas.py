"""``--schema``: the JSON schema that an answer has to keep to, from a file."""

import re
from pathlib import Path
from typing import Final

from provider_runtime.adapters.serialization import DocumentFault, read_json
from provider_runtime.cli.failures import usage_error
from provider_runtime.domain.conversation.request import JsonSchemaFormat

_LARGEST: Final = 1024 * 1024
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]+")


def format_of(path: Path) -> JsonSchemaFormat:
    """The schema in the file, named after it. Leaves with a usage error for what is no schema."""
    try:
        content = path.read_bytes()
    except OSError as failure:
        usage_error(f"cannot read {path}: {failure.strerror}")
    if len(content) > _LARGEST:
        usage_error(f"{path} is larger than {_LARGEST // 1024**2} MiB")
    try:
        schema = read_json(content)
    except DocumentFault as fault:
        usage_error(f"{path} is no JSON: {fault.message}")
    if not isinstance(schema, dict):
        usage_error(f"{path} holds no schema: a JSON schema is an object")
    name = _UNFIT.sub("_", path.name.partition(".")[0]).strip("_")[:64]
    return JsonSchemaFormat(name=name or "answer", schema=schema)
