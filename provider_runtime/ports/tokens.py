"""TokenProvider: the credential for one attempt of one call."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import Secret


@runtime_checkable
class TokenProvider(Protocol):
    """Finds the credential for one provider, at the moment of one attempt.

    Async: the answer may come from a vault. Asking for one provider never answers for
    another. Nothing is kept between calls: a runtime that has lost its credential fails,
    it does not borrow the one it used last.
    Raises ``CredentialMissing`` when no source knows ``provider_id``.
    """

    async def get_token(self, provider_id: ProviderId) -> Secret: ...
