"""CredentialSources: the credential for one attempt, from the first source that knows one."""

import asyncio
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from provider_runtime.adapters.credentials.key_files import read_key_file
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring
from provider_runtime.domain.catalog.credentials import KeyFileCredential, KeyringCredential, NamedKeyCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import BackendError, CredentialMissing, InvalidSettings, ProviderRuntimeError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.policy.credentials import (
    CredentialAnswer,
    CredentialReport,
    CredentialSource,
    FoundCredential,
    NoCredential,
    SourceKind,
    bound_elsewhere,
    fault_of_binding,
    missing,
    sources_in_order,
)
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.tokens import TokenProvider

_OF_THE_CALL: Final = CredentialSource(SourceKind.CALL)
_OF_THE_RUNTIME: Final = CredentialSource(SourceKind.RUNTIME)


@frozen(kw_only=True)
class CredentialSources:
    """Asks the sources in their order, anew for each attempt, and takes the first answer.

    The order: the call's own credential; ``given``, handed to the runtime by provider id; what the
    provider record refers to (a named key in ``secret_store``, a key file, an entry of the system's
    ``keyring``, variables in ``environment``); ``tokens``.

    ``environment`` holds only variables that some record names. ``token_provider_only`` leaves
    nothing but ``tokens``. What blocks is done in a thread.
    """

    given: Mapping[ProviderId, Secret] = field(factory=dict, repr=False)
    environment: Mapping[str, Secret] = field(factory=dict, repr=False)
    secret_store: SecretStore | None = None
    keyring: SystemKeyring = field(factory=SystemKeyring)
    tokens: TokenProvider | None = None
    token_provider_only: bool = False

    async def find(self, record: ProviderConfig, *, call: Secret | None = None) -> CredentialAnswer:
        """See ``CredentialFinder``."""
        if not self.token_provider_only:  # what was handed over comes first, and needs no list of sources
            if call is not None:
                return FoundCredential(call, _OF_THE_CALL)
            given = self.given.get(record.provider_id)
            if given is not None:
                return FoundCredential(given, _OF_THE_RUNTIME)
        tried: tuple[CredentialSource, ...] = ()
        for source in self._in_order(record):
            secret = self._at_hand(source, record) or await self._fetched(source, record)
            if isinstance(secret, Secret):
                return FoundCredential(secret, source)
            tried = (*tried, source)
            if isinstance(secret, CredentialMissing):
                return NoCredential(tried=tried, remedy=secret.remedy)
        return NoCredential(tried=tried)

    async def report(self, record: ProviderConfig) -> CredentialReport:
        """See ``CredentialFinder``."""
        provider, bound_to = record.provider_id, record.bound_to
        if fault := fault_of_binding(record):
            return CredentialReport(provider=provider, bound_to=bound_to, problem=str(fault))
        tried: tuple[CredentialSource, ...] = ()
        for source in self._in_order(record):
            try:
                # A token provider is asked where something is sent, and not for a report.
                there = (
                    source.kind is SourceKind.TOKEN_PROVIDER
                    or (self._at_hand(source, record) or await self._fetched(source, record)) is not None
                )
            except ProviderRuntimeError as problem:
                return CredentialReport(
                    provider=provider, bound_to=bound_to, tried=(*tried, source), problem=str(problem)
                )
            if there:
                return CredentialReport(provider=provider, bound_to=bound_to, tried=tried, source=source)
            tried = (*tried, source)
        nobody = missing(record, NoCredential(tried=tried))
        return CredentialReport(provider=provider, bound_to=bound_to, tried=tried, problem=str(nobody))

    def _in_order(self, record: ProviderConfig) -> tuple[CredentialSource, ...]:
        return sources_in_order(
            record.credential,
            runtime=record.provider_id in self.given,
            token_provider=self.tokens is not None,
            token_provider_only=self.token_provider_only,
        )

    def _at_hand(self, source: CredentialSource, record: ProviderConfig) -> Secret | None:
        """What nobody has to wait for."""
        if source.kind is SourceKind.RUNTIME:
            return self.given[record.provider_id]
        return self.environment.get(source.name) if source.kind is SourceKind.ENVIRONMENT else None

    async def _fetched(self, source: CredentialSource, record: ProviderConfig) -> Secret | CredentialMissing | None:
        if source.kind is SourceKind.TOKEN_PROVIDER:
            return await self._token(record.provider_id)
        match record.credential:
            case KeyFileCredential(path=path):
                return await asyncio.to_thread(read_key_file, path)
            case KeyringCredential(service=service, name=name):
                return await self.keyring.secret(service, name)
            case NamedKeyCredential(name=name):
                return await self._named_key(name, record)
        return None

    async def _named_key(self, name: str, record: ProviderConfig) -> Secret:
        # A key that is called by its name has to be there: nothing else stands in for it.
        if self.secret_store is None:
            raise missing(
                record,
                NoCredential(remedy="Give the runtime a secret store: RuntimeSettings(secrets=SecretFile(path=…))."),
            )
        kept = await self.secret_store.get(name)
        if kept is None:
            raise missing(record, NoCredential())
        origin = origin_of(record.base_url)
        if kept.bound_to != origin:
            raise bound_elsewhere(
                record,
                str(kept.bound_to),
                origin,
                remedy="Store a key for this origin, under this name or another.",
            )
        return kept.secret

    async def _token(self, provider_id: ProviderId) -> Secret | CredentialMissing | None:
        if self.tokens is None:
            return None
        try:
            token: object = await self.tokens.get_token(provider_id)
        except CredentialMissing as nobody:
            return nobody.with_traceback(None)
        except ProviderRuntimeError:
            raise
        except Exception as failure:  # noqa: BLE001 - it is not ours, and may hold the token it was about
            reason = type(failure).__name__
        else:
            if isinstance(token, Secret):
                return token
            kind = type(token).__name__
            del token  # a traceback may show the locals of this frame
            raise InvalidSettings(
                field="tokens",
                message=f"a TokenProvider must return a Secret, not {kind}",
                remedy="Return Secret(value).",
            )
        raise BackendError(
            kind="token_provider",
            key=provider_id,
            message=f"the token provider failed with {reason}",
            remedy="Let it raise CredentialMissing where it knows none; its own log says more.",
        )
