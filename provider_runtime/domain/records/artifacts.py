"""Artifact: a value that was computed once, and what it was computed from."""

import json
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, OPTIONAL_TEXT, TEXT, all_are, is_a, whole
from provider_runtime.domain.json_values import JsonValue, freeze, tuple_of

_DOMAIN: Final = b"provider_runtime/artifacts/v1\0"


@frozen(kw_only=True)
class ArtifactKey:
    """Digests of the expression, of what it depends on, and of its parameters."""

    expr_key: str = field(validator=FILLED)
    deps_fingerprint: str = field(validator=TEXT)
    params_key: str | None = field(default=None, validator=OPTIONAL_TEXT)


@frozen(kw_only=True)
class ArtifactDependency:
    """Something the value depends on, and its fingerprint when the value was computed."""

    ref: str = field(validator=FILLED)
    fingerprint: str = field(validator=TEXT)


@frozen(kw_only=True)
class ArtifactMetadata:
    """When an artifact was made and used (milliseconds since 1970), how dear it was, what it depends on."""

    created_at_ms: int = field(default=0, validator=whole(0))
    accessed_at_ms: int = field(default=0, validator=whole(0))
    access_count: int = field(default=0, validator=whole(0))
    compute_time_ms: int = field(default=0, validator=whole(0))
    deps: tuple[ArtifactDependency, ...] = field(
        default=(), converter=tuple_of, validator=all_are(ArtifactDependency), repr=False
    )


@frozen(kw_only=True)
class Artifact:
    """A value under its key. That there is an ``Artifact`` is the hit: its value may well be ``None``."""

    key: ArtifactKey = field(validator=is_a(ArtifactKey))
    value: JsonValue = field(default=None, converter=freeze, repr=False)
    metadata: ArtifactMetadata = field(factory=ArtifactMetadata, validator=is_a(ArtifactMetadata))


@frozen(kw_only=True)
class ArtifactStats:
    """``count`` artifacts are kept, of at most ``capacity`` (``None``: of any number); hits and misses so far."""

    count: int
    capacity: int | None
    hit_count: int
    miss_count: int


def digest_of_key(key: ArtifactKey) -> str:
    """SHA-256 in lower-case hex over the three parts of ``key``."""
    parts = json.dumps([key.expr_key, key.deps_fingerprint, key.params_key], separators=(",", ":"))
    return sha256(_DOMAIN + parts.encode()).hexdigest()
