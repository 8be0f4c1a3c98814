"""Grants with conditions: which uses they admit."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.parts import ImagePart, InlineData
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.grants import verdicts
from provider_runtime.domain.policy.grants.capability import (
    Capability,
    Constraints,
    Decision,
    Denied,
    Granted,
    GrantFault,
    Use,
)
from provider_runtime.domain.policy.grants.caps import cap_name, is_cap_name
from provider_runtime.domain.policy.grants.needs import caps_needed, caps_of_any_call


def decide(use: Use, grants: list[Capability], used: dict[str, int], now: datetime) -> Decision:
    return verdicts.decide(use, use.granted, grants, used, now)


NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_grant(type_: str = "model.call", scope: str | None = None, **conditions: Any) -> Capability:
    return Capability(type=type_, scope=scope, constraints=Constraints(**conditions))


def a_use(*caps: str, **facts: Any) -> Use:
    known = {"provider": "openai", "model": "gpt-5-mini", "method": "POST", "size": 100, "scopes": ("tenant=acme",)}
    return Use(caps=caps or ("model.call",), **{**known, **facts})


@pytest.mark.parametrize(
    ("grant", "fault"),
    [
        (a_grant("model.cloud"), GrantFault.NOT_GRANTED),
        (a_grant(scope="tenant=bolt"), GrantFault.OUT_OF_SCOPE),
        (a_grant(expires_at=NOW), GrantFault.EXPIRED),
        (a_grant(max_calls=0), GrantFault.CALLS_USED_UP),
        (a_grant(max_bytes=99), GrantFault.TOO_MANY_BYTES),
        (a_grant(allowed_methods=["GET"]), GrantFault.METHOD_NOT_ALLOWED),
        (a_grant(allowed_providers=["anthropic"]), GrantFault.PROVIDER_NOT_ALLOWED),
        (a_grant(allowed_models=["gpt-5", "claude-*"]), GrantFault.MODEL_NOT_ALLOWED),
        (a_grant(allowed_models=[]), GrantFault.MODEL_NOT_ALLOWED),
    ],
)
def test_each_condition_keeps_its_calls_back_and_says_which(grant: Capability, fault: GrantFault) -> None:
    decision = decide(a_use(), [grant], {}, NOW)
    assert isinstance(decision, Denied)
    assert (decision.cap, decision.fault) == ("model.call", fault)


@pytest.mark.parametrize(
    "grant",
    [
        a_grant("*"),
        a_grant("model.*"),
        a_grant("cap.model.call"),
        a_grant(scope="tenant=acme"),
        a_grant(expires_at=NOW + timedelta(microseconds=1)),
        a_grant(max_bytes=100),
        a_grant(allowed_methods=["get", "post"]),
        a_grant(allowed_providers=["openai"]),
        a_grant(allowed_models=["gpt-*"]),
        a_grant(allowed_models=["gpt-5-mini"]),
    ],
)
def test_what_meets_the_conditions_is_granted_and_counted_nowhere(grant: Capability) -> None:
    assert decide(a_use(), [grant], {}, NOW) == Granted()


@pytest.mark.parametrize(
    "grant",
    [
        a_grant(max_bytes=10**9),
        a_grant(allowed_methods=["POST"]),
        a_grant(allowed_providers=["openai"]),
        a_grant(allowed_models=["*"]),
        a_grant(scope="tenant=acme"),
    ],
)
def test_what_a_use_does_not_say_meets_no_condition(grant: Capability) -> None:
    assert isinstance(decide(Use(caps=("model.call",)), [grant], {}, NOW), Denied)


@given(limit=st.integers(0, 5), used=st.integers(0, 8))
def test_a_grant_admits_as_many_uses_as_it_says(limit: int, used: int) -> None:
    grant = a_grant(max_calls=limit)
    decision = decide(a_use(), [grant], {grant.capability_id: used}, NOW)
    assert isinstance(decision, Granted) == (used < limit)
    if isinstance(decision, Granted):
        assert decision.counted == (grant.capability_id,)


def test_a_use_takes_all_of_its_capabilities_or_none() -> None:
    counted = a_grant("model.call", max_calls=5)
    decision = decide(a_use("model.call", "model.cloud"), [counted], {}, NOW)
    assert decision == Denied(cap="model.cloud", fault=GrantFault.NOT_GRANTED)


def test_a_grant_that_serves_a_use_twice_is_used_once() -> None:
    grant = a_grant("model.*", max_calls=1)
    assert decide(a_use("model.call", "model.cloud"), [grant], {}, NOW) == Granted(counted=(grant.capability_id,))


def test_the_first_grant_that_admits_a_use_serves_it() -> None:
    first, second = a_grant(max_calls=1), a_grant(max_calls=9)
    assert decide(a_use(), [first, second], {}, NOW) == Granted(counted=(first.capability_id,))
    used_up = {first.capability_id: 1}
    assert decide(a_use(), [first, second], used_up, NOW) == Granted(counted=(second.capability_id,))


def test_what_a_profile_grants_needs_no_grant_and_counts_nowhere() -> None:
    use = a_use("model.call", granted=frozenset({"model.call"}))
    assert decide(use, [a_grant(max_calls=0)], {}, NOW) == Granted()


def test_what_is_no_name_is_not_granted_whoever_says_so() -> None:
    use = a_use("no name", granted=frozenset({"no name"}))
    assert isinstance(decide(use, [a_grant("*")], {}, NOW), Denied)


@given(caps=st.lists(st.sampled_from(["a.b", "c", "*", "a.*", "", "no name", "x" * 201, "cap.a.b"]), max_size=4))
def test_whoever_grants_everything_grants_what_is_a_name_and_nothing_else(caps: list[str]) -> None:
    use = Use(caps=tuple(caps), granted=frozenset(map(cap_name, caps)))
    assert isinstance(decide(use, [], {}, NOW), Granted) == all(map(is_cap_name, use.caps))


def test_equal_grants_are_one_grant_and_a_grant_given_anew_is_another() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    same = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert (
        Capability(type="a", granted_at=moment).capability_id == Capability(type="cap.a", granted_at=same).capability_id
    )
    later = Capability(type="a", granted_at=moment + timedelta(seconds=1))
    assert later.capability_id != Capability(type="a", granted_at=moment).capability_id
    assert a_grant(max_calls=1).capability_id != a_grant(max_calls=2).capability_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_calls": -1},
        {"max_calls": True},
        {"max_bytes": 1.5},
        {"expires_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - no time zone, on purpose
        {"expires_at": "tomorrow"},
        {"allowed_models": "gpt-5"},
        {"allowed_providers": [""]},
    ],
)
def test_a_condition_that_cannot_be_right_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Constraints(**wrong)


def test_a_call_takes_what_it_does() -> None:
    image = ImagePart(source=InlineData(media_type="image/png", data=b"x"))
    tool = ToolDefinition(name="look", parameters_schema={"type": "object"})
    plain = ProviderRequest(model="gpt-5", messages=[user("hi")])
    full = ProviderRequest(model="gpt-5", messages=[user("hi", image)], tools=[tool])
    acme = ProviderId("acme.eu")
    assert caps_needed(plain, caps_of_any_call(acme, Tier.LOCAL)) == ("model.call", "provider.acme.eu")
    assert caps_needed(full, caps_of_any_call(acme, Tier.CLOUD)) == (
        *("model.call", "provider.acme.eu", "model.cloud"),
        *("tools.offer", "media.send"),
    )
