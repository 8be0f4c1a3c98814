"""Provider records: a stable id, the wire it speaks, where it is, and whose machine that is."""

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import and_, max_len, optional

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, OPTIONAL_TEXT, TEXT, is_a
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object, tuple_of


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


@frozen(kw_only=True)
class EnvCredential:
    """The credential stands in the environment variable ``name``, read once when a runtime opens."""

    name: str = field(validator=FILLED)


@frozen(kw_only=True)
class KeyFileCredential:
    """The credential is the content of the file at ``path``; ``~`` is the home directory."""

    path: str = field(validator=FILLED)


CredentialRef = EnvCredential | KeyFileCredential


@frozen(kw_only=True)
class ProviderConfig:
    """One provider, as an operator registered it. Holds no secret, only where to find one.

    ``base_url`` is the address up to, not including, the path that the wire adds: for OpenAI
    ``https://api.openai.com``. It is judged by the endpoint gate at each call. ``options`` are
    private settings of the dialect, checked by the adapter that is built from the record.
    """

    provider_id: ProviderId = field(converter=ProviderId)
    kind: ProviderKind = field(converter=ProviderKind)
    base_url: str = field(validator=and_(TEXT, max_len(2048)))
    tier: Tier = field(default=Tier.CLOUD, converter=Tier)
    default_model: str | None = field(default=None, validator=OPTIONAL_TEXT)
    credential: CredentialRef | None = field(default=None, validator=optional(is_a(EnvCredential, KeyFileCredential)))
    allowed_networks: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    options: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object)
