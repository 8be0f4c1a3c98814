"""ConsentSubject: what one call would need consent for. Facts and digests, no content."""

import json
import re
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

from attrs import Attribute, asdict, field, frozen
from attrs.validators import optional

from provider_runtime.domain.catalog.credentials import CredentialRef
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.checks import FILLED, count, whole
from provider_runtime.domain.identity import ProfileId, ProviderId, RuntimeId
from provider_runtime.domain.policy.leakage.classification import ContentClassification

UNCLASSIFIED: Final = "unclassified"
_NOBODY_SAID: Final = (UNCLASSIFIED,)
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_EDITION: Final = re.compile(r"[0-9a-f]{16}\Z")
_RECORD: Final = b"provider_runtime/consent/record/v1\0"
STANDING: Final = ("tenant", "runtime", "provider", "origin", "tier", "record", "purpose", "policy_version")
"""What every consent is bound to, and what changes from call to call least: receipts call it the same."""
standing_of: Final = attrgetter(*STANDING)


class ConsentScope(StrEnum):
    """How far a consent goes. Whatever its scope, it is for one provider, at one address, under one policy."""

    SINGLE_CALL = "single_call"  # these very bytes
    SESSION = "session_scoped"  # any bytes, in one conversation
    PROFILE = "profile_scoped"  # any bytes, as long as the work profile is this edition
    BROADCAST = "broadcast"  # any bytes, in the conversations listed; without a list, in calls that name none


def fault_of_scope_name(scope: str) -> str | None:
    """Why ``scope`` is none; ``None`` where it is one."""
    known = ", ".join(scope.value for scope in ConsentScope)
    return None if any(scope == one for one in ConsentScope) else f"a consent goes as far as one of {known}"


def matching(pattern: re.Pattern[str], meaning: str) -> Any:
    """Text of one form. The error quotes nothing of the value."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, str) or not pattern.match(value):
            raise ValueError(f"{attribute.name} must be {meaning}")

    return check


DIGEST: Final = matching(_SHA256, "a SHA-256 in 64 lower-case hexadecimal digits")
EDITION: Final = matching(_EDITION, "16 lower-case hexadecimal digits")


@frozen(kw_only=True, slots=False)  # each call makes one, by a form
class ConsentSubject:
    """What consent is wanted for: on whose behalf, who is asked and where, which bytes at what cost.

    ``record`` is the edition of the provider's record (see ``edition_of``), ``origin`` where the call
    would be dialled. ``tenant`` and ``purpose`` are labels of the call. ``worst_cost_nano_usd`` is
    ``None`` where nobody can say. ``data_classes`` are the sensitivities of what the call is made of.
    Raises ``ValueError`` or ``TypeError`` naming the field.
    """

    runtime: RuntimeId = field(converter=RuntimeId)
    tenant: str | None = field(default=None, validator=optional(FILLED))
    purpose: str | None = field(default=None, validator=optional(FILLED))
    provider: ProviderId = field(converter=ProviderId)
    record: str = field(validator=EDITION)
    origin: str = field(validator=FILLED)
    tier: Tier = field(converter=Tier)
    model: str = field(validator=FILLED)
    body_sha256: str = field(validator=DIGEST)
    body_bytes: int = field(validator=whole(0))
    worst_cost_nano_usd: int | None = field(default=None, validator=count)
    session: str | None = field(default=None, validator=optional(FILLED))
    profile: ProfileId | None = None
    data_classes: tuple[str, ...] = _NOBODY_SAID
    policy_version: str = field(validator=FILLED)

    @cached_property
    def standing(self) -> tuple[object, ...]:
        """The facts named in ``STANDING``: made once, to be compared at once."""
        return standing_of(self)


def data_classes_of(content: tuple[ContentClassification, ...]) -> tuple[str, ...]:
    """The sensitivities of all that a call is made of, sorted; ``unclassified`` where nobody said."""
    return tuple(sorted({piece.sensitivity.value for piece in content})) if content else _NOBODY_SAID


def edition_of(config: ProviderConfig, sources: str) -> str:
    """The edition of a provider's record: another one after every change of who gets what, under which account.

    Of the credential it holds where it is found (``sources``, the reference), and nothing of the key.
    A default model or a place in the catalog changes nothing of that, and is left out.
    """
    contents = {
        "provider": config.provider_id,
        "kind": config.kind.value,
        "tier": config.tier.value,
        "base_url": config.base_url,
        "credential": _reference(config.credential),
        "bound_to": config.bound_to,
        "sources": sources,
        "networks": list(config.allowed_networks),
        "options": config.options,
        "headers": config.headers,
    }
    text = json.dumps(contents, sort_keys=True, separators=(",", ":"))
    return sha256(_RECORD + text.encode()).hexdigest()[:16]


def _reference(credential: CredentialRef | None) -> object:
    return None if credential is None else {"kind": type(credential).__name__, **asdict(credential)}
