"""What every LeakScanner keeps to."""

import pytest

from provider_runtime.domain.policy.leakage.findings import Finding, FindingKind
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import LeakScanner, OutboundContent

_ALL = frozenset(FindingKind)


class LeakScannerContract:
    """Give the fixtures ``scanner`` and ``leak``: a text in which it finds something."""

    @pytest.fixture
    def scanner(self) -> LeakScanner:
        raise NotImplementedError("the subclass says which scanner")

    @pytest.fixture
    def leak(self) -> str:
        """A text of ASCII letters, without quotes, that holds what must not leave."""
        raise NotImplementedError("the subclass knows a text that must not leave")

    def test_it_is_a_scanner(self, scanner: LeakScanner) -> None:
        assert isinstance(scanner, LeakScanner)

    async def test_plain_words_are_clean(self, scanner: LeakScanner) -> None:
        content = OutboundContent(body=b'{"text": "What is the weather in Bonn?"}', url="https://api.example.com/v1")
        assert await scanner.scan(content) == ()

    async def test_an_empty_body_is_clean(self, scanner: LeakScanner) -> None:
        assert await scanner.scan(OutboundContent(body=b"")) == ()

    async def test_a_leak_in_the_body_is_found_and_its_place_named(self, scanner: LeakScanner, leak: str) -> None:
        body = f'{{"text": "{leak}"}}'.encode()
        found = await scanner.scan(OutboundContent(body=body))
        assert found
        assert all(isinstance(one, Finding) and one.where.path for one in found)
        assert all(0 <= one.where.start <= one.where.end <= len(body) for one in found)

    async def test_a_leak_in_a_header_or_in_the_address_is_found(self, scanner: LeakScanner, leak: str) -> None:
        content = OutboundContent(body=b"{}", url="https://api.example.com/", headers={"x-note": leak})
        assert await scanner.scan(content)
        assert await scanner.scan(OutboundContent(body=b"{}", url=f"https://api.example.com/?q={leak}"))

    async def test_a_secret_of_the_call_is_found(self, scanner: LeakScanner) -> None:
        secret = Secret("tenant-7-Zx81kQ0pLm")
        body = b'{"text": "my key is tenant-7-Zx81kQ0pLm"}'
        assert await scanner.scan(OutboundContent(body=body, secrets=(secret,)))

    async def test_a_finding_quotes_nothing(self, scanner: LeakScanner, leak: str) -> None:
        found = await scanner.scan(OutboundContent(body=f'{{"text": "{leak}"}}'.encode()))
        assert leak not in repr(found)
        assert all(leak not in str(one) for one in found)

    async def test_equal_content_gives_equal_findings(self, scanner: LeakScanner, leak: str) -> None:
        content = OutboundContent(body=f'{{"text": "{leak} {leak}"}}'.encode())
        assert await scanner.scan(content) == await scanner.scan(content)

    async def test_what_was_masked_is_clean_and_the_words_around_it_stay(self, scanner: LeakScanner, leak: str) -> None:
        masked = scanner.masked(f"Please look: {leak} Thanks!", _ALL)
        assert masked.kinds
        assert masked.text.startswith("Please look: ")
        assert masked.text.endswith(" Thanks!")
        assert leak not in masked.text
        assert await scanner.scan(OutboundContent(body=masked.text.encode())) == ()

    def test_only_the_kinds_asked_for_are_masked(self, scanner: LeakScanner, leak: str) -> None:
        assert scanner.masked(leak, frozenset()).text == leak
        assert scanner.masked("plain words", _ALL).text == "plain words"
