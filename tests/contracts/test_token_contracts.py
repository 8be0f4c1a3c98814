"""Sources of credentials under their contract."""

from pathlib import Path

import pytest

from provider_runtime.adapters.tokens import ConfiguredTokens
from provider_runtime.domain.catalog.providers import CredentialRef, EnvCredential, KeyFileCredential, ProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.tokens import TokenProvider
from provider_runtime.testing.contracts.tokens import TokenProviderContract
from provider_runtime.testing.fakes import FakeTokens


def _records(references: dict[ProviderId, CredentialRef | None]) -> dict[ProviderId, ProviderConfig]:
    return {
        provider: ProviderConfig(
            provider_id=provider, kind="openai", base_url="https://api.example.com", credential=reference
        )
        for provider, reference in references.items()
    }


class TestConfiguredTokensThatWereGiven(TokenProviderContract):
    @pytest.fixture
    def tokens(self) -> TokenProvider:
        return ConfiguredTokens(
            records=_records({self.ONE[0]: None, self.TWO[0]: None, self.STRANGER: None}),
            given=dict([self.ONE, self.TWO]),
        )


class TestConfiguredTokensFromTheEnvironment(TokenProviderContract):
    @pytest.fixture
    def tokens(self) -> TokenProvider:
        names = {self.ONE[0]: "KEY_1", self.TWO[0]: "KEY_2", self.STRANGER: "KEY_3"}
        return ConfiguredTokens(
            records=_records({provider: EnvCredential(name=name) for provider, name in names.items()}),
            environment={"KEY_1": self.ONE[1].reveal(), "KEY_2": f" {self.TWO[1].reveal()} ", "KEY_3": "none"},
        )


class TestConfiguredTokensFromKeyFiles(TokenProviderContract):
    @pytest.fixture
    def tokens(self, tmp_path: Path) -> TokenProvider:
        for name, secret in (self.ONE, self.TWO):
            (tmp_path / name).write_text(f"{secret.reveal()}\n")
        return ConfiguredTokens(
            records=_records(
                {
                    name: KeyFileCredential(path=str(tmp_path / name))
                    for name in (self.ONE[0], self.TWO[0], self.STRANGER)
                }
            )
        )


class TestFakeTokens(TokenProviderContract):
    @pytest.fixture
    def tokens(self) -> TokenProvider:
        return FakeTokens(dict([self.ONE, self.TWO]))


async def test_a_fake_remembers_who_was_asked_for_in_order() -> None:
    tokens = FakeTokens({"one": "secret-of-one"})
    await tokens.get_token(ProviderId("one"))
    with pytest.raises(Exception, match="credential_missing"):
        await tokens.get_token(ProviderId("two"))
    assert tokens.asked == ["one", "two"]
