"""The clients of a governance server: by a token each, or as a file lists them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from provider_runtime.adapters.credentials.references import ReferredSecret
from provider_runtime.adapters.governance.remote.desk import Admission
from provider_runtime.adapters.serialization import DocumentFault, make_converter, structure
from provider_runtime.cli.budgets.opening import environment_for
from provider_runtime.domain.catalog.credentials import CredentialRef, EnvCredential, NamedKeyCredential
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.budgets.access import LedgerClient, Reach
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import SecretStore

_SHORTEST: Final = 16
_LONGEST_FILE: Final = 1024 * 1024


@frozen(kw_only=True)
class ServedClient:
    """A client as a file describes it. ``token`` says where its token is found; the file holds none."""

    token: CredentialRef
    accounts: tuple[str, ...] = ("*",)
    keeper: bool = False


@frozen(kw_only=True)
class ServedClients:
    """Clients by their names."""

    clients: Mapping[str, ServedClient] = field(factory=dict)


def named_clients(token_names: tuple[str, ...], token_variables: tuple[str, ...]) -> dict[str, ServedClient]:
    """A client for each token, called as the token is, who may use and keep everything."""
    by_name = {name: ServedClient(token=NamedKeyCredential(name=name), keeper=True) for name in token_names}
    by_variable = {name: ServedClient(token=EnvCredential(name=name), keeper=True) for name in token_variables}
    return by_name | by_variable


def clients_in(file: Path) -> dict[str, ServedClient]:
    """The clients that a TOML file lists. Raises ``InvalidSettings``."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_FILE + 1)
        if len(content) > _LONGEST_FILE:
            raise _unfit(file.name, "it is too large")
        return dict(structure(make_converter(), ServedClients, tomllib.loads(content.decode())).clients)
    except OSError as failure:
        why, place = failure.strerror or "it cannot be read", file.name
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        why, place = "it is no TOML", file.name
    except DocumentFault as fault:
        why, place = fault.message, f"{file.name}: {fault.field}"
    raise _unfit(place, why)


async def admissions_of(clients: Mapping[str, ServedClient], store: SecretStore | None) -> tuple[Admission, ...]:
    """The clients with their tokens, which are looked up now. Raises ``InvalidSettings``."""
    admissions = []
    for name, client in clients.items():
        try:
            known = LedgerClient(name=name, accounts=map(Reach.parse, client.accounts), keeper=client.keeper)
        except ValueError as fault:
            raise _unfit(f"clients.{name}", str(fault)) from None
        admissions.append(Admission(client=known, token=await _token(name, client.token, store)))
    for number, one in enumerate(admissions):
        for other in admissions[:number]:
            if one.token == other.token:
                raise _unfit("clients", f"{other.client.name} and {one.client.name} have the same token")
    return tuple(admissions)


async def _token(name: str, reference: CredentialRef, store: SecretStore | None) -> Secret:
    place = ReferredSecret(
        reference=reference,
        origin=None,  # it is shown to us, and sent nowhere
        setting=f"clients.{name}.token",
        environment=environment_for(reference),
        secret_store=store,
    )
    token = await place.get()
    if token.is_shorter_than(_SHORTEST):
        raise InvalidSettings(
            field=f"clients.{name}.token",
            message=f"the token of {name} has fewer than {_SHORTEST} letters, and could be guessed",
            remedy="Make a longer one, for example with: openssl rand -hex 32",
        )
    return token


def _unfit(place: str, why: str) -> InvalidSettings:
    return InvalidSettings(field=place, message=why, remedy="See the reference: how to share a budget.")
