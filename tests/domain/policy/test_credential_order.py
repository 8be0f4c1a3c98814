"""Which source of credentials is asked, and in which order."""

import itertools

import pytest

from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.policy.credentials import (
    CredentialSource,
    NoCredential,
    SourceKind,
    missing,
    sources_in_order,
)

REFERENCES: dict[str, CredentialRef | None] = {
    "": None,
    "named_key": NamedKeyCredential(name="work"),
    "key_file": KeyFileCredential(path="/keys/work"),
    "keyring": KeyringCredential(service="llm", name="work"),
    "env:KEY": EnvCredential(name="KEY"),
}


@pytest.mark.parametrize("shown", REFERENCES)
def test_the_order_is_call_runtime_record_token_provider(shown: str) -> None:
    for call, runtime, tokens in itertools.product((False, True), repeat=3):
        order = sources_in_order(REFERENCES[shown], call=call, runtime=runtime, token_provider=tokens)
        wanted = [("call", call), ("runtime", runtime), (shown, bool(shown)), ("token_provider", tokens)]
        assert [str(source) for source in order] == [name for name, there in wanted if there]


@pytest.mark.parametrize("shown", REFERENCES)
def test_with_the_token_provider_only_nothing_else_is_asked_the_call_included(shown: str) -> None:
    for call, runtime, tokens in itertools.product((False, True), repeat=3):
        order = sources_in_order(
            REFERENCES[shown], call=call, runtime=runtime, token_provider=tokens, token_provider_only=True
        )
        assert [str(source) for source in order] == ["token_provider"] * tokens


def test_variables_are_looked_at_in_the_order_in_which_they_are_listed() -> None:
    order = sources_in_order(EnvCredential(name="B_KEY", alternatives=("A_KEY", "C_KEY")))
    assert [str(source) for source in order] == ["env:B_KEY", "env:A_KEY", "env:C_KEY"]


def test_a_source_prints_no_path_and_no_name_of_a_key() -> None:
    named = (SourceKind.NAMED_KEY, SourceKind.KEY_FILE, SourceKind.KEYRING)
    assert [str(CredentialSource(kind, "/home/ada/key")) for kind in named] == ["named_key", "key_file", "keyring"]


@pytest.mark.parametrize("shown", REFERENCES)
def test_a_missing_credential_says_the_way_out_of_this_record(shown: str) -> None:
    record = ProviderConfig(
        provider_id="acme", kind="openai", base_url="https://api.example.com", credential=REFERENCES[shown]
    )
    ways = {
        "": 'with_api_key("acme"',
        "named_key": "secret store",
        "key_file": "key file",
        "keyring": "keyring",
        "env:KEY": "environment variable KEY",
    }
    error = missing(record, NoCredential())
    assert ways[shown] in error.remedy
    assert error.env_candidates == (("KEY",) if shown == "env:KEY" else ())
    assert missing(record, NoCredential(remedy="Log in again.")).remedy == "Log in again."
