"""Strategies for provider records."""

from string import ascii_letters, ascii_uppercase, digits
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.testing.strategies.catalog import model_ids
from provider_runtime.testing.strategies.values import few, perhaps, provider_ids

_BASE_URLS: Final = (
    "https://api.openai.com",
    "https://llm.acme.example/v1",
    "https://gpu.example.com:8443/api/v1",
    "http://localhost:11434",
    "http://127.0.0.1:8000/v1",
    "http://[::1]:8080",
)


def credential_refs() -> SearchStrategy[CredentialRef]:
    """References of every kind."""
    variables = st.text(f"{ascii_uppercase}_", min_size=1, max_size=12)
    key_names = st.text(ascii_letters + digits, min_size=1, max_size=12)
    return (
        st.builds(EnvCredential, name=variables, alternatives=few(variables))
        | st.builds(KeyFileCredential, path=key_names.map("/run/secrets/{}".format))
        | st.builds(NamedKeyCredential, name=key_names)
        | st.builds(KeyringCredential, service=key_names, name=key_names)
    )


def provider_configs() -> SearchStrategy[ProviderConfig]:
    """Records that can be kept: every kind, tier and reference, bound where they are."""
    return st.builds(
        ProviderConfig,
        provider_id=provider_ids(),
        kind=st.sampled_from(ProviderKind),
        base_url=st.sampled_from(_BASE_URLS),
        tier=st.sampled_from(Tier),
        default_model=perhaps(model_ids()),
        credential=perhaps(credential_refs()),
        allowed_networks=few(st.sampled_from(("10.0.0.0/8", "fd12:3456::/32"))),
        options=st.dictionaries(st.sampled_from(("num_ctx", "vendor", "truncate")), st.integers(0, 9) | st.booleans()),
        headers=st.dictionaries(st.sampled_from(("x-team", "x-title")), st.sampled_from(("search", "ads, europe"))),
        idempotency_header=perhaps(st.just("idempotency-key")),
    )
