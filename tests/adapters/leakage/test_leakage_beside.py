"""What stands beside a body: the headers are read with every call, an address once."""

from unittest.mock import patch

import pytest

from provider_runtime.adapters.leakage import scanner as module
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import OutboundContent

KEY = "ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"
URL = "https://models.example/v1/chat"
TEAM = {"x-team": "river", "x-trace": "on"}


async def places(scanner: PatternLeakScanner, headers: dict[str, str], *secrets: Secret, url: str = URL) -> list[str]:
    found = await scanner.scan(OutboundContent(body=b'{"a": 1}', url=url, headers=headers, secrets=secrets))
    return [one.where.path for one in found]


async def test_an_address_that_was_clean_is_not_read_again_and_headers_are() -> None:
    scanner = PatternLeakScanner()
    assert await places(scanner, TEAM) == []
    with patch.object(module, "findings", wraps=module.findings) as looking:
        await places(scanner, TEAM)
        await places(scanner, TEAM, url=f"{URL}/new")
    assert [asked.args[2] for asked in looking.call_args_list] == [("river", "on"), ("river", "on", f"{URL}/new")]


async def test_a_secret_that_is_half_in_the_body_and_half_in_a_header_is_found_in_every_call() -> None:
    secret = "sk9x4f7a1c3e5b7d9f2a4c6e8"
    scanner = PatternLeakScanner(secrets=(Secret(secret),))
    body = b'{"text": "look at ' + secret[:12].encode() + b'"}'
    split = OutboundContent(body=body, url=URL, headers={"x-a": secret[12:]})
    assert [one.source for one in await scanner.scan(split)] == [""]
    assert await places(scanner, {"x-a": secret[12:]}) == []
    assert [one.source for one in await scanner.scan(split)] == [""]


@pytest.mark.parametrize("name", ["x-team", "x-new"])
async def test_a_secret_in_a_header_is_found_whatever_was_clean_before(name: str) -> None:
    scanner = PatternLeakScanner()
    for _ in range(2):
        assert await places(scanner, TEAM) == []
        assert await places(scanner, {**TEAM, name: KEY}) == [f"headers.{name}"]


async def test_a_secret_in_the_address_is_found_beside_headers_that_were_clean() -> None:
    scanner = PatternLeakScanner()
    assert await places(scanner, TEAM) == []
    assert await places(scanner, TEAM, url=f"{URL}?key={KEY}") == ["url"]


async def test_a_secret_of_one_call_is_looked_for_in_headers_that_were_clean_without_it() -> None:
    scanner = PatternLeakScanner()
    headers = {"x-team": "walnut-harbour-lantern"}
    assert await places(scanner, headers) == []
    assert await places(scanner, headers, Secret("walnut-harbour-lantern")) == ["headers.x-team"]
    assert await places(scanner, headers) == []


async def test_headers_that_are_a_secret_together_are_found_although_each_was_clean() -> None:
    scanner = PatternLeakScanner()
    assert await places(scanner, {"x-a": "password:"}) == []
    assert await places(scanner, {"x-b": "Xy7#kQ2!pLw9"}) == []
    assert await places(scanner, {"x-a": "password:", "x-b": "Xy7#kQ2!pLw9"}) != []


async def test_what_is_remembered_to_be_clean_does_not_grow_for_ever() -> None:
    scanner = PatternLeakScanner()
    for number in range(400):
        assert await places(scanner, {}, url=f"{URL}/{number}") == []
    assert len(scanner._clean_urls) == 256
    assert await places(scanner, {}, url=f"{URL}/{KEY}") == ["url"]
