"""Request heads: what is written reads back as what was meant, and what could not is refused."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.http.heads import HeadWriter, UnfitRequest
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import AuthHeader, HttpFailure, HttpRequest

_VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F))
_NAMES = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~-", min_size=1, max_size=20).map("x-".__add__)
_VALUES = st.text(_VISIBLE + " ", min_size=1, max_size=40).filter(lambda value: value == value.strip())
_HOSTILE = st.text(max_size=20) | st.sampled_from(
    ("a\r\nx: y", "a\nb", "a\x00b", "a\x7f", "é", "\u2028", "\ud800", " a", "a ", "", "\t")
)

_THERE = Origin("http", "localhost", 8000)


def _request(**fields: object) -> HttpRequest:
    usual = {"method": "POST", "url": "http://localhost:8000/v1/chat", "tier": Tier.LOCAL, "body": b"{}"}
    return HttpRequest(**{**usual, **fields})


def _head(request: HttpRequest) -> bytes:
    return HeadWriter("tests").head_of(request)


@given(
    st.dictionaries(_NAMES, _VALUES, max_size=6).filter(
        lambda found: len({name.lower() for name in found}) == len(found)
    )
)
def test_every_fit_header_is_written_once_on_a_line_of_its_own(headers: dict[str, str]) -> None:
    line, *written = _head(_request(headers=headers)).decode("ascii").removesuffix("\r\n").split("\r\n")

    assert line == "POST /v1/chat HTTP/1.1"
    found = dict(one.split(": ", 1) for one in written)
    assert len(found) == len(written)
    assert {name: found[name] for name in headers} == headers
    assert found.keys() - headers.keys() == {"host", "accept-encoding", "user-agent", "content-length"}


@given(_HOSTILE, _HOSTILE)
def test_whatever_a_header_holds_it_ends_as_one_line_or_is_refused(name: str, value: str) -> None:
    try:
        head = _head(_request(headers={name: value}))
    except UnfitRequest:
        return
    assert head.count(b"\r\n") == 6
    assert head.count(b"\n") == 6


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(UnfitRequest) as refused:
        _head(_request(headers={"x-note": "hunter2\r\n"}))
    assert "hunter2" not in str(refused.value)


@given(st.text(max_size=60))
def test_whatever_a_url_holds_it_ends_as_one_request_line_or_is_refused(text: str) -> None:
    for url in (text, f"http://{text}/", f"http://localhost/{text}"):
        try:
            head = _head(_request(url=url, headers={}))
        except UnfitRequest:
            continue
        line = head.decode("ascii").split("\r\n")[0]
        assert len(line.split(" ")) == 3
        assert head.count(b"\n") == 5


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("https://api.test", "POST / HTTP/1.1", "api.test"),
        ("https://api.test:443/v1", "POST /v1 HTTP/1.1", "api.test"),
        ("http://api.test:443/v1", "POST /v1 HTTP/1.1", "api.test:443"),
        ("http://[::1]:80/a?b=c%20d", "POST /a?b=c%20d HTTP/1.1", "[::1]"),
        ("https://api.test:8443/m/x:generate", "POST /m/x:generate HTTP/1.1", "api.test:8443"),
    ],
)
def test_host_and_target_come_from_the_url_as_written(url: str, line: str, host: str) -> None:
    written = _head(_request(url=url)).decode().split("\r\n")
    assert (written[0], written[1]) == (line, f"host: {host}")


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "post"},
        {"method": "GET / HTTP/1.1\r\nx: y\r\n\r\nGET"},
        {"url": "http://user@localhost/"},
        {"url": "http://localhost/#part"},
        {"url": "ftp://localhost/"},
        {"url": "localhost"},
        {"headers": {"Host": "elsewhere"}},
        {"headers": {"Content-Length": "0"}},
        {"headers": {"transfer-encoding": "chunked"}},
        {"headers": {"Expect": "100-continue"}},
        {"headers": {"x-a": "1", "X-A": "2"}},
        {
            "headers": {"Authorization": "a"},
            "auth": AuthHeader(name="authorization", secret=Secret("s"), origin=_THERE),
        },
        {"auth": AuthHeader(name="bad name", secret=Secret("s"), origin=_THERE)},
        {"auth": AuthHeader(name="host", secret=Secret("s"), origin=_THERE)},
        {"auth": AuthHeader(name="x-key", prefix="a\r\nb: ", secret=Secret("s"), origin=_THERE)},
    ],
    ids=str,
)
def test_what_would_leave_room_for_another_request_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UnfitRequest):
        _head(_request(**fields))


def test_a_head_that_was_written_before_is_checked_again_when_anything_differs() -> None:
    writer = HeadWriter("tests")
    request = _request(headers={"x-a": "1"})
    first = writer.head_of(request)

    assert writer.head_of(request) == first
    assert b"x-a: 2" in writer.head_of(_request(headers={"x-a": "2"}))
    with pytest.raises(UnfitRequest):
        writer.head_of(_request(headers={"x-a": "1", "x-b": "\r\n"}))
    with pytest.raises(UnfitRequest):
        writer.head_of(_request(headers={"x-a": "1"}, auth=AuthHeader(name="x-a", secret=Secret("s"), origin=_THERE)))
    assert writer.head_of(_request(headers={"x-a": "1"}, body=b"longer")).endswith(b"content-length: 6\r\n")
    assert writer.head_of(request) == first


def test_equal_requests_have_equal_heads_in_whatever_order_headers_were_given() -> None:
    there, back = {"x-a": "1", "x-b": "2"}, {"x-b": "2", "x-a": "1"}
    assert _head(_request(headers=there)) == _head(_request(headers=back))


def test_it_forgets_rather_than_grow() -> None:
    writer = HeadWriter("tests")
    for number in range(1_000):
        writer.head_of(_request(url=f"http://localhost/{number}"))
    assert len(writer._checked) < 100


async def test_an_unfit_request_is_a_failure_before_anything_is_dialled(
    a_request: Callable[..., HttpRequest], transport: AiohttpTransport
) -> None:
    outcome = await transport.exchange(a_request("http://localhost:1/", headers={"x-note": "a\r\nb: c"}))

    assert isinstance(outcome, HttpFailure)
    assert (outcome.code, outcome.delivery) == (ErrorCode.HTTP_PROTOCOL, Delivery.NOT_SENT)
    assert not outcome.may_heal
