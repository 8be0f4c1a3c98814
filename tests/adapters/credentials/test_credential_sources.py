"""The sources of credentials: asked in their order, anew for each attempt, and only as far as needed."""

import asyncio
import itertools
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from attrs import evolve
from keyring.backend import KeyringBackend
from traceback_search import told_by

from provider_runtime.adapters.credentials.memory import MemorySecretStore
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import (
    BackendError,
    CredentialBoundElsewhere,
    CredentialMissing,
    InvalidSettings,
    StoreUnsafe,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.policy.credentials import FoundCredential, NoCredential
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.secrets import SecretStore, StoredSecret
from provider_runtime.ports.tokens import CredentialFinder
from provider_runtime.testing.fakes import FakeTokens
from provider_runtime.testing.mocks import MockSecretStore

ACME = ProviderId("acme")
THERE = Origin("https", "api.acme.example", 443)
CALL = Secret("key-of-the-call")


class _Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return "key-of-keyring" if (service, username) == ("llm", "work") else None

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


REFERENCES: dict[str, CredentialRef | None] = {
    "nothing": None,
    "named_key": NamedKeyCredential(name="work"),
    "key_file": KeyFileCredential(path="~/key"),
    "keyring": KeyringCredential(service="llm", name="work"),
    "env": EnvCredential(name="ACME_KEY"),
}


def record(reference: CredentialRef | None = None) -> ProviderConfig:
    return ProviderConfig(
        provider_id=ACME, kind="openai_compatible", base_url="https://api.acme.example/v1", credential=reference
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text("key-of-key_file\n")
    return tmp_path


@pytest.fixture
async def everything(home: Path) -> CredentialSources:
    """Every source knows a credential."""
    store = MemorySecretStore()
    await store.put("work", Secret("key-of-named_key"), bound_to=THERE)
    return CredentialSources(
        given={ACME: Secret("key-of-runtime")},
        environment={"ACME_KEY": Secret("key-of-env")},
        secret_store=store,
        keyring=SystemKeyring(_Keyring()),
        tokens=FakeTokens({ACME: "key-of-token_provider"}),
    )


def test_it_is_a_credential_finder() -> None:
    assert isinstance(CredentialSources(), CredentialFinder)


@pytest.mark.parametrize("kind", REFERENCES)
async def test_the_first_source_in_the_order_answers_whatever_the_later_ones_know(
    everything: CredentialSources, kind: str
) -> None:
    for call, runtime, refers, tokens, only in itertools.product((False, True), repeat=5):
        sources = evolve(
            everything,
            given=everything.given if runtime else {},
            tokens=everything.tokens if tokens else None,
            token_provider_only=only,
        )
        ladder = [
            ("call", call),
            ("runtime", runtime),
            (kind, refers and kind != "nothing"),
            ("token_provider", tokens),
        ]
        knowing = [name for name, there in ladder if there and (not only or name == "token_provider")]

        found = await sources.find(record(REFERENCES[kind] if refers else None), call=CALL if call else None)

        if not knowing:
            assert found == NoCredential()
            continue
        assert isinstance(found, FoundCredential)
        assert found.source.kind.value == knowing[0]
        assert found.secret == (CALL if knowing[0] == "call" else Secret(f"key-of-{knowing[0]}"))


@pytest.mark.parametrize("kind", ["call", "runtime", "named_key", "key_file", "keyring", "env"])
async def test_no_source_is_asked_after_one_that_knew(everything: CredentialSources, kind: str) -> None:
    tokens, store = FakeTokens({ACME: "t"}), MockSecretStore()
    await store.put("work", Secret("key-of-named_key"), bound_to=THERE)
    store.reset()
    sources = evolve(everything, tokens=tokens, secret_store=store, given=everything.given if kind == "runtime" else {})
    reference = REFERENCES.get(kind, NamedKeyCredential(name="work"))
    await sources.find(record(reference), call=CALL if kind == "call" else None)
    assert tokens.asked == []
    assert len(store.calls) == (kind == "named_key")


@pytest.mark.parametrize("kind", ["key_file", "keyring", "env"])
async def test_a_reference_that_leads_to_nothing_leaves_the_word_to_the_token_provider(kind: str) -> None:
    absent: dict[str, CredentialRef] = {
        "key_file": KeyFileCredential(path="/nowhere/key"),
        "keyring": KeyringCredential(service="llm", name="nobody"),
        "env": EnvCredential(name="UNSET"),
    }
    sources = CredentialSources(keyring=SystemKeyring(_Keyring()), tokens=FakeTokens({ACME: "token"}))
    found = await sources.find(record(absent[kind]))
    assert isinstance(found, FoundCredential)
    assert found.secret == Secret("token")
    alone = await evolve(sources, tokens=None).find(record(absent[kind]))
    assert isinstance(alone, NoCredential)
    assert [source.kind.value for source in alone.tried] == [kind]


async def test_variables_are_looked_at_in_their_order() -> None:
    sources = CredentialSources(environment={"B_KEY": Secret("b"), "C_KEY": Secret("c")})
    found = await sources.find(record(EnvCredential(name="A_KEY", alternatives=("B_KEY", "C_KEY"))))
    assert isinstance(found, FoundCredential)
    assert (str(found.source), found.secret) == ("env:B_KEY", Secret("b"))


# ── anew for each attempt ───────────────────────────────────────────────────────────────────


async def _rotate_file(sources: CredentialSources) -> None:
    await asyncio.to_thread(Path("~/key").expanduser().write_text, "key-after")


async def _rotate_store(sources: CredentialSources) -> None:
    assert sources.secret_store is not None
    await sources.secret_store.put("work", Secret("key-after"), bound_to=THERE)


async def _rotate_token(sources: CredentialSources) -> None:
    assert isinstance(sources.tokens, FakeTokens)
    sources.tokens.tokens = {ACME: "key-after"}


@pytest.mark.parametrize(
    ("kind", "rotate"), [("key_file", _rotate_file), ("named_key", _rotate_store), ("nothing", _rotate_token)]
)
async def test_a_rotated_credential_is_used_at_the_next_attempt(
    everything: CredentialSources, kind: str, rotate: Callable[[CredentialSources], Awaitable[None]]
) -> None:
    sources = evolve(everything, given={})
    await sources.find(record(REFERENCES[kind]))
    await rotate(sources)
    found = await sources.find(record(REFERENCES[kind]))
    assert isinstance(found, FoundCredential)
    assert found.secret == Secret("key-after")


async def test_a_key_file_is_read_outside_the_event_loop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    opening = os.open

    def watching(path: object, *rest: int) -> int:
        if str(path).endswith("/key"):
            threads.append(threading.get_ident())
        return opening(path, *rest)  # type: ignore[arg-type]  # whatever it was called with

    monkeypatch.setattr(os, "open", watching)
    await CredentialSources().find(record(KeyFileCredential(path="~/key")))
    assert threads
    assert threading.get_ident() not in threads


# ── named keys ──────────────────────────────────────────────────────────────────────────────


async def test_a_named_key_without_a_store_is_an_error_whoever_else_might_know_one() -> None:
    sources = CredentialSources(tokens=FakeTokens({ACME: "token"}))
    with pytest.raises(CredentialMissing) as missing:
        await sources.find(record(NamedKeyCredential(name="work")))
    assert "secrets=SecretFile" in missing.value.remedy


async def test_an_unknown_named_key_is_an_error_whoever_else_might_know_one() -> None:
    sources = CredentialSources(secret_store=MemorySecretStore(), tokens=FakeTokens({ACME: "token"}))
    with pytest.raises(CredentialMissing, match="acme"):
        await sources.find(record(NamedKeyCredential(name="work")))


@pytest.mark.parametrize(
    "elsewhere",
    ["http://api.acme.example:443", "https://api.acme.example:8443", "https://acme.example", "https://evil.example"],
)
async def test_a_named_key_goes_to_the_origin_it_was_stored_for_and_nowhere_else(elsewhere: str) -> None:
    store, bound_to = MemorySecretStore(), origin_of(elsewhere)
    assert bound_to is not None
    await store.put("work", Secret("key-of-named_key"), bound_to=bound_to)
    with pytest.raises(CredentialBoundElsewhere) as refused:
        await CredentialSources(secret_store=store).find(record(NamedKeyCredential(name="work")))
    assert (refused.value.bound_to, refused.value.origin) == (str(bound_to), str(THERE))
    assert "key-of-named_key" not in told_by(refused.value)


async def test_a_store_that_cannot_be_used_is_an_error_and_not_a_missing_key() -> None:
    store = MockSecretStore()
    store.fail("get", StoreUnsafe(kind="secrets", key="k", message="can be read by others", remedy="chmod 600 k"))
    sources = CredentialSources(secret_store=store, tokens=FakeTokens({ACME: "token"}))
    with pytest.raises(StoreUnsafe):
        await sources.find(record(NamedKeyCredential(name="work")))


# ── token providers of others ───────────────────────────────────────────────────────────────


class _Answering:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def get_token(self, provider_id: ProviderId) -> Secret:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # the mistake under test


async def test_a_token_provider_that_knows_none_says_the_way_out() -> None:
    nobody = CredentialMissing(provider=ACME, message="logged out", remedy="Log in again.")
    found = await CredentialSources(tokens=_Answering(nobody)).find(record())
    assert isinstance(found, NoCredential)
    assert (found.remedy, [str(source) for source in found.tried]) == ("Log in again.", ["token_provider"])


async def test_a_token_provider_that_breaks_is_one_typed_error_that_quotes_nothing() -> None:
    with pytest.raises(BackendError, match="OSError") as failed:
        await CredentialSources(tokens=_Answering(OSError("cannot refresh sk-canary-4f9d1c7e"))).find(record())
    assert failed.value.remedy
    assert "canary" not in told_by(failed.value)


async def test_an_error_of_ours_from_a_token_provider_is_passed_on() -> None:
    with pytest.raises(BackendError, match="vault is sealed"):
        await CredentialSources(tokens=_Answering(BackendError(message="the vault is sealed"))).find(record())


@pytest.mark.parametrize("answer", ["sk-canary-4f9d1c7e", None, b"sk-canary-4f9d1c7e", ""])
async def test_a_token_that_is_not_wrapped_is_refused_without_being_quoted(answer: object) -> None:
    with pytest.raises(InvalidSettings, match="must return a Secret") as refused:
        await CredentialSources(tokens=_Answering(answer)).find(record())
    assert "Secret(value)" in refused.value.remedy
    assert "canary" not in told_by(refused.value)


async def test_cancelling_a_token_provider_cancels_the_call() -> None:
    with pytest.raises(asyncio.CancelledError):
        await CredentialSources(tokens=_Answering(asyncio.CancelledError())).find(record())


# ── reports ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", REFERENCES)
async def test_a_report_names_the_source_that_would_answer_and_no_secret(
    everything: CredentialSources, kind: str
) -> None:
    report = await evolve(everything, given={}).report(record(REFERENCES[kind]))
    wanted = {"nothing": "token_provider", "env": "env:ACME_KEY"}.get(kind, kind)
    assert (str(report.source), report.problem) == (wanted, "")
    assert report.bound_to == (None if kind == "nothing" else str(THERE))
    assert "key-of" not in repr(report)


async def test_a_report_asks_no_token_provider() -> None:
    tokens = FakeTokens({ACME: "token"})
    report = await CredentialSources(tokens=tokens).report(record(EnvCredential(name="UNSET")))
    assert str(report.source) == "token_provider"
    assert tokens.asked == []


async def test_a_report_says_what_a_call_would_fail_with() -> None:
    moved = evolve(record(EnvCredential(name="KEY")), base_url="https://elsewhere.example")
    sources = CredentialSources(environment={"KEY": Secret("k")})
    problems = [
        (await sources.report(moved)).problem,
        (await sources.report(record(EnvCredential(name="UNSET")))).problem,
        (await sources.report(record(NamedKeyCredential(name="work")))).problem,
    ]
    assert [problem.split("[")[0] for problem in problems] == [
        "credential_bound_elsewhere",
        "credential_missing",
        "credential_missing",
    ]
    tried = (await sources.report(record(EnvCredential(name="UNSET", alternatives=("TOO",))))).tried
    assert [str(source) for source in tried] == ["env:UNSET", "env:TOO"]


async def test_the_sources_print_no_secret(everything: CredentialSources) -> None:
    await everything.find(record(NamedKeyCredential(name="work")), call=CALL)
    assert "key-of" not in repr(everything)


class _SlowStore:
    """A store that answers in its own time."""

    async def put(self, name: str, secret: Secret, *, bound_to: Origin) -> None: ...

    async def get(self, name: str) -> StoredSecret | None:
        await asyncio.sleep(0)
        return StoredSecret(secret=Secret(f"key-{name}"), bound_to=THERE)

    async def delete(self, name: str) -> bool:
        return False

    async def names(self) -> tuple[str, ...]:
        return ()


async def test_asking_at_once_mixes_nothing_up() -> None:
    store: SecretStore = _SlowStore()
    sources = CredentialSources(secret_store=store)
    names = [f"n{number}" for number in range(20)]
    found = await asyncio.gather(*(sources.find(record(NamedKeyCredential(name=name))) for name in names))
    assert [one.secret for one in found if isinstance(one, FoundCredential)] == [
        Secret(f"key-{name}") for name in names
    ]
