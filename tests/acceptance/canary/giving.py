"""Every way to give a runtime a key: in its settings, by reference, with the call, by a provider of tokens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from provider_runtime import (
    CallOptions,
    EnvCredential,
    FileAudit,
    FileReceipts,
    Governance,
    KeyFileCredential,
    ModelCatalog,
    NamedKeyCredential,
    PricingTable,
    ProviderConfig,
    ProviderKind,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    Tier,
)
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.composition.settings import SecretFile
from provider_runtime.domain.catalog.credentials import CredentialRef
from provider_runtime.domain.origins import origin_of
from provider_runtime.testing.fakes import FakeTokens

VARIABLE: Final = "CANARY_TEST_KEY"


class Way(StrEnum):
    """How the key is given."""

    SETTINGS = "settings"
    ENVIRONMENT = "environment"
    KEY_FILE = "key_file"
    STORE = "store"
    CALL = "call"
    TOKENS = "tokens"


@frozen(kw_only=True)
class Given:
    """A runtime that has its key in one way: settings, parts, and the options of its calls."""

    settings: RuntimeSettings
    parts: dict[str, Any]
    options: CallOptions


async def given(way: Way, key: str, header: str, base_url: str, kind: ProviderKind, folder: Path, **more: Any) -> Given:
    """``folder`` gets a part for what is secret by right and one, ``kept``, for what must not be."""
    private, kept = folder / "private", folder / "kept"
    private.mkdir(mode=0o700, exist_ok=True)
    kept.mkdir(exist_ok=True)
    reference: CredentialRef | None = None
    if way is Way.ENVIRONMENT:
        reference = EnvCredential(name=VARIABLE)
    elif way is Way.KEY_FILE:
        (private / "key").write_text(f"{key}\n")
        reference = KeyFileCredential(path=str(private / "key"))
    elif way is Way.STORE:
        origin = origin_of(base_url)
        assert origin is not None
        await FilesystemSecretStore(path=private / "keys.json").put("canary", Secret(key), bound_to=origin)
        reference = NamedKeyCredential(name="canary")
    path = "/compatible/v1" if kind is ProviderKind.OPENAI_COMPATIBLE else ""
    record = ProviderConfig(
        provider_id="vendor", kind=kind, base_url=base_url + path, tier=Tier.LOCAL, credential=reference
    )
    told: dict[str, Any] = {
        "providers": (record,),
        "credentials": {"vendor": Secret(key)} if way is Way.SETTINGS else {},
        "secrets": SecretFile(path=private / "keys.json"),
        "retry": RetryPolicy(max_attempts=2, initial_backoff_ms=0, max_backoff_ms=1),
        "receipts": FileReceipts(path=kept / f"{way}.jsonl"),
        "governance": Governance(grants=["*"], audit=FileAudit(path=kept / "audit")),
        "catalog": ModelCatalog(),  # a runtime prints with its catalog: the shipped one takes a second
        "prices": PricingTable(),
        **more,
    }
    return Given(
        settings=RuntimeSettings(**told),
        parts={"tokens": FakeTokens({"vendor": Secret(key)})} if way is Way.TOKENS else {},
        options=CallOptions(credential=Secret(key) if way is Way.CALL else None, headers={"x-team": header}),
    )


@contextmanager
def variable(key: str) -> Iterator[None]:
    """The key in the environment, for as long as a runtime that reads it there is opened."""
    os.environ[VARIABLE] = key
    try:
        yield
    finally:
        del os.environ[VARIABLE]
