"""May a call leave the machine, and can the provider do what is asked?"""

import pytest

from provider_runtime.domain.catalog.models import ModelInfo, ProviderCapabilities
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ProviderRequest
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.errors import GovernanceLocked, TierRefused
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.policy.capabilities import fault_of_capabilities
from provider_runtime.domain.policy.governance import ConsentRule, GovernanceMode, GovernancePolicy, OnLossy, Unless
from provider_runtime.domain.policy.tiers import fault_of_tier


@pytest.mark.parametrize("mode", list(GovernanceMode))
def test_a_local_call_may_always_go(mode: GovernanceMode) -> None:
    assert fault_of_tier(Tier.LOCAL, GovernancePolicy(mode=mode, cloud_allowed=False)) is None


def test_locked_governance_keeps_cloud_calls_back_whatever_else_is_allowed() -> None:
    fault = fault_of_tier(Tier.CLOUD, GovernancePolicy(mode=GovernanceMode.LOCKED, cloud_allowed=True))
    assert isinstance(fault, GovernanceLocked)
    assert fault.hsk_code == "HSK-403-GOVERNANCE-LOCKED"


def test_a_policy_without_cloud_refuses_it_and_says_the_way_out() -> None:
    fault = fault_of_tier(Tier.CLOUD, GovernancePolicy(cloud_allowed=False))
    assert isinstance(fault, TierRefused)
    assert "cloud_allowed" in str(fault)


def test_a_tier_nobody_knows_counts_as_cloud() -> None:
    assert Tier("orbital") is Tier.CLOUD


def test_the_presets_are_those_of_the_specification() -> None:
    strict = GovernancePolicy.preset("strict")
    assert (strict.consent, strict.unclassified, strict.on_lossy) == (ConsentRule.CLOUD, Unless.DENY, OnLossy.REFUSE)
    assert GovernancePolicy.preset("standard") == GovernancePolicy()
    assert not GovernancePolicy.preset("locked").cloud_allowed
    with pytest.raises(ValueError, match="lax"):
        GovernancePolicy.preset("lax")


def _request(**changes: object) -> ProviderRequest:
    return ProviderRequest(model="openai:m", messages=[user("hi")], **changes)


def _model(**abilities: bool) -> ModelInfo:
    return ModelInfo(provider=OPENAI, model_id="m", **abilities)


ALL = ProviderCapabilities()


def test_a_plain_question_needs_no_capability() -> None:
    none = ProviderCapabilities(supports_tools=False, supports_structured_output=False)
    assert fault_of_capabilities(_request(), none, None) is None


def test_tools_need_an_adapter_and_a_model_that_know_them() -> None:
    request = _request(tools=[ToolDefinition(name="t")])
    assert fault_of_capabilities(request, ALL, _model()) is None
    assert fault_of_capabilities(request, ALL, None) is None
    for adapter, model in ((ProviderCapabilities(supports_tools=False), None), (ALL, _model(supports_tools=False))):
        fault = fault_of_capabilities(request, adapter, model)
        assert fault is not None
        assert fault.capability == "tools"


@pytest.mark.parametrize("wanted", [JsonObjectFormat(), JsonSchemaFormat(name="s", schema={"type": "object"})])
def test_structured_output_needs_an_adapter_and_a_model_that_know_it(wanted: object) -> None:
    request = _request(response_format=wanted)
    assert fault_of_capabilities(request, ALL, _model()) is None
    fault = fault_of_capabilities(request, ALL, _model(supports_structured_output=False))
    assert fault is not None
    assert fault.capability == "structured_output"
