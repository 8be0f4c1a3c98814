"""open_runtime: one fresh graph, its parts, its end."""

import inspect
from pathlib import Path
from types import FunctionType

import attrs
import pytest
from dependency_injector import providers

from provider_runtime import (
    CallOptions,
    ConsentSettings,
    CredentialMissing,
    EnvCredential,
    GovernancePolicy,
    KeyFileCredential,
    ProviderConfig,
    RuntimeClosed,
    RuntimeSettings,
    Secret,
    Tier,
    open_runtime,
)
from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.gates.endpoint import EndpointGate
from provider_runtime.composition.container import RuntimeContainer
from provider_runtime.composition.graph import NAMES, fresh_parts
from provider_runtime.composition.lifecycle import PORTS
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.domain.errors import InvalidProviderConfig, InvalidSettings
from provider_runtime.ports.http import HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import CountingIds, EventRecorder, FakeTokens, FakeTransport, FrozenClock
from provider_runtime.testing.settings import cloud_settings

OPENAI_RECORD = PRESETS[0]
KEY_IN_THE_AIR = "sk-lying-about-in-the-environment"


async def test_a_part_replaces_the_provider_it_names_for_this_runtime_alone() -> None:
    clock = FrozenClock()
    async with open_runtime(cloud_settings(), clock=clock) as mine, open_runtime(cloud_settings()) as other:
        assert mine.clock is mine.sending.clock is mine.settlement.clock is clock
        assert type(other.clock) is not FrozenClock
    async with open_runtime(cloud_settings()) as later:
        assert type(later.clock) is not FrozenClock


async def test_the_container_class_is_never_overridden() -> None:
    parts = {"clock": FrozenClock(), "transport": FakeTransport(), "tokens": FakeTokens(), "ids": CountingIds()}
    async with open_runtime(cloud_settings(), **parts):
        assert [name for name, provider in RuntimeContainer.providers.items() if provider.overridden] == []
        assert RuntimeContainer.overridden == ()


async def test_a_part_that_no_provider_is_named_after_is_refused_by_name_with_the_names_there_are() -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(cloud_settings(), clcok=FrozenClock()):
            pass
    assert refused.value.field == "clcok"
    assert "clock" in refused.value.remedy


@pytest.mark.parametrize("part", sorted(PORTS))
async def test_a_part_that_lacks_the_methods_of_its_port_is_refused_before_any_call(part: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(cloud_settings(), **{part: object()}):
            pass
    assert refused.value.field == part
    assert PORTS[part].__name__ in refused.value.message


async def test_every_part_with_a_port_is_a_part_of_the_container() -> None:
    assert set(PORTS) <= set(RuntimeContainer.providers)


async def test_a_transport_built_here_is_closed_here_and_one_handed_in_is_not() -> None:
    transport = FakeTransport()
    async with open_runtime(cloud_settings(), transport=transport):
        pass
    assert not transport.closed
    async with open_runtime(cloud_settings()) as runtime:
        built = runtime.routing.providers.get(OPENAI_RECORD.provider_id).adapter.transport  # type: ignore[attr-defined]  # every adapter here is a WireAdapter
    with pytest.raises(RuntimeClosed):
        await built.exchange(HttpRequest(method="GET", url="http://localhost", tier=Tier.LOCAL))


async def test_a_closed_runtime_says_so_whatever_is_asked_of_it() -> None:
    transport = FakeTransport()
    async with open_runtime(cloud_settings(), transport=transport) as runtime:
        pass
    for asked in (runtime.run(a_request()), runtime.explain(a_request()), runtime.discover_models()):
        with pytest.raises(RuntimeClosed) as refused:
            await asked
        assert refused.value.key == runtime.runtime_id
        assert refused.value.remedy
    assert transport.exchanges == []
    assert await runtime.receipts.list() == (), "what never began leaves no receipt"


async def test_a_runtime_is_closed_also_when_its_block_ends_in_an_error() -> None:
    with pytest.raises(KeyError):
        async with open_runtime(cloud_settings()) as runtime:
            raise KeyError
    with pytest.raises(RuntimeClosed):
        await runtime.run(a_request())


# ── nothing is borrowed from the environment ────────────────────────────────────────────────


async def test_a_variable_that_no_record_names_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY_IN_THE_AIR)
    record = ProviderConfig(provider_id="openai", kind="openai", base_url="https://api.openai.com")
    transport = FakeTransport()
    async with open_runtime(RuntimeSettings(providers=[record]), transport=transport) as runtime:
        with pytest.raises(CredentialMissing) as missing:
            await runtime.run(a_request())
    assert transport.exchanges == []
    assert "api_key" in missing.value.remedy.lower()


async def test_a_variable_that_a_record_names_is_read_once_when_the_runtime_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENANT_KEY", "the-first-key")
    monkeypatch.setenv("OPENAI_API_KEY", KEY_IN_THE_AIR)
    record = ProviderConfig(
        provider_id="openai",
        kind="openai",
        base_url="https://api.openai.com",
        credential=EnvCredential(name="TENANT_KEY"),
    )
    async with open_runtime(RuntimeSettings(providers=[record])) as runtime:
        monkeypatch.setenv("TENANT_KEY", "another-key")
        found = await runtime.credential_finder.find(record)
        assert (str(found.source), found.secret.reveal()) == ("env:TENANT_KEY", "the-first-key")
        assert set(runtime.credential_finder.environment) == {"TENANT_KEY"}


@pytest.mark.parametrize("blank", ["", "   ", "none", "None"])
async def test_a_blank_variable_is_a_missing_credential_and_names_itself(
    monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", blank)
    async with open_runtime(RuntimeSettings(providers=[OPENAI_RECORD])) as runtime:
        with pytest.raises(CredentialMissing) as missing:
            await runtime.run(a_request())
    assert missing.value.env_candidates == ("OPENAI_API_KEY",)


async def test_a_call_s_own_credential_stands_in_for_a_missing_one_for_that_call_only() -> None:
    record = ProviderConfig(provider_id="openai", kind="openai", base_url="https://api.openai.com")
    transport = FakeTransport()
    async with open_runtime(RuntimeSettings(providers=[record]), transport=transport) as runtime:
        with pytest.raises(AssertionError, match="no answer is left"):
            await runtime.run(a_request(), CallOptions(credential=Secret("just-this-once")))
        with pytest.raises(CredentialMissing):
            await runtime.run(a_request())
    assert [request.auth.secret.reveal() for request in transport.exchanges if request.auth] == ["just-this-once"]


async def test_the_key_file_of_one_tenant_is_not_read_for_another(tmp_path: Path) -> None:
    (tmp_path / "ada").write_text("key-of-ada\n")

    def settings(name: str) -> RuntimeSettings:
        reference = KeyFileCredential(path=str(tmp_path / name))
        return RuntimeSettings(
            providers=[
                ProviderConfig(
                    provider_id="openai", kind="openai", base_url="https://api.openai.com", credential=reference
                )
            ]
        )

    async with open_runtime(settings("ada")) as ada, open_runtime(settings("bob")) as bob:
        (record,) = settings("ada").providers
        assert (await ada.credential_finder.find(record)).secret.reveal() == "key-of-ada"
        with pytest.raises(CredentialMissing):
            await bob.run(a_request())


# ── the graph ───────────────────────────────────────────────────────────────────────────────


def made_by_calling() -> list[tuple[str, object]]:
    kinds = (providers.Singleton, providers.Factory, providers.Callable)
    return [(name, part) for name, part in RuntimeContainer.providers.items() if isinstance(part, kinds)]


@pytest.mark.parametrize(("name", "part"), made_by_calling(), ids=[name for name, _ in made_by_calling()])
def test_the_arguments_of_every_provider_fit_the_signature_it_calls(
    name: str, part: providers.Singleton[object]
) -> None:
    inspect.signature(part.cls if hasattr(part, "cls") else part.provides).bind(*part.args, **part.kwargs)


def shape(thing: object, seen: frozenset[int] = frozenset()) -> object:
    """What ``thing`` consists of: its class, and the shapes of its fields."""
    if id(thing) in seen:
        return type(thing)
    within = seen | {id(thing)}
    if isinstance(thing, dict):
        return dict, tuple((key, shape(value, within)) for key, value in thing.items())
    if not attrs.has(type(thing)):
        return type(thing)
    fields = ((field.name, getattr(thing, field.name)) for field in attrs.fields(type(thing)))
    return type(thing), tuple((name, shape(value, within)) for name, value in fields)


@pytest.mark.parametrize("events", [None, EventRecorder()], ids=["as declared", "with a part handed in"])
def test_a_runtime_has_the_parts_that_an_instance_of_the_container_would_have(events: EventRecorder | None) -> None:
    settings = cloud_settings(runtime_id="rt_one", consents=ConsentSettings(), policy=GovernancePolicy.preset("strict"))
    parts = fresh_parts(settings=settings, environment={}, event_sink=events)
    container = RuntimeContainer(
        settings=providers.Object(settings), environment=providers.Object({}), event_sink=providers.Object(events)
    )
    assert set(parts) == set(container.providers) == NAMES
    assert {name: shape(part) for name, part in parts.items()} == {
        name: shape(provider()) for name, provider in container.providers.items()
    }
    runtime = parts["runtime"]
    assert isinstance(runtime, ProviderRuntime)
    assert runtime.receipts is runtime.settlement.receipts is parts["receipts"], "each part is made once"


async def test_an_override_of_the_class_reaches_no_runtime_that_is_opened() -> None:
    with RuntimeContainer.clock.override(providers.Object(FrozenClock())):  # somebody else's, in this process
        async with open_runtime(cloud_settings()) as runtime:
            assert type(runtime.clock) is SystemClock


def cannot_change(value: object) -> bool:
    if value is None or value == () or isinstance(value, FunctionType):
        return True
    if not attrs.has(type(value)):
        return False
    try:
        type(value).__setattr__(value, "anything", None)
    except attrs.exceptions.FrozenInstanceError:
        return all(cannot_change(getattr(value, field.name)) for field in attrs.fields(type(value)))
    except AttributeError:  # it has slots, and would have let one of its own be written to
        pass
    return False


def test_no_value_in_the_class_body_of_the_container_can_change() -> None:
    values = {name: part() for name, part in RuntimeContainer.providers.items() if isinstance(part, providers.Object)}
    assert {name: value for name, value in values.items() if not cannot_change(value)} == {}
    assert {"clock", "event_sink"} <= set(values)


def test_a_value_that_can_change_would_be_seen() -> None:
    assert not cannot_change(EndpointGate()), "it remembers which records are sound"
    assert not cannot_change(FrozenClock())


def test_the_graph_is_synchronous() -> None:
    assert not any(isinstance(part, providers.Resource | providers.Coroutine) for _, part in made_by_calling())


async def test_every_part_can_be_replaced_by_name_and_reaches_the_runtime() -> None:
    events, ids = EventRecorder(), CountingIds()
    async with open_runtime(cloud_settings(), event_sink=events, ids=ids) as runtime:
        assert runtime.ids is ids
        assert runtime.settlement.telemetry.sink is events
        assert runtime.runtime_id == "rt_1"
        assert isinstance(runtime, ProviderRuntime)


async def test_a_record_that_no_adapter_can_be_built_from_is_refused_when_the_runtime_opens() -> None:
    record = ProviderConfig(
        provider_id="acme", kind="openai_compatible", base_url="https://llm.acme.test", options={"vendor": "nobody"}
    )
    with pytest.raises(InvalidProviderConfig) as refused:
        async with open_runtime(RuntimeSettings(providers=[record])):
            pass
    assert (refused.value.provider, refused.value.field) == ("acme", "options.vendor")
