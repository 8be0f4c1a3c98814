"""What every TokenProvider keeps to."""

import asyncio

import pytest

from provider_runtime.domain.errors import CredentialMissing
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.tokens import TokenProvider


class TokenProviderContract:
    """Give the fixture ``tokens``: it knows the two secrets below, and nobody else's."""

    ONE = (ProviderId("one"), Secret("secret-of-one"))
    TWO = (ProviderId("two"), Secret("secret-of-two"))
    STRANGER = ProviderId("stranger")

    @pytest.fixture
    def tokens(self) -> TokenProvider:
        raise NotImplementedError("the subclass says which source of credentials")

    def test_it_is_a_token_provider(self, tokens: TokenProvider) -> None:
        assert isinstance(tokens, TokenProvider)

    async def test_each_provider_gets_its_own_credential(self, tokens: TokenProvider) -> None:
        for provider, secret in (self.ONE, self.TWO, self.ONE):
            assert await tokens.get_token(provider) == secret

    async def test_a_provider_without_a_credential_gets_nobody_elses(self, tokens: TokenProvider) -> None:
        await tokens.get_token(self.ONE[0])
        with pytest.raises(CredentialMissing) as missing:
            await tokens.get_token(self.STRANGER)
        assert missing.value.provider == self.STRANGER
        assert missing.value.remedy

    async def test_a_missing_credential_is_missing_each_time(self, tokens: TokenProvider) -> None:
        for _ in range(2):
            with pytest.raises(CredentialMissing):
                await tokens.get_token(self.STRANGER)

    async def test_asking_at_once_mixes_nothing_up(self, tokens: TokenProvider) -> None:
        asked = [self.ONE, self.TWO] * 20
        found = await asyncio.gather(*(tokens.get_token(provider) for provider, _ in asked))
        assert [secret.reveal() for secret in found] == [secret.reveal() for _, secret in asked]

    async def test_the_source_prints_no_secret(self, tokens: TokenProvider) -> None:
        await tokens.get_token(self.ONE[0])
        assert self.ONE[1].reveal() not in repr(tokens)
