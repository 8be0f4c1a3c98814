"""Origins: which URLs lead to one, whatever they look like."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_runtime.domain.origins import DEFAULT_PORTS, Origin, origin_of

_HOSTS = st.sampled_from(("a.example", "b.example", "A.Example", "a.example.evil", "[::1]", "127.0.0.1", "localhost"))
_PORTS = st.sampled_from(("", ":80", ":443", ":8080", ":8443", ":44", ":4430"))
_TAILS = st.sampled_from(("", "/", "/v1", "/v1/chat?x=@b.example", "?to=/", "#/", "/../x", "/@b.example/"))
_HOSTILE = st.sampled_from(
    (
        "@b.example",
        ":pw@b.example",
        "\\@b.example",
        ".b.example",
        "%2eb.example",
        "\tb",
        " ",
        "。b",
        "/@",
        ":443@b.example",
    )
)


@st.composite
def _urls(draw: st.DrawFn) -> str:
    hostile = draw(st.just("") | _HOSTILE)
    scheme = draw(st.sampled_from(("http", "https", "HTTPS")))
    return f"{scheme}://{draw(_HOSTS)}{draw(_PORTS)}{hostile}{draw(_TAILS)}"


def _as_others_read_it(url: str) -> Origin | None:
    """The origin by Python's own parser; ``None`` where a URL names a user or has no fit port."""
    parts = urlsplit(url)
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return None if parts.username is not None else Origin(parts.scheme, str(host), port)


@given(url=_urls(), base=_urls())
@example(url="https://a.example@b.example/", base="https://a.example")
@example(url="https://a.example:4430/", base="https://a.example")
@example(url="https://a.example.evil/", base="https://a.example")
def test_a_url_is_of_an_origin_only_if_every_parser_reads_it_so(url: str, base: str) -> None:
    origin = origin_of(base)
    if origin is not None and origin.is_of(url):
        assert _as_others_read_it(url) == origin


@given(base=_urls(), path=st.sampled_from(("", "/", "/v1/chat", "/v1?x=1#y", "/v1beta/models/a:generateContent")))
def test_what_is_added_to_a_base_url_stays_at_its_origin(base: str, path: str) -> None:
    origin = origin_of(base)
    if origin is not None:
        assert origin.is_of(base.rstrip("/") + path)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://api.example.com/v1", True),
        ("https://api.example.com", True),
        ("https://api.example.com?q", True),
        ("HTTPS://API.example.com:443/v1", True),
        ("http://api.example.com/v1", False),
        ("https://api.example.com:8443/v1", False),
        ("https://api.example.com.evil.test/v1", False),
        ("https://api.example.com@evil.test/v1", False),
        ("https://evil.test/https://api.example.com/", False),
        ("//api.example.com/v1", False),
        ("", False),
    ],
)
def test_the_urls_of_an_origin(url: str, *, same: bool) -> None:
    assert Origin("https", "api.example.com", 443).is_of(url) is same


def test_an_origin_prints_with_its_port_and_reads_back() -> None:
    origin = Origin("https", "api.example.com", 443)
    assert str(origin) == "https://api.example.com:443"
    assert origin_of(str(origin)) == origin
    assert repr(origin) == "Origin(scheme='https', host='api.example.com', port=443)"
