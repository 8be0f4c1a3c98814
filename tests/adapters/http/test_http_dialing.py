"""Which addresses are dialled: judged after the name is resolved, and again on the socket."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.client_proto import ResponseHandler
from attrs import Factory, define
from loopback_server import OK, LoopbackServer, sends

from provider_runtime.adapters.http.dialing import (
    AddressRefused,
    DialRule,
    GuardedConnector,
    SpokeFirst,
    SystemResolver,
)
from provider_runtime.adapters.http.failures import failure_of
from provider_runtime.adapters.http.sending import Sending
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest

Requests = Callable[..., HttpRequest]


@define
class ScriptedResolver:
    """Answers each question with the next of ``answers``; the last one stays."""

    answers: list[tuple[str, ...] | OSError]
    asked: list[str] = Factory(list)

    async def addresses(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


async def _ask(
    resolver: ScriptedResolver,
    requests: Requests,
    port: int,
    *,
    times: int = 1,
    host: str = "llm.test",
    **fields: object,
) -> list[HttpReply | HttpFailure]:
    transport = AiohttpTransport(resolver=resolver)
    request = requests(f"http://{host}:{port}/", **fields)
    outcomes = [await transport.exchange(request) for _ in range(times)]
    await transport.aclose()
    return outcomes


def _is_refused(outcome: object) -> bool:
    return (
        isinstance(outcome, HttpFailure)
        and outcome.code is ErrorCode.ENDPOINT_BLOCKED
        and outcome.delivery is Delivery.NOT_SENT
        and not outcome.may_heal
    )


async def test_a_name_is_resolved_once_and_the_judged_address_is_the_one_dialled(
    server: LoopbackServer, a_request: Requests
) -> None:
    resolver = ScriptedResolver([("127.0.0.1",), ("169.254.169.254",)])
    outcomes = await _ask(resolver, a_request, server.port, times=2)

    assert all(isinstance(outcome, HttpReply) for outcome in outcomes)
    assert resolver.asked == ["llm.test"]
    assert server.received[0].headers["host"] == f"llm.test:{server.port}"


async def test_a_name_that_moves_to_a_forbidden_address_is_refused_with_the_next_connection(
    server: LoopbackServer, a_request: Requests
) -> None:
    resolver = ScriptedResolver([("127.0.0.1",), ("127.0.0.1",), ("10.0.0.1",)])
    server.scripts.extend([sends(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))] * 2)
    first, second, moved = await _ask(resolver, a_request, server.port, times=3)

    assert isinstance(first, HttpReply)
    assert isinstance(second, HttpReply)
    assert _is_refused(moved)
    assert len(resolver.asked) == 3  # once for each connection, and no second opinion between judging and dialling
    assert len(server.peers) == 2


@pytest.mark.parametrize(
    "answers",
    [
        ("127.0.0.1", "169.254.169.254"),
        ("::ffff:127.0.0.1",),
        ("127.0.0.1", "10.0.0.1"),
        ("nonsense",),
        ("fe80::1%lo",),
    ],
    ids=str,
)
async def test_one_forbidden_answer_among_many_refuses_them_all(
    answers: tuple[str, ...], server: LoopbackServer, a_request: Requests
) -> None:
    (outcome,) = await _ask(ScriptedResolver([answers]), a_request, server.port)

    assert _is_refused(outcome)
    assert server.peers == []


async def test_a_cloud_provider_is_not_dialled_on_this_machine_whatever_its_name_says(
    server: LoopbackServer, a_request: Requests
) -> None:
    (outcome,) = await _ask(ScriptedResolver([("127.0.0.1",)]), a_request, server.port, tier=Tier.CLOUD)

    assert _is_refused(outcome)
    assert server.peers == []


@pytest.mark.parametrize(
    ("host", "tier"),
    [
        ("127.0.0.1", Tier.CLOUD),
        ("[::1]", Tier.CLOUD),
        ("10.0.0.5", Tier.CLOUD),
        ("169.254.169.254", Tier.CLOUD),
        ("169.254.169.254", Tier.LOCAL),
        ("8.8.8.8", Tier.LOCAL),
        ("[::ffff:127.0.0.1]", Tier.LOCAL),
        ("[::ffff:169.254.169.254]", Tier.CLOUD),
    ],
)
async def test_an_address_in_the_url_meets_no_resolver_and_is_refused_all_the_same(
    host: str, tier: Tier, a_request: Requests
) -> None:
    resolver = ScriptedResolver([("127.0.0.1",)])
    (outcome,) = await _ask(resolver, a_request, 8000, host=host, tier=tier)

    assert _is_refused(outcome)
    assert resolver.asked == []


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "0"])
async def test_numbers_that_a_resolver_would_take_for_loopback_reach_nothing(
    host: str, server: LoopbackServer, a_request: Requests
) -> None:
    transport = AiohttpTransport()
    outcome = await transport.exchange(a_request(f"http://{host}:{server.port}/", tier=Tier.CLOUD))
    await transport.aclose()

    assert isinstance(outcome, HttpFailure)
    assert outcome.delivery is Delivery.NOT_SENT
    assert server.peers == []


@pytest.mark.parametrize(
    ("answer", "may_heal"),
    [
        ((), False),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (OSError("the resolver fell over"), True),
    ],
    ids=["no answer", "no such name", "for now", "broken"],
)
async def test_a_name_without_an_address_is_a_failure_that_says_whether_it_may_heal(
    answer: tuple[str, ...] | OSError, *, may_heal: bool, a_request: Requests
) -> None:
    (outcome,) = await _ask(ScriptedResolver([answer]), a_request, 8000)

    assert isinstance(outcome, HttpFailure)
    assert (outcome.code, outcome.delivery) == (ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT)
    assert outcome.may_heal is may_heal


async def test_what_one_provider_may_reach_is_not_reused_for_another(
    server: LoopbackServer, a_request: Requests
) -> None:
    transport = AiohttpTransport(resolver=ScriptedResolver([("127.0.0.1",)]))
    url = f"http://llm.test:{server.port}/"
    allowed = a_request(url, tier=Tier.CLOUD, allowed_networks=("127.0.0.0/8",))
    assert isinstance(await transport.exchange(allowed), HttpReply)

    assert _is_refused(await transport.exchange(a_request(url, tier=Tier.CLOUD)))
    assert isinstance(await transport.exchange(allowed), HttpReply)
    await transport.aclose()
    assert [request.connection for request in server.received] == [1, 1]


async def test_every_socket_is_judged_and_keeps_silent_connections_alive() -> None:
    rule = DialRule(tier=Tier.LOCAL, allowed_networks=())
    connector = GuardedConnector(rule, SystemResolver(), keep_alive_s=4, limit=1)
    target = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")

    with pytest.raises(AddressRefused):
        connector._judged_socket((*target, ("192.168.0.1", 80)))
    with connector._judged_socket((*target, ("127.0.0.1", 80))) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 60
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 5
    await connector.close()


class _SpeaksFirst(GuardedConnector):
    """Its servers have said something by the time the connection is there."""

    async def _create_connection(self, *given: Any) -> ResponseHandler:
        protocol = await super()._create_connection(*given)
        protocol.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        return protocol


async def test_what_a_server_says_before_it_is_asked_is_no_answer(server: LoopbackServer) -> None:
    rule = DialRule(tier=Tier.LOCAL, allowed_networks=())
    connector = _SpeaksFirst(rule, SystemResolver(), keep_alive_s=4, limit=1)
    async with ClientSession(connector=connector) as session:
        with pytest.raises(SpokeFirst) as spoke:
            await session.post(server.url)

    failure = failure_of(spoke.value, Sending(request=HttpRequest(method="GET", url="", tier=Tier.LOCAL), head=b""))
    assert (failure.code, failure.delivery) == (ErrorCode.HTTP_PROTOCOL, Delivery.NOT_SENT)
    assert server.received == []


async def test_the_machine_knows_itself() -> None:
    assert "127.0.0.1" in await SystemResolver().addresses("localhost")
