"""References to credentials: where a key is found, never the key."""

from typing import TypeAlias

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS
from provider_runtime.domain.json_values import tuple_of


@frozen(kw_only=True)
class EnvCredential:
    """The credential stands in the environment variable ``name``, read once when a runtime opens.

    ``alternatives`` are looked at in their order where ``name`` is unset, blank or "none".
    """

    name: str = field(validator=FILLED)
    alternatives: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)

    @property
    def names(self) -> tuple[str, ...]:
        """Every variable that may hold the credential, in the order in which they are looked at."""
        return (self.name, *self.alternatives)


@frozen(kw_only=True)
class KeyFileCredential:
    """The credential is the content of the file at ``path``, read anew for each attempt.

    ``~`` is the home directory; a relative path begins at the working directory.
    """

    path: str = field(validator=FILLED)


@frozen(kw_only=True)
class NamedKeyCredential:
    """The credential is kept under ``name`` in the secret store of the runtime (``RuntimeSettings.secrets``)."""

    name: str = field(validator=FILLED)


@frozen(kw_only=True)
class KeyringCredential:
    """The credential is the entry of ``service`` and ``name`` in the keyring of the operating system."""

    service: str = field(validator=FILLED)
    name: str = field(validator=FILLED)


CredentialRef: TypeAlias = EnvCredential | KeyFileCredential | NamedKeyCredential | KeyringCredential
