"""Grants, from the settings to the audit, by calls of a runtime whose provider is made up."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from grants_runtimes import ADA, governed

from provider_runtime import (
    AccessDenied,
    Amount,
    Budget,
    BudgetExceeded,
    CallOptions,
    CallRefused,
    Capability,
    Constraints,
    ErrorCode,
    FallbackPolicy,
    FileAudit,
    Governance,
    GrantFault,
    InvalidSettings,
    MemoryAudit,
    ProviderRuntime,
    Quantities,
    SqliteAudit,
    Tier,
    TransportError,
)
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.errors import Delivery
from provider_runtime.domain.policy.grants.audit import AuditEvent, AuditOutcome
from provider_runtime.testing.builders import a_request, a_tool, an_image
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock
from provider_runtime.testing.mocks import MockGovernanceProvider, MockSecurityProvider

NOON = FrozenClock().now()
LOCAL_CALL = ("model.call", "provider.ada")


def granting(*grants: Any, **others: Any) -> Governance:
    return Governance(grants=grants, **others)


def limited(type_: str = "model.call", scope: str | None = None, **conditions: Any) -> Capability:
    return Capability(type=type_, scope=scope, constraints=Constraints(**conditions))


async def refused(runtime: ProviderRuntime, options: CallOptions | None = None, **changes: Any) -> AccessDenied:
    with pytest.raises(AccessDenied) as denied:
        await runtime.run(a_request(model="ada:x", **changes), options)
    return denied.value


async def log(runtime: ProviderRuntime) -> list[tuple[str, str]]:
    assert runtime.security is not None
    return [(entry.event.value, entry.outcome.value) for entry in await runtime.security.audit_log()]


async def test_a_call_that_takes_what_nobody_granted_is_not_sent() -> None:
    adapter = FakeAdapter(ADA)
    async with governed(granting("model.call"), adapter=adapter) as runtime:
        error = await refused(runtime)
        (receipt,) = await runtime.receipts.list()
    assert adapter.sent == []
    assert (error.gate, error.code, error.capability) == ("grants", ErrorCode.ACCESS_DENIED, "provider.ada")
    assert error.fault is GrantFault.NOT_GRANTED
    assert "provider.ada" in error.remedy
    assert (receipt.record.outcome, receipt.record.gates) == ("refused", ("grants:refused",))


async def test_a_call_that_takes_what_is_granted_is_sent_and_its_receipt_says_so() -> None:
    async with governed(granting(*LOCAL_CALL)) as runtime:
        await runtime.run(a_request(model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert "grants:pass" in receipt.record.gates


async def test_without_governance_nothing_has_to_be_granted() -> None:
    async with governed(None) as runtime:
        await runtime.run(a_request(model="ada:x"))
        assert (runtime.security, runtime.governance) == (None, None)
        (receipt,) = await runtime.receipts.list()
    assert "grants:not_configured" in receipt.record.gates


@pytest.mark.parametrize(
    ("changes", "cap"),
    [({"tools": (a_tool(),)}, "tools.offer"), ({"messages": (user("look", an_image()),)}, "media.send")],
)
async def test_tools_and_media_have_to_be_granted(changes: dict[str, Any], cap: str) -> None:
    async with governed(granting(*LOCAL_CALL)) as runtime:
        assert (await refused(runtime, **changes)).capability == cap
    async with governed(granting(*LOCAL_CALL, cap)) as runtime:
        await runtime.run(a_request(model="ada:x", **changes))


async def test_an_airgap_calls_nobody_in_the_cloud() -> None:
    adapter = FakeAdapter(ADA)
    async with governed("airgap", adapter=adapter, tier=Tier.CLOUD) as runtime:
        error = await refused(runtime)
    assert (error.capability, error.profile, adapter.sent) == ("model.cloud", "airgap", [])
    async with governed("airgap") as runtime:
        await runtime.run(a_request(model="ada:x"))


async def test_grants_add_to_what_a_profile_grants() -> None:
    async with governed(Governance(profile="airgap", grants=["tools.*"])) as runtime:
        await runtime.run(a_request(model="ada:x", tools=(a_tool(),)))


async def test_of_fifty_calls_at_once_exactly_as_many_are_sent_as_the_grant_says() -> None:
    adapter = FakeAdapter(ADA)
    async with governed(granting("provider.*", limited(max_calls=7)), adapter=adapter) as runtime:
        ends = await asyncio.gather(*(runtime.run(a_request(model="ada:x")) for _ in range(50)), return_exceptions=True)
        assert len(await log(runtime)) == 50
    assert len(adapter.sent) == 7
    faults = {end.fault for end in ends if isinstance(end, AccessDenied)}
    assert faults == {GrantFault.CALLS_USED_UP}


async def test_two_runtimes_that_share_an_audit_share_its_grants(tmp_path: Path) -> None:
    adapter = FakeAdapter(ADA)
    governance = granting("provider.*", limited(max_calls=7), audit=SqliteAudit(path=tmp_path / "audit.sqlite"))
    async with governed(governance, adapter=adapter) as one, governed(governance, adapter=adapter) as other:
        calls = [runtime.run(a_request(model="ada:x")) for runtime in (one, other) for _ in range(20)]
        await asyncio.gather(*calls, return_exceptions=True)
    assert len(adapter.sent) == 7
    async with governed(governance, adapter=adapter) as again:
        await refused(again)
        assert len(await log(again)) == 41


async def test_the_bytes_of_a_grant_are_those_that_would_be_sent() -> None:
    adapter = FakeAdapter(ADA)
    size = len(adapter.prepare(a_request("hello", model="ada:x")).body)
    for most, passes in ((size, True), (size - 1, False)):
        async with governed(granting("provider.*", limited(max_bytes=most))) as runtime:
            plan = await runtime.explain(a_request("hello", model="ada:x"))
            assert (plan.body_size, plan.allowed) == (size, passes)
            if not passes:
                assert (await refused(runtime, messages=a_request("hello").messages)).fault is GrantFault.TOO_MANY_BYTES


async def test_a_grant_ends_when_it_expires() -> None:
    clock = FrozenClock()
    grant = limited(expires_at=clock.now() + timedelta(hours=1))
    async with governed(granting("provider.*", grant), clock=clock) as runtime:
        await runtime.run(a_request(model="ada:x"))
        clock.advance(3600)
        assert (await refused(runtime)).fault is GrantFault.EXPIRED


async def test_a_grant_of_one_tenant_is_not_another_s() -> None:
    async with governed(granting("provider.*", limited(scope="tenant=acme"))) as runtime:
        await runtime.run(a_request(model="ada:x"), CallOptions(metadata={"tenant": "acme"}))
        for labels in ({"tenant": "bolt"}, {}):
            error = await refused(runtime, CallOptions(metadata=labels))
            assert error.fault is GrantFault.OUT_OF_SCOPE


async def test_a_grant_may_be_for_some_models_and_providers_alone() -> None:
    grants = granting("provider.*", limited(allowed_models=["small-*"], allowed_providers=["ada"]))
    async with governed(grants) as runtime:
        await runtime.run(a_request(model="ada:small-1"))
        assert (await refused(runtime)).fault is GrantFault.MODEL_NOT_ALLOWED
        with pytest.raises(AccessDenied) as denied:
            await runtime.run(a_request(model="bea:small-1"))
    assert denied.value.fault is GrantFault.PROVIDER_NOT_ALLOWED


async def test_explaining_uses_nothing_up_and_is_not_written_down() -> None:
    async with governed(granting("provider.*", limited(max_calls=1))) as runtime:
        for _ in range(3):
            assert (await runtime.explain(a_request(model="ada:x"))).allowed
        assert await log(runtime) == []
        await runtime.run(a_request(model="ada:x"))
        plan = await runtime.explain(a_request(model="ada:x"))
        assert not plan.allowed
        assert ("grants", "refused", "access_denied") in {(v.gate, v.verdict, v.code) for v in plan.verdicts}
        assert await log(runtime) == [("capability", "allowed")]


async def test_a_call_that_a_later_gate_refuses_has_used_nothing_up() -> None:
    adapter = FakeAdapter(ADA)
    once = granting("provider.*", limited(max_calls=1))
    calls = Budget(name="calls", limit=Amount.calls(0))
    async with governed(once, adapter=adapter, budgets=[calls]) as runtime:
        for _ in range(3):
            with pytest.raises(BudgetExceeded):
                await runtime.run(a_request(model="ada:x"))
        assert await log(runtime) == [("capability", "allowed"), ("gate", "denied"), ("given_back", "allowed")] * 3
        assert runtime.security is not None
        entries = await runtime.security.audit_log()
        assert (entries[1].gate, entries[1].code) == ("budget", "budget_exceeded")


async def test_what_an_earlier_gate_refuses_is_written_down_too() -> None:
    governance = granting("*")
    async with governed(governance, tier=Tier.CLOUD) as runtime:
        config = runtime.routing.providers.get(ADA).config
        assert config.tier is Tier.CLOUD
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter(ADA), config).with_governance(governance)
    async with builder.with_policy("locked").build() as runtime:
        with pytest.raises(CallRefused) as kept_back:
            await runtime.run(a_request(model="ada:x"))
        assert kept_back.value.gate == "tier"
        assert runtime.security is not None
        (entry,) = await runtime.security.audit_log()
    assert (entry.event, entry.outcome) == (AuditEvent.GATE, AuditOutcome.DENIED)
    assert (entry.gate, entry.code, entry.provider) == ("tier", "governance_locked", "ada")


async def test_the_audit_knows_the_call_and_nothing_of_what_is_said() -> None:
    async with governed(granting("model.call")) as runtime:
        await refused(runtime, CallOptions(metadata={"tenant": "acme"}), messages=a_request("a private word").messages)
        (receipt,) = await runtime.receipts.list()
        assert runtime.security is not None
        (entry,) = await runtime.security.audit_log()
    assert entry.call_id == receipt.record.call_id
    assert (entry.provider, entry.model, entry.scopes, entry.denied) == ("ada", "x", ("tenant=acme",), "provider.ada")
    assert "private" not in repr(entry)


async def test_every_alternative_is_granted_anew_and_a_retry_is_not() -> None:
    lost = TransportError(provider=ADA, delivery=Delivery.NOT_SENT, retryable=True)
    fallback = FallbackPolicy(alternatives=["bea:y"])
    async with governed(granting("*", audit=MemoryAudit(keep=9)), adapter=FakeAdapter(ADA, [lost, lost])) as runtime:
        answer = await runtime.run(a_request(model="ada:x"), CallOptions(fallback=fallback))
        assert answer.provider == "bea"
        assert runtime.security is not None
        assert [entry.provider for entry in await runtime.security.audit_log()] == ["ada", "bea"]


async def test_a_runtime_may_be_given_governance_and_security_of_its_own() -> None:
    governance, security = MockGovernanceProvider(), MockSecurityProvider()
    async with governed(None, governance=governance, security=security) as runtime:
        await runtime.run(a_request(model="ada:x"))
        assert (runtime.governance, runtime.security) == (governance, security)
    assert [call.args for call in governance.calls_of("granted")] == [(LOCAL_CALL,)]
    assert len(security.calls_of("decide")) == 1
    security.fail("decide", BrokenAudit("the disk is full"))
    async with governed(None, governance=governance, security=security) as runtime:
        with pytest.raises(CallRefused) as closed:
            await runtime.run(a_request(model="ada:x"))
    assert (closed.value.gate, closed.value.code) == ("grants", ErrorCode.GATE_FAILED)


class BrokenAudit(Exception):
    """What the medium of an audit may raise."""


async def test_a_file_of_the_audit_has_one_line_for_each_decision(tmp_path: Path) -> None:
    async with governed(granting(*LOCAL_CALL, audit=FileAudit(path=tmp_path / "kept"))) as runtime:
        await runtime.run(a_request(model="ada:x"))
        await refused(runtime, tools=(a_tool(),))
    lines = (tmp_path / "kept" / "audit.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert '"denied":"tools.offer"' in lines[1]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"profile": "airgapp"}, "governance.profile"),
        ({"profile": 7}, "governance.profile"),
        ({"grants": ["model.call.*"]}, "governance.grants[0]"),
        ({"grants": ["model.call", 7]}, "governance.grants[1]"),
        ({"limits": Quantities(cost=Decimal(5))}, "governance.limits"),
        ({"profile": "strict", "limits": 5}, "governance.limits"),
        ({"audit": "audit.sqlite"}, "governance.audit"),
    ],
)
def test_governance_that_cannot_be_right_is_refused_by_name_with_a_way_out(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        Governance(**wrong)
    assert refusal.value.field == field
    assert refusal.value.remedy


def test_a_profile_that_is_mistyped_in_the_settings_opens_no_doors() -> None:
    with pytest.raises(InvalidSettings):
        ProviderRuntime.builder().with_governance("airgapp")


def test_grants_may_say_when_they_were_given() -> None:
    grant = Capability(type="model.call", granted_at=datetime(2026, 1, 1, tzinfo=UTC), granted_by="ops")
    assert Governance(grants=[grant]).grants == (grant,)
