"""Sources of credentials under their contract."""

import pytest

from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.tokens import TokenProvider
from provider_runtime.testing.contracts.tokens import TokenProviderContract
from provider_runtime.testing.fakes import FakeTokens


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
