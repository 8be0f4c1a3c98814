"""Captured traffic and sample cases, read in place where they are present; nothing of them is in this repository."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_CHECKOUT = Path(__file__).resolve().parent.parent


def shared_path(*parts: str) -> Path | None:
    """The path inside the shared data, or ``None`` where it is absent."""
    root = Path(os.environ.get("PROVIDER_RUNTIME_SHARED") or _CHECKOUT.parent / "shared")
    path = root.joinpath(*parts)
    return path if path.exists() else None


def require_shared(*parts: str) -> Path:
    """The path inside the shared data; skips the test where it is absent."""
    path = shared_path(*parts)
    if path is None:
        pytest.skip("shared data is absent: set PROVIDER_RUNTIME_SHARED, or put it beside the checkout")
    return path


def wire_exchanges(*providers: str, apis: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Every captured exchange of these providers (prefixes: ``openai-compat`` covers all of its vendors).

    ``apis`` keeps only those calls (``chat``, ``responses``, ``messages`` …). Empty where the data is absent.
    """
    manifest = shared_path("wire", "MANIFEST.json")
    if manifest is None:
        return
    for entry in json.loads(manifest.read_bytes())["exchanges"]:
        wanted = any(entry["provider"] == name or entry["provider"].startswith(f"{name}:") for name in providers)
        if wanted and (not apis or entry["api"] in apis):
            yield json.loads((manifest.parent / entry["file"]).read_bytes())


def reply_body(exchange: dict[str, Any]) -> bytes:
    """The body of a captured answer as bytes."""
    response = exchange["response"]
    if response.get("json") is not None:
        return json.dumps(response["json"], ensure_ascii=False).encode()
    return (response.get("text") or "").encode()
