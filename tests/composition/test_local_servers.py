"""Local servers: found by what they list, asked without a key, and only on this machine."""

from attrs import evolve

from provider_runtime import EnvCredential, HealthStatus, ProviderKind, Tier, local_server
from provider_runtime.composition.local_servers import USUAL_PLACES, as_local, find_local_servers, places_at
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.testing.sandbox import Fault, Sandbox, Scripted


def test_the_usual_places_are_on_this_machine_and_want_no_key() -> None:
    assert [fault_of_base_url(place.base_url, Tier.LOCAL) for place in USUAL_PLACES] == [None] * len(USUAL_PLACES)
    assert {place.tier for place in USUAL_PLACES} == {Tier.LOCAL}
    assert {place.credential for place in USUAL_PLACES} == {None}
    assert len({place.provider_id for place in USUAL_PLACES}) == len(USUAL_PLACES)


def test_a_place_elsewhere_is_asked_as_if_it_were_here_and_so_may_not_be_contacted() -> None:
    far = evolve(local_server("https://llm.example.com/v1"), tier="cloud")
    asked = as_local(far)
    assert fault_of_base_url(far.base_url, far.tier) is None
    assert fault_of_base_url(asked.base_url, asked.tier, asked.allowed_networks) is not None


async def test_a_server_is_found_once_with_the_models_it_lists() -> None:
    async with Sandbox() as sandbox:
        (found,) = await find_local_servers(places_at(sandbox.port))
    assert (found.config.kind, found.config.provider_id) == (ProviderKind.OLLAMA, f"ollama-{sandbox.port}")
    assert found.health.status is HealthStatus.READY
    assert "qwen3:4b" in found.health.models


async def test_a_server_that_speaks_chat_completions_is_found() -> None:
    async with Sandbox() as sandbox:
        sandbox.script("/api/tags", Scripted(status=404, body="404 page not found"))
        listed = {"object": "list", "data": [{"id": "qwen3", "object": "model", "owned_by": "llamacpp"}]}
        sandbox.script("/v1/models", Scripted(json=listed))
        (found,) = await find_local_servers(places_at(sandbox.port))
    assert (found.config.kind, found.health.models) == (ProviderKind.OPENAI_COMPATIBLE, ("qwen3",))


async def test_something_else_that_listens_there_is_passed_over() -> None:
    async with Sandbox() as sandbox:
        for path in ("/api/tags", "/v1/models"):
            sandbox.script(path, Scripted(body="<html>A web site in the making</html>"))
        assert await find_local_servers(places_at(sandbox.port)) == ()
        sandbox.fail_next(2, Fault.drop_connection())
        assert await find_local_servers(places_at(sandbox.port)) == ()


async def test_nobody_there_is_no_server_and_no_error() -> None:
    async with Sandbox() as sandbox:
        gone = places_at(sandbox.port)
    assert await find_local_servers(gone) == ()


async def test_one_that_is_too_slow_is_not_waited_for() -> None:
    async with Sandbox() as sandbox:
        sandbox.fail_next(2, Fault.slow(30))
        assert await find_local_servers(places_at(sandbox.port), timeout_s=0.05) == ()


async def test_no_key_is_sent_and_no_other_machine_is_asked_whatever_a_place_says() -> None:
    async with Sandbox() as sandbox:
        mine = local_server(sandbox.compatible_url)
        keyed = evolve(mine, credential=EnvCredential(name="PATH"), headers={"x-team": "search"})
        elsewhere = evolve(
            local_server("http://10.1.2.3:8000/v1", provider_id="far"), allowed_networks=["10.0.0.0/8"], tier="cloud"
        )
        found = await find_local_servers((keyed, elsewhere))
        assert [server.config for server in found] == [mine]
        assert [request.credential_sha256 for request in sandbox.requests] == [None]
