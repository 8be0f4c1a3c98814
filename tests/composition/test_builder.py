"""The builder: a runtime step by step, each step a new builder."""

from pathlib import Path

import pytest

from provider_runtime import (
    DEFAULT_EXPERTS,
    Amount,
    Budget,
    ConsentSettings,
    CredentialMissing,
    FileReceipts,
    Governance,
    GovernancePolicy,
    MemoryStores,
    ModelAssignment,
    ModelCatalog,
    ModelInfo,
    PricingTable,
    ProviderConfig,
    ProviderRuntime,
    RetryPolicy,
    Secret,
    SqliteConsents,
    SqliteLedger,
    StoreSettings,
    Tier,
    WorkProfile,
)
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens, FakeTransport, FrozenClock

ACME = ProviderConfig(provider_id="acme", kind="openai_compatible", base_url="https://llm.acme.test")
PROFILE = WorkProfile(name="team", assignments={"worker": ModelAssignment(primary="acme:acme-1")})
BUDGET = Budget(name="month", limit=Amount.usd(5))
CATALOG = ModelCatalog(models=[ModelInfo(provider="acme", model_id="acme-1")])

STEPS = {
    "with_provider_config": (lambda b: b.with_provider_config(ACME), lambda s: s.providers == (ACME,)),
    "with_api_key": (lambda b: b.with_api_key("acme", " k1 "), lambda s: s.credentials == {"acme": Secret("k1")}),
    "with_default_provider": (lambda b: b.with_default_provider("acme"), lambda s: s.default_provider == "acme"),
    "with_model_catalog": (lambda b: b.with_model_catalog(CATALOG), lambda s: s.catalog is CATALOG),
    "with_pricing_table": (
        lambda b: b.with_pricing_table(PricingTable(version="mine")),
        lambda s: s.prices == PricingTable(version="mine"),
    ),
    "with_policy": (
        lambda b: b.with_policy(GovernancePolicy(cloud_allowed=False)),
        lambda s: not s.policy.cloud_allowed,
    ),
    "with_policy by name": (lambda b: b.with_policy("locked"), lambda s: s.policy.mode == "locked"),
    "with_profile": (
        lambda b: b.with_profile(PROFILE, DEFAULT_EXPERTS[0]),
        lambda s: s.profile == PROFILE and list(s.experts) == [DEFAULT_EXPERTS[0].role],
    ),
    "with_budgets": (
        lambda b: b.with_budgets(BUDGET, ledger=SqliteLedger(path="l.sqlite")),
        lambda s: s.budgets == (BUDGET,) and s.ledger == SqliteLedger(path=Path("l.sqlite")),
    ),
    "with_governance": (
        lambda b: b.with_governance(Governance(profile="strict", grants=["net.*"])),
        lambda s: s.governance == Governance(profile="strict", grants=["net.*"]),
    ),
    "with_governance by name": (
        lambda b: b.with_governance("airgap"),
        lambda s: s.governance == Governance(profile="airgap"),
    ),
    "with_consents": (lambda b: b.with_consents(), lambda s: s.consents == ConsentSettings()),
    "with_consents somewhere": (
        lambda b: b.with_consents(ConsentSettings(place=SqliteConsents(path="c.sqlite"))),
        lambda s: s.consents is not None and s.consents.place == SqliteConsents(path=Path("c.sqlite")),
    ),
    "with_labels": (
        lambda b: b.with_labels({"team": "desk"}).with_labels({"tenant": "acme"}),
        lambda s: dict(s.labels) == {"team": "desk", "tenant": "acme"},
    ),
    "with_name": (lambda b: b.with_name("desk"), lambda s: s.name == "desk"),
    "with_timeout": (lambda b: b.with_timeout(2.5), lambda s: s.deadline_s == 2.5),
    "with_retry": (lambda b: b.with_retry(RetryPolicy(max_attempts=7)), lambda s: s.retry.max_attempts == 7),
    "with_stores": (lambda b: b.with_stores(StoreSettings(history=7)), lambda s: s.stores == StoreSettings(history=7)),
    "with_recording": (lambda b: b.with_recording(MemoryStores()), lambda s: s.record == MemoryStores()),
    "with_replay": (lambda b: b.with_replay(MemoryStores()), lambda s: s.replay == MemoryStores()),
    "with_receipts": (lambda b: b.with_receipts("r.jsonl"), lambda s: s.receipts == FileReceipts(path=Path("r.jsonl"))),
}
SINK, TOKENS, CLOCK = EventRecorder(), FakeTokens(), FrozenClock()
PARTS = {
    "event_sink": (lambda b: b.with_event_sink(SINK), SINK),
    "tokens": (lambda b: b.with_token_provider(TOKENS), TOKENS),
    "clock": (lambda b: b.with_part("clock", CLOCK), CLOCK),
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_sets_its_setting_in_a_new_builder_and_leaves_the_old_one_alone(step: str) -> None:
    take, is_set = STEPS[step]
    before = ProviderRuntime.builder()
    after = take(before)
    assert is_set(after.settings)
    assert not is_set(before.settings)
    assert before == ProviderRuntime.builder()


@pytest.mark.parametrize("name", PARTS)
def test_each_step_that_hands_a_part_over_keeps_it_under_its_name(name: str) -> None:
    take, part = PARTS[name]
    before = ProviderRuntime.builder()
    assert take(before).parts == {name: part}
    assert before.parts == {}


def test_every_step_of_the_builder_is_tried_here() -> None:
    steps = {name for name in dir(ProviderRuntimeBuilder) if name.startswith("with_")}
    tried = {step.split()[0] for step in STEPS} | {"with_event_sink", "with_token_provider", "with_part"}
    assert steps - tried == {"with_env_fallback", "with_adapter"}  # these have tests of their own below


def test_a_key_for_a_well_known_provider_brings_its_record_along() -> None:
    settings = ProviderRuntime.builder().with_api_key("anthropic", "k").settings
    assert [config.provider_id for config in settings.providers] == ["anthropic"]


def test_a_key_leaves_a_record_that_is_there_as_it_is() -> None:
    mine = ProviderConfig(provider_id="openai", kind="openai", base_url="https://proxy.acme.test")
    settings = ProviderRuntime.builder().with_provider_config(mine).with_api_key("openai", "k").settings
    assert settings.providers == (mine,)


def test_a_record_of_the_same_id_is_replaced() -> None:
    other = ProviderConfig(provider_id="acme", kind="openai_compatible", base_url="https://other.acme.test")
    assert ProviderRuntime.builder().with_provider_config(ACME).with_provider_config(other).settings.providers == (
        other,
    )


@pytest.mark.parametrize("key", ["", "  ", "none", "two words and a secret", "schlüssel-geheim"])
def test_a_key_that_can_be_none_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        ProviderRuntime.builder().with_api_key("openai", key)
    assert refused.value.field == "credentials[openai]"
    assert refused.value.remedy
    assert not key.strip() or key not in f"{refused.value!r} {refused.value}".replace("leave", "")


def test_a_name_without_a_preset_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=", ".join(config.provider_id for config in PRESETS)):
        ProviderRuntime.builder().with_provider_config("nobody")


async def test_environment_fallback_reads_the_keys_of_all_presets_when_the_runtime_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builder = ProviderRuntime.builder().with_env_fallback()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-the-environment")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    transport = FakeTransport()
    async with builder.with_part("transport", transport).build() as runtime:
        with pytest.raises(AssertionError, match="no answer is left"):
            await runtime.run(a_request(model="anthropic:claude-sonnet-4-5"))
        with pytest.raises(CredentialMissing):
            await runtime.run(a_request(model="openai:gpt-5-mini"))
    assert [request.auth.secret.reveal() for request in transport.exchanges if request.auth] == ["from-the-environment"]


def test_environment_fallback_keeps_records_that_are_there() -> None:
    mine = ProviderConfig(provider_id="openai", kind="openai", base_url="https://proxy.acme.test")
    settings = ProviderRuntime.builder().with_provider_config(mine).with_env_fallback().settings
    assert mine in settings.providers
    assert {config.provider_id for config in settings.providers} == {config.provider_id for config in PRESETS}
    assert len(settings.providers) == len(PRESETS)


async def test_without_environment_fallback_no_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    builder = ProviderRuntime.builder().with_provider_config("openai").with_env_fallback(False)
    async with builder.build() as runtime:
        with pytest.raises(CredentialMissing) as missing:
            await runtime.run(a_request())
    assert missing.value.env_candidates == ()


async def test_an_adapter_handed_over_answers_for_its_provider() -> None:
    adapter = FakeAdapter("acme")
    async with ProviderRuntime.builder().with_adapter(adapter).build() as runtime:
        response = await runtime.run(a_request(model="acme:any-model"))
    assert response.provider == "acme"
    assert len(adapter.sent) == 1


async def test_several_adapters_live_side_by_side_and_the_later_of_one_name_counts() -> None:
    first, second, third = FakeAdapter("acme"), FakeAdapter("other"), FakeAdapter("acme")
    builder = ProviderRuntime.builder().with_adapter(first).with_adapter(second).with_adapter(third)
    async with builder.build() as runtime:
        await runtime.run(a_request(model="acme:m"))
        await runtime.run(a_request(model="other:m"))
    assert [len(adapter.sent) for adapter in (first, second, third)] == [0, 1, 1]


async def test_an_adapter_is_judged_by_the_record_it_comes_with() -> None:
    record = ProviderConfig(
        provider_id="acme", kind="openai_compatible", base_url="https://api.example.com", tier=Tier.CLOUD
    )
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter("acme"), record).with_policy("locked")
    async with builder.build() as runtime:
        plan = await runtime.explain(a_request(model="acme:m"))
    assert [verdict.gate for verdict in plan.verdicts if verdict.verdict == "refused"] == ["tier"]


async def test_one_builder_builds_any_number_of_runtimes_that_know_nothing_of_each_other() -> None:
    builder = ProviderRuntime.builder().with_api_key("openai", "k" * 8)
    async with builder.build() as one, builder.build() as other:
        assert one.runtime_id != other.runtime_id
        assert one.receipts is not other.receipts
