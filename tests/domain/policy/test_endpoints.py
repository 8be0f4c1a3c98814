"""Base URLs and addresses: the rows of the decision table, and what holds for every text."""

import json
import string
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shared_data import require_shared, shared_path

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import EndpointBlocked, EndpointInvalid
from provider_runtime.domain.origins import Origin, origin_of
from provider_runtime.domain.policy.addresses import fault_of_address
from provider_runtime.domain.policy.endpoints import fault_of_base_url

_OWN = Path(__file__).parents[2] / "fixtures" / "ssrf" / "cases.json"
_SHARED_FILE = shared_path("cases", "ssrf_cases.json")
_SHARED: list[Any] = json.loads(_SHARED_FILE.read_bytes()) if _SHARED_FILE else []
_GOOD = ("https://api.openai.com/v1", "https://a-b.example.com:8443", "https://x.example.com/a/b.c/~d;e=f@g:h/")


def _name(case: dict[str, Any] | None) -> str:
    return ascii(f"{case['tier']} {case['url']:.40} {case['why']:.40}") if case else "absent"


def _admits(case: dict[str, Any]) -> bool:
    tier, networks = Tier(case["tier"]), tuple(case.get("allowed_networks", ()))
    if fault_of_base_url(case["url"], tier, networks) is not None:
        return False
    answers = case["resolves_to"]
    return bool(answers) and all(fault_of_address(answer, tier, networks) is None for answer in answers)


@pytest.mark.parametrize("case", json.loads(_OWN.read_bytes()), ids=_name)
def test_every_case_of_ours_comes_out_as_it_says(case: dict[str, Any]) -> None:
    assert _admits(case) is (case["expect"] == "allow"), case["why"]


@pytest.mark.parametrize("case", _SHARED or [None], ids=_name)
def test_every_sample_case_comes_out_as_it_says(case: dict[str, Any] | None) -> None:
    if case is None:
        require_shared("cases", "ssrf_cases.json")
        raise AssertionError("the file is there, and holds no case")
    assert _admits(case) is (case["expect"] == "allow"), case["why"]


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("", EndpointInvalid, "empty"),
        ("api.openai.com", EndpointInvalid, "https://"),
        ("ftp://api.openai.com", EndpointInvalid, "https://"),
        ("https://", EndpointInvalid, "form"),
        ("https:///v1", EndpointInvalid, "form"),
        ("https://me:hunter2@api.openai.com", EndpointInvalid, "user name or password"),
        ("https://api.openai.com?key=hunter2", EndpointInvalid, "query"),
        ("https://api.openai.com/#hunter2", EndpointInvalid, "fragment"),
        ("https://" + "a" * 2050, EndpointInvalid, "2048"),
        ("http://api.openai.com", EndpointBlocked, "https only"),
        ("https://localhost", EndpointBlocked, "localhost"),
        ("https://printer.local", EndpointBlocked, "local network"),
        ("https://10.1.2.3", EndpointBlocked, "10.1.2.3"),
        ("https://0x7f.1", EndpointBlocked, "usual form"),
        ("https://api.openai.com:22", EndpointBlocked, "port 22"),
    ],
)
def test_a_refusal_is_of_the_right_kind_says_what_is_wrong_and_gives_a_way_out(
    url: str, kind: type[EndpointInvalid | EndpointBlocked], words: str
) -> None:
    fault = fault_of_base_url(url, Tier.CLOUD)

    assert type(fault) is kind
    assert words in fault.message
    assert fault.remedy
    assert "hunter2" not in str(fault)
    assert (fault.provider, fault.model) == (None, None)


def test_a_private_host_is_told_which_setting_would_admit_it() -> None:
    fault = fault_of_base_url("http://192.168.7.9:8000", Tier.LOCAL)
    assert fault is not None
    assert "allowed_networks" in fault.remedy


@pytest.mark.parametrize("networks", [("10.0.0.0/33",), ("10.0.0.0/8", "home"), ("",), ("10.0.0.1/8",)])
def test_a_network_that_cannot_be_read_is_named_and_never_passed_over(networks: tuple[str, ...]) -> None:
    fault = fault_of_base_url("http://localhost:8000", Tier.LOCAL, networks)
    assert isinstance(fault, EndpointInvalid)
    assert repr(networks[-1]) in fault.message
    assert fault_of_address("10.0.0.1", Tier.LOCAL, networks[-1:]) is not None


@given(st.text(max_size=80) | st.text(alphabet="htps:/.@[]0123456789abx%\\?# \t-", max_size=80))
def test_any_text_gets_a_verdict_and_what_passes_reads_the_same_to_every_parser(text: str) -> None:
    for url in (text, f"https://{text}", f"https://api.example.com/{text}", f"http://localhost:{text}"):
        for tier in Tier:
            fault = fault_of_base_url(url, tier)
            origin = origin_of(url)
            if fault is None:
                assert origin is not None
                split = urlsplit(url)
                assert (split.scheme, split.hostname) == (origin.scheme, origin.host.strip("[]"))
                assert split.port in {origin.port, None}
                assert url.isascii()


@given(st.sampled_from(_GOOD), st.sampled_from(tuple(' \t\r\n\\%#?\x00\x7f"<>^`{|}é①。\u2028\ud800')), st.data())
def test_one_odd_character_anywhere_spoils_a_good_url(url: str, odd: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(url)))
    assert fault_of_base_url(url, Tier.CLOUD) is None
    assert fault_of_base_url(url[:place] + odd + url[place:], Tier.CLOUD) is not None


_NUMBERS = st.integers(0, 2**32 - 1)


@given(_NUMBERS, st.sampled_from(Tier), st.sampled_from(("", "0.0.0.0/0")))
def test_a_number_in_any_spelling_but_the_usual_one_is_refused(number: int, tier: Tier, network: str) -> None:
    a, b, c, d = number.to_bytes(4, "big")
    spellings = (
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"0{a:o}.{b}.{c}.{d}",
        f"0x{a:x}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.0{d:o}",
        f"{a}.{b}.{c}.{d}.",
        f"{a:03}.{b:03}.{c:03}.{d:03}",
        f"[::ffff:{a}.{b}.{c}.{d}]",
        f"[::{a}.{b}.{c}.{d}]",
        f"[{a}.{b}.{c}.{d}]",
    )
    for spelling in spellings:
        if spelling != f"{a}.{b}.{c}.{d}":  # three digits each is the usual spelling of some
            url = f"https://{spelling}:8443/v1"
            assert fault_of_base_url(url, tier, (network,) if network else ()) is not None


@given(st.integers(1, 70_000), st.sampled_from(Tier))
def test_ports_end_where_ports_end(port: int, tier: Tier) -> None:
    host = "localhost" if tier is Tier.LOCAL else "api.example.com"
    fault = fault_of_base_url(f"https://{host}:{port}", tier)
    assert fault is None or port > 65535 or str(port) in fault.message
    if port > 65535 or port in {22, 25, 2375, 3306, 5432, 6379, 9200, 10250, 11211, 27017}:
        assert fault is not None
    elif port in {443, 8000, 8080, 8443, 11434}:
        assert fault is None


@given(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20), st.sampled_from((":443", "")))
def test_an_origin_is_scheme_host_and_port_however_they_are_written(label: str, port: str) -> None:
    assume(not label.isdecimal())
    origin = origin_of(f"HTTPS://{label.upper()}.Example.com{port}/v1/")
    assert origin == Origin("https", f"{label}.example.com", 443)
    assert str(origin) == f"https://{label}.example.com:443"


def test_what_is_no_base_url_has_no_origin() -> None:
    assert origin_of("") is None
    assert origin_of("https://user@example.com") is None
    assert origin_of("http://[::1]:8080") == Origin("http", "[::1]", 8080)
