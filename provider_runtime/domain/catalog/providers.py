"""Provider records: a stable id, the wire it speaks, where it is, and whose machine that is."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from attrs import evolve, field, frozen
from attrs.validators import and_, max_len, optional

from provider_runtime.domain.calls.headers import check_header_name, check_headers, headers_of
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.checks import FILLED_TEXTS, OPTIONAL_TEXT, TEXT, is_a
from provider_runtime.domain.identity import ANTHROPIC, GEMINI, OPENAI, OPENROUTER, ROLE_HINT, ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object, tuple_of
from provider_runtime.domain.origins import origin_of

_REFERENCES: Final = (EnvCredential, KeyFileCredential, NamedKeyCredential, KeyringCredential)


class ProviderKind(StrEnum):
    """The wire, and the dialect of it, that a provider speaks."""

    OPENAI = "openai"  # Responses API
    OPENAI_CHAT = "openai_chat"  # Chat Completions API of OpenAI itself
    ANTHROPIC = "anthropic"  # Messages API
    GEMINI = "gemini"  # generateContent method of the Gemini API
    OPENROUTER = "openrouter"  # Chat Completions, as OpenRouter speaks it
    OPENAI_COMPATIBLE = "openai_compatible"  # Chat Completions, as everybody else speaks it
    OLLAMA = "ollama"  # the chat protocol of Ollama itself


class Tier(StrEnum):
    """Whose machine answers: this one, or somebody else's."""

    LOCAL = "local"
    CLOUD = "cloud"

    @classmethod
    def _missing_(cls, _value: object) -> "Tier":
        # Fail safe: a tier nobody recognises is treated as leaving the machine.
        return cls.CLOUD


# Whose service a kind is; the others are spoken by many.
_VENDORS: Final[Mapping[ProviderKind, ProviderId]] = MappingProxyType(
    {
        ProviderKind.OPENAI: OPENAI,
        ProviderKind.OPENAI_CHAT: OPENAI,
        ProviderKind.ANTHROPIC: ANTHROPIC,
        ProviderKind.GEMINI: GEMINI,
        ProviderKind.OPENROUTER: OPENROUTER,
    }
)


def _optional_id(given: str | None) -> ProviderId | None:
    return None if given is None else ProviderId(given)


def _origin_text(given: str | None) -> str | None:
    if given is None:
        return None
    origin = origin_of(given) if isinstance(given, str) else None
    if origin is None:
        raise ValueError("bound_to must be an origin, such as https://api.openai.com")
    return str(origin)


@frozen(kw_only=True)
class ProviderConfig:
    """One provider, as an operator registered it. Holds no secret, only where to find one.

    ``base_url`` is the address up to, not including, the path that the wire adds: for OpenAI
    ``https://api.openai.com``. It is judged by the endpoint gate at each call. ``options`` are
    private settings of the dialect, checked by the adapter that is built from the record.
    ``headers`` go with every request to this provider, such as those of a gateway; credentials are
    none. ``idempotency_header`` names the header in which the provider takes the name of a call, so
    that it does not make it twice; only for providers that say so.

    ``catalog_as`` names the provider whose models and prices this one has, such as ``openai`` for a
    record called ``openai-eu``. Left out, it is the vendor of the kind, where the kind has one and
    the record is of the cloud; the record's own id says that it has none but its own.

    ``bound_to`` is the origin that the credential may be sent to: that of ``base_url`` when the
    reference was given. It stays when the base URL is changed afterwards, by ``evolve`` or in a
    file; the credential is then refused, until ``rebound()`` says that the change was meant.
    """

    provider_id: ProviderId = field(converter=ProviderId)
    kind: ProviderKind = field(converter=ProviderKind)
    base_url: str = field(validator=and_(TEXT, max_len(2048)))
    tier: Tier = field(default=Tier.CLOUD, converter=Tier)
    default_model: str | None = field(default=None, validator=OPTIONAL_TEXT)
    credential: CredentialRef | None = field(default=None, validator=optional(is_a(*_REFERENCES)))
    bound_to: str | None = field(default=None, converter=_origin_text)
    allowed_networks: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    options: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object)
    headers: JsonObject = field(default=EMPTY_OBJECT, converter=headers_of, validator=check_headers, repr=False)
    idempotency_header: str | None = field(default=None, validator=optional(check_header_name))
    catalog_as: ProviderId | None = field(default=None, converter=_optional_id)

    def __attrs_post_init__(self) -> None:
        if self.provider_id == ROLE_HINT:
            raise ValueError("provider_id: no provider can be called role, which `role:worker` begins with")
        bound_to = self.bound_to
        if self.credential is None:
            bound_to = None  # there is nothing to bind
        elif bound_to is None and (origin := origin_of(self.base_url)) is not None:
            bound_to = str(origin)
        object.__setattr__(self, "bound_to", bound_to)

    @property
    def catalog_names(self) -> tuple[ProviderId, ...]:
        """Under whose names its models and prices stand: its own first, then those of ``catalog_as``."""
        vendor = self.catalog_as
        if vendor is None and self.tier is Tier.CLOUD:
            # What answers on one's own machine is not the vendor, whatever wire it speaks.
            vendor = _VENDORS.get(self.kind)
        own = self.provider_id
        return (own,) if vendor is None or vendor == own else (own, vendor)

    def rebound(self) -> Self:
        """The same record with its credential bound to where it is now: said on purpose, after a change of address."""
        return evolve(self, bound_to=None)
