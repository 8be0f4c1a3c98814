"""Credentials of a runtime: those it was given, those its settings point to, and no others."""

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from provider_runtime.domain.catalog.providers import EnvCredential, KeyFileCredential, ProviderConfig
from provider_runtime.domain.errors import CredentialMissing
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import Secret

_UNSET = frozenset({"", "none"})


def as_secret(text: str | None) -> Secret | None:
    """The text as a secret; ``None`` for blank text and the word "none". Raises ``ValueError`` for unfit text."""
    trimmed = (text or "").strip()
    return None if trimmed.lower() in _UNSET else Secret(trimmed)


@frozen(kw_only=True)
class ConfiguredTokens:
    """Finds credentials by provider record.

    Order: ``given`` (handed to the runtime directly), then the record's key file, then the
    record's environment variable. ``environment`` holds only variables that some record names.
    Key files are read at each attempt, so a rotated key is used at the next one.
    """

    records: Mapping[ProviderId, ProviderConfig]
    given: Mapping[ProviderId, Secret] = field(factory=dict, repr=False)
    environment: Mapping[str, str] = field(factory=dict, repr=False)

    async def get_token(self, provider_id: ProviderId) -> Secret:
        """The credential of ``provider_id``. Raises ``CredentialMissing``."""
        secret = self.given.get(provider_id) or self._referred(provider_id)
        if secret is None:
            raise self._missing(provider_id)
        return secret

    def _referred(self, provider_id: ProviderId) -> Secret | None:
        record = self.records.get(provider_id)
        reference = record.credential if record else None
        if isinstance(reference, EnvCredential):
            return _readable(self.environment.get(reference.name))
        if isinstance(reference, KeyFileCredential):
            try:
                return _readable(Path(reference.path).expanduser().read_text())
            except (OSError, UnicodeDecodeError):
                return None
        return None

    def _missing(self, provider_id: ProviderId) -> CredentialMissing:
        record = self.records.get(provider_id)
        reference = record.credential if record else None
        remedy = f'Hand a key over: builder().with_api_key("{provider_id}", …), or CallOptions(credential=…).'
        names: tuple[str, ...] = ()
        if isinstance(reference, EnvCredential):
            names = (reference.name,)
            remedy = f"Set the environment variable {reference.name} before the runtime opens, or hand a key over."
        elif isinstance(reference, KeyFileCredential):
            remedy = "Put the key, and nothing else, into the key file that the provider record names."
        return CredentialMissing(
            provider=provider_id,
            env_candidates=names,
            message=f"no credential is known for provider {provider_id}",
            remedy=remedy,
        )


def _readable(text: str | None) -> Secret | None:
    try:
        return as_secret(text)
    except ValueError:
        return None
