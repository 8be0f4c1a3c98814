"""TokenProvider and CredentialFinder: the credential for one attempt of one call."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.credentials import CredentialAnswer, CredentialReport
from provider_runtime.domain.secrets import Secret


@runtime_checkable
class TokenProvider(Protocol):
    """Finds the credential for one provider, at the moment of one attempt: the hook for tokens that expire.

    The last source that is asked, and only where something is about to be sent. Async: the answer
    may come from a vault, or from a login service. Asking for one provider never answers for
    another. Raises ``CredentialMissing`` when it knows none for ``provider_id``; its ``remedy``
    reaches the caller.
    """

    async def get_token(self, provider_id: ProviderId) -> Secret: ...


@runtime_checkable
class CredentialFinder(Protocol):
    """Asks the sources of credentials in their order, anew for each attempt.

    Nothing is kept between attempts: a credential that was rotated is used at the next one, and a
    runtime that has lost its credential fails, it does not borrow the one it used last.
    """

    async def find(self, record: ProviderConfig, *, call: Secret | None = None) -> CredentialAnswer:
        """The credential for one attempt with the provider of ``record``; ``call`` is the call's own.

        Raises ``CredentialBoundElsewhere`` for one that may not go to where the record leads,
        ``CredentialMissing`` where a named key is wanted and not there, and ``BackendError`` when
        a store cannot be used.
        """
        ...

    async def report(self, record: ProviderConfig) -> CredentialReport:
        """Which source would answer, told without the credential. Asks no ``TokenProvider``; never raises."""
        ...
