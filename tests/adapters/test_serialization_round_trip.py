"""What is written is read back, exactly; and what is read is written back, byte for byte."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Literal

import attrs
import pytest
from cattrs import Converter
from exactness import shape
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.serialization import (
    DocumentFault,
    make_converter,
    read_json,
    request_from_json,
    request_to_json,
    response_from_json,
    response_to_json,
    structure,
    to_json,
)
from provider_runtime.application.explaining import CallPlan, GateVerdict
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.providers import (
    EnvCredential,
    KeyFileCredential,
    ProviderConfig,
    ProviderKind,
    Tier,
)
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import ContentPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import CallWarning, ProviderResponse
from provider_runtime.domain.conversation.usage import CostBreakdown, PricingSource, Usage
from provider_runtime.domain.identity import OPENAI, CallId, RuntimeId
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.records.receipts import AttemptRecord, CallOutcome, CallReceipt, CallRecord
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.consents import a_plan
from provider_runtime.testing.strategies import (
    content_parts,
    costs,
    json_values,
    messages,
    requests,
    responses,
    usages,
)


@pytest.fixture(scope="module")
def converter() -> Converter:
    return make_converter()


@given(request_=requests())
def test_a_request_reads_back_exactly_as_it_was(converter: Converter, request_: ProviderRequest) -> None:
    back = request_from_json(converter, request_to_json(converter, request_))
    assert back == request_
    assert shape(back) == shape(request_)


@given(response=responses())
def test_a_response_reads_back_exactly_as_it_was(converter: Converter, response: ProviderResponse) -> None:
    back = response_from_json(converter, response_to_json(converter, response))
    assert back == response
    assert shape(back) == shape(response)


@given(request_=requests())
def test_reading_and_writing_gives_the_same_bytes(converter: Converter, request_: ProviderRequest) -> None:
    written = request_to_json(converter, request_)
    assert request_to_json(converter, request_from_json(converter, written)) == written


@given(message=messages())
def test_any_message_reads_back_also_an_invalid_one(converter: Converter, message: Message) -> None:
    back = structure(converter, Message, read_json(to_json(converter, message)))
    assert shape(back) == shape(message)


@given(part=content_parts())
def test_a_part_alone_carries_its_tag(converter: Converter, part: ContentPart) -> None:
    written = read_json(to_json(converter, part))
    assert isinstance(written["type"], str)
    assert shape(structure(converter, ContentPart, written)) == shape(part)  # type: ignore[arg-type]  # a union is a type to cattrs
    assert shape(structure(converter, type(part), written)) == shape(part)


@given(usage=usages(), cost=costs())
def test_usage_and_cost_stand_alone(converter: Converter, usage: Usage, cost: CostBreakdown) -> None:
    assert structure(converter, Usage, read_json(to_json(converter, usage))) == usage
    assert shape(structure(converter, CostBreakdown, read_json(to_json(converter, cost)))) == shape(cost)


_RECORD = CallRecord(
    call_id=CallId("call-1"),
    runtime_id=RuntimeId("rt-1"),
    started_at="2026-01-31T12:00:00Z",
    duration_us=1200,
    outcome=CallOutcome.ANSWERED,
    model_asked="gpt-5",
    policy_version="1",
    attempts=(AttemptRecord(outcome="answered", duration_us=900, status_code=200),),
    gates=("tier:pass",),
    cost_nano_usd=0,
)
_PROVIDER = ProviderConfig(
    provider_id=OPENAI,
    kind=ProviderKind.OPENAI,
    base_url="https://api.openai.com",
    credential=EnvCredential(name="OPENAI_API_KEY"),
    options={"organization": "acme"},
)
_PLAN = CallPlan(
    provider=OPENAI,
    model_id="gpt-5",
    tier=Tier.CLOUD,
    route_rule="hint",
    route_reason="the request names the provider",
    url="https://api.openai.com/v1/responses",
    body=b'{"model":"gpt-5"}\x00\xff',
    body_sha256="ab" * 32,
    body_size=19,
    warnings=(CallWarning("dropped_control", "top_k was dropped"),),
    verdicts=(GateVerdict(gate="tier", verdict="refused", reason="no cloud", code="tier_denied"),),
    worst_case_cost=CostBreakdown(
        input_cost=Decimal("0.000019"),
        output_cost=Decimal("1.0"),
        total_cost=Decimal("1.000019"),
        pricing_source=PricingSource.CONFIGURED,
    ),
    projection=a_plan(),
)


@pytest.mark.parametrize(
    "value",
    [
        ModelCatalog(models=(ModelInfo(provider=OPENAI, model_id="gpt-5", supports_reasoning=False),)),
        ModelCatalog(),
        DiscoveryOptions(remote=True, include_provider=(OPENAI,)),
        _PROVIDER,
        attrs.evolve(_PROVIDER, credential=KeyFileCredential(path="~/key"), tier=Tier.LOCAL),
        _RECORD,
        CallReceipt(receipt_id="r", chain_id="c", seq=0, prev_hash=None, record=_RECORD, receipt_hash="sha256:0"),
        GovernancePolicy.preset("strict"),
        _PLAN,
    ],
    ids=lambda value: type(value).__name__,
)
def test_records_of_every_kind_read_back(converter: Converter, value: Any) -> None:
    back = structure(converter, type(value), read_json(to_json(converter, value)))
    assert back == value
    assert shape(back) == shape(value)


# ── kinds of values that no canonical type uses yet ─────────────────────────────────────────


class _Colour(Enum):
    RED = 1


class _Level(IntEnum):
    LOW = 1


@attrs.frozen
class _Sundry:
    at: datetime
    colour: _Colour
    level: _Level
    kind: Literal["a", 1]
    pair: tuple[int, str]
    flags: frozenset[int]
    by_name: dict[str, float]
    either: int | str | None = None
    anything: Any = None


@given(
    value=st.builds(
        _Sundry,
        at=st.datetimes(
            timezones=st.sampled_from((UTC, timezone(timedelta(hours=-9, minutes=-30)))),
            min_value=datetime(2, 1, 1),  # noqa: DTZ001 - bounds are local times by contract
            max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - as above
        ),
        colour=st.just(_Colour.RED),
        level=st.just(_Level.LOW),
        kind=st.sampled_from(("a", 1)),
        pair=st.tuples(st.integers(), st.text()),
        flags=st.frozensets(st.integers(), max_size=3),
        by_name=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=2),
        either=st.none() | st.integers() | st.text(),
        anything=json_values().filter(lambda value: not isinstance(value, tuple | dict)),
    )
)
def test_values_of_other_kinds_read_back(converter: Converter, value: _Sundry) -> None:
    back = structure(converter, _Sundry, read_json(to_json(converter, value)))
    assert back == value
    assert back.at.utcoffset() == timedelta(0)


def test_times_are_written_in_utc_and_never_without_a_zone(converter: Converter) -> None:
    moment = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert converter.unstructure(moment) == "2026-01-31T10:00:00.000005Z"
    with pytest.raises(ValueError, match="zone"):
        converter.unstructure(datetime(2026, 1, 31))  # noqa: DTZ001 - the mistake under test


def test_a_secret_is_never_written_nor_read(converter: Converter) -> None:
    with pytest.raises(TypeError, match="Secret"):
        converter.unstructure(CallOptions(credential=Secret("sk-made-up")))
    with pytest.raises(DocumentFault, match="never stands in a document") as refused:
        structure(converter, CallOptions, {"credential": "sk-made-up"})
    assert (refused.value.field, "made-up" in str(refused.value)) == ("credential", False)


def test_making_a_converter_touches_nothing_of_another() -> None:
    first, second = make_converter(), make_converter()
    assert to_json(first, Usage(input_tokens=1)) == to_json(second, Usage(input_tokens=1))
    first.register_unstructure_hook(Usage, lambda _: "replaced")
    assert second.unstructure(Usage(input_tokens=1)) == {"input_tokens": 1}
