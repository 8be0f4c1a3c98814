"""The adapter and its credential: to its own origin alone, and whether another is at hand when one was refused."""

import pytest
from attrs import define, evolve, field
from hypothesis import example, given
from hypothesis import strategies as st
from traceback_search import told_by

from provider_runtime.adapters.credentials.memory import MemorySecretStore
from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.composition.wires import adapter_for
from provider_runtime.domain.catalog.credentials import CredentialRef, EnvCredential, NamedKeyCredential
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import (
    CredentialBoundElsewhere,
    CredentialMissing,
    CredentialsRejected,
    ProviderRuntimeError,
    RequestInvalid,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpReply, HttpRequest
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTokens, FakeTransport

ACME = ProviderId("acme")
REFUSED = HttpReply(status=401, body=b'{"error":{"message":"no","type":"invalid_request_error"}}')
FORBIDDEN = HttpReply(status=403, body=b"{}")
A_KEY = Secret("sk-canary-4f9d1c7e")


def a_record(base_url: str = "https://api.acme.example", credential: CredentialRef | None = None) -> ProviderConfig:
    return ProviderConfig(provider_id=ACME, kind="openai_compatible", base_url=base_url, credential=credential)


def an_adapter(record: ProviderConfig, transport: FakeTransport, sources: CredentialSources) -> WireAdapter:
    adapter = adapter_for(record, ModelCatalog(), transport, sources)
    assert isinstance(adapter, WireAdapter)
    return adapter


async def send(adapter: WireAdapter, context: AdapterContext | None = None) -> ProviderRuntimeError:
    """One attempt, and what it failed with."""
    with pytest.raises(ProviderRuntimeError) as failed:
        await adapter.send(adapter.prepare(a_request(model="acme:m")), context or AdapterContext())
    return failed.value


# ── each key at its own origin ──────────────────────────────────────────────────────────────

_BASE_URLS = st.sampled_from(
    (
        "https://api.acme.example",
        "https://API.acme.example:443/v1/",
        "https://api.acme.example/other",
        "https://api.acme.example.evil.example",
        "https://api.acme.example:8443",
        "http://api.acme.example",
        "https://evil.example",
        "https://evil.example/https://api.acme.example/",
        "http://localhost:1/v1",
        "https://api.acme.example@evil.example",
        "not a URL",
        "",
    )
)


@given(registered=_BASE_URLS, used=_BASE_URLS, stored_for=_BASE_URLS, named=st.booleans(), listing=st.booleans())
@example(registered="https://api.acme.example", used="https://evil.example", stored_for="", named=False, listing=False)
@example(
    registered="https://evil.example",
    used="https://evil.example",
    stored_for="https://api.acme.example",
    named=True,
    listing=False,
)
async def test_whatever_records_and_base_urls_say_each_key_is_seen_at_its_own_origin_only(
    registered: str, used: str, stored_for: str, *, named: bool, listing: bool
) -> None:
    transport, store = FakeTransport(lambda _request: FORBIDDEN), MemorySecretStore()
    bound_to = origin_of(stored_for)
    if bound_to is not None:
        await store.put("work", A_KEY, bound_to=bound_to)
    reference = NamedKeyCredential(name="work") if named else EnvCredential(name="KEY")
    record = evolve(a_record(registered, reference), base_url=used)
    adapter = an_adapter(record, transport, CredentialSources(environment={"KEY": A_KEY}, secret_store=store))
    if listing:
        with pytest.raises(ProviderRuntimeError):
            await adapter.discover_models(DiscoveryOptions(), AdapterContext())
    else:
        await send(adapter)

    # A record that never had an origin is bound to the first one it gets.
    own = {
        str(origin) for origin in ([bound_to] if named else []) + [origin_of(registered) or origin_of(used)] if origin
    }
    for exchange in transport.exchanges:
        assert exchange.auth is not None
        assert exchange.auth.origin.is_of(exchange.url)
        assert str(exchange.auth.origin) in own
        assert str(origin_of(used)) in own
        assert not named or exchange.auth.origin == bound_to


@given(origin=_BASE_URLS, url=_BASE_URLS)
def test_no_request_exists_whose_credential_belongs_to_another_origin(origin: str, url: str) -> None:
    owner = origin_of(origin) or Origin("https", "nobody.example", 443)
    auth = AuthHeader(name="authorization", secret=A_KEY, origin=owner)
    if owner.is_of(url):
        assert HttpRequest(method="GET", url=url, tier="cloud", auth=auth).auth == auth
        return
    with pytest.raises(CredentialBoundElsewhere) as refused:
        HttpRequest(method="GET", url=url, tier="cloud", auth=auth)
    assert refused.value.bound_to == str(owner)


def test_a_request_cannot_be_led_elsewhere_afterwards() -> None:
    auth = AuthHeader(name="authorization", secret=A_KEY, origin=Origin("https", "api.acme.example", 443))
    request = HttpRequest(method="GET", url="https://api.acme.example/v1", tier="cloud", auth=auth)
    with pytest.raises(CredentialBoundElsewhere):
        evolve(request, url="https://evil.example/v1")


async def test_a_record_that_was_moved_is_refused_before_any_secret_is_read() -> None:
    tokens, transport = FakeTokens({ACME: "token"}), FakeTransport()
    moved = evolve(a_record(credential=EnvCredential(name="KEY")), base_url="https://evil.example")
    sources = CredentialSources(tokens=tokens)
    error = await send(an_adapter(moved, transport, sources))
    assert isinstance(error, CredentialBoundElsewhere)
    assert (error.bound_to, error.origin) == ("https://api.acme.example:443", "https://evil.example:443")
    assert (transport.exchanges, tokens.asked) == ([], [])
    with pytest.raises(CredentialBoundElsewhere):
        await an_adapter(moved, transport, sources).discover_models(DiscoveryOptions(), AdapterContext())


async def test_not_even_the_key_of_a_call_follows_a_record_that_was_moved() -> None:
    transport = FakeTransport()
    moved = evolve(a_record(credential=EnvCredential(name="KEY")), base_url="https://evil.example")
    error = await send(an_adapter(moved, transport, CredentialSources()), AdapterContext(credential=A_KEY))
    assert isinstance(error, CredentialBoundElsewhere)
    assert transport.exchanges == []
    assert A_KEY.reveal() not in told_by(error)


async def test_a_record_that_was_moved_on_purpose_takes_its_key_along() -> None:
    transport = FakeTransport([FORBIDDEN])
    moved = evolve(a_record(credential=EnvCredential(name="KEY")), base_url="https://new.example").rebound()
    await send(an_adapter(moved, transport, CredentialSources(environment={"KEY": A_KEY})))
    assert [exchange.auth and str(exchange.auth.origin) for exchange in transport.exchanges] == [
        "https://new.example:443"
    ]


# ── refused with 401 ────────────────────────────────────────────────────────────────────────


@define
class _Rotating:
    """A token provider with a new token for each time it is asked, as long as there are any."""

    tokens: list[str]
    asked: list[ProviderId] = field(factory=list)

    async def get_token(self, provider_id: ProviderId) -> Secret:
        self.asked.append(provider_id)
        if not self.tokens:
            raise CredentialMissing(provider=provider_id)
        return Secret(self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0])


@pytest.mark.parametrize(("tokens", "another"), [(["a", "b"], True), (["a", "a"], False), (["a"], False)])
async def test_a_refusal_says_whether_a_different_token_is_at_hand(tokens: list[str], *, another: bool) -> None:
    adapter = an_adapter(a_record(), FakeTransport([REFUSED]), CredentialSources(tokens=_Rotating(tokens)))
    error = await send(adapter)
    assert isinstance(error, CredentialsRejected)
    assert error.another_at_hand is another


async def test_a_key_that_was_rotated_while_the_old_one_was_refused_is_at_hand_and_used_next() -> None:
    store, origin = MemorySecretStore(), Origin("https", "api.acme.example", 443)
    await store.put("work", Secret("old"), bound_to=origin)
    sources = CredentialSources(secret_store=store)

    @define
    class Rotating(FakeTransport):
        async def exchange(self, request: HttpRequest) -> HttpReply:
            await store.put("work", Secret("new"), bound_to=origin)
            self.exchanges.append(request)
            return REFUSED

    transport = Rotating()
    adapter = an_adapter(a_record(credential=NamedKeyCredential(name="work")), transport, sources)
    first, second = await send(adapter), await send(adapter)
    assert isinstance(first, CredentialsRejected)
    assert isinstance(second, CredentialsRejected)
    assert (first.another_at_hand, second.another_at_hand) == (True, False)
    assert [exchange.auth and exchange.auth.secret for exchange in transport.exchanges] == [
        Secret("old"),
        Secret("new"),
    ]


async def test_the_key_of_the_call_is_the_only_one_there_is_for_it() -> None:
    tokens = _Rotating(["a", "b"])
    adapter = an_adapter(a_record(), FakeTransport([REFUSED]), CredentialSources(tokens=tokens))
    error = await send(adapter, AdapterContext(credential=A_KEY))
    assert isinstance(error, CredentialsRejected)
    assert error.another_at_hand is False
    assert tokens.asked == []


async def test_a_token_provider_that_has_lost_its_token_leaves_the_refusal_as_it_is() -> None:
    @define
    class Losing(_Rotating):
        async def get_token(self, provider_id: ProviderId) -> Secret:
            self.asked.append(provider_id)
            if len(self.asked) > 1:
                raise OSError("the vault is gone")
            return A_KEY

    adapter = an_adapter(a_record(), FakeTransport([REFUSED]), CredentialSources(tokens=Losing([])))
    error = await send(adapter)
    assert isinstance(error, CredentialsRejected)
    assert error.another_at_hand is False
    assert A_KEY.reveal() not in told_by(error)


async def test_forbidden_is_no_question_of_another_key() -> None:
    tokens = _Rotating(["a", "b"])
    error = await send(an_adapter(a_record(), FakeTransport([FORBIDDEN]), CredentialSources(tokens=tokens)))
    assert isinstance(error, CredentialsRejected)
    assert error.another_at_hand is False
    assert len(tokens.asked) == 1


# ── whom it speaks for ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["openai_compatible", "openai", "anthropic", "gemini", "ollama", "openrouter"])
def test_a_request_that_names_another_provider_is_not_even_prepared(kind: str) -> None:
    record = ProviderConfig(provider_id=ACME, kind=kind, base_url="https://api.acme.example")
    adapter = an_adapter(record, FakeTransport(), CredentialSources())
    assert adapter.prepare(a_request(model="acme:m")).provider == ACME
    with pytest.raises(RequestInvalid) as refused:
        adapter.prepare(a_request(model="other:m"))
    assert refused.value.field == "model"
    assert refused.value.remedy
