"""The credential of a record is bound to the origin it was given for, whatever becomes of the base URL."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.serialization import make_converter, read_json, structure, to_json
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.policy.credentials import fault_of_binding

_REFERENCES = st.sampled_from(
    (
        EnvCredential(name="KEY"),
        EnvCredential(name="KEY", alternatives=("OTHER_KEY",)),
        KeyFileCredential(path="~/key"),
        NamedKeyCredential(name="work"),
        KeyringCredential(service="llm", name="work"),
    )
)
_BASE_URLS = st.sampled_from(
    (
        "https://api.example.com",
        "https://API.example.com:443/v1/",
        "https://api.example.com/other",
        "https://proxy.example.com",
        "https://api.example.com:8443",
        "http://localhost:8000/v1",
        "http://[::1]:8000",
    )
)


def _record(base_url: str, credential: CredentialRef | None, **fields: object) -> ProviderConfig:
    return ProviderConfig(provider_id="acme", kind="openai", base_url=base_url, credential=credential, **fields)


@given(base_url=_BASE_URLS, reference=_REFERENCES)
def test_a_record_with_a_reference_is_bound_to_where_it_is(base_url: str, reference: CredentialRef) -> None:
    record = _record(base_url, reference)
    assert record.bound_to == str(origin_of(base_url))
    assert fault_of_binding(record) is None


@given(one=_BASE_URLS, other=_BASE_URLS, reference=_REFERENCES)
def test_a_changed_base_url_keeps_its_credential_only_within_the_origin(
    one: str, other: str, reference: CredentialRef
) -> None:
    moved = evolve(_record(one, reference), base_url=other)
    fault = fault_of_binding(moved)
    assert (fault is None) == (origin_of(one) == origin_of(other))
    if fault is not None:
        assert (fault.provider, fault.bound_to, fault.origin) == ("acme", str(origin_of(one)), str(origin_of(other)))
        assert "rebound()" in fault.remedy
    assert fault_of_binding(moved.rebound()) is None


@given(one=_BASE_URLS, other=_BASE_URLS, reference=_REFERENCES | st.none())
def test_a_record_reads_back_with_the_binding_it_was_written_with(
    one: str, other: str, reference: CredentialRef | None
) -> None:
    converter = make_converter()
    moved = evolve(_record(one, reference), base_url=other)
    assert structure(converter, ProviderConfig, read_json(to_json(converter, moved))) == moved


def test_a_record_written_by_hand_needs_no_binding_and_gets_one() -> None:
    document = {
        "provider_id": "acme",
        "kind": "openai",
        "base_url": "https://api.example.com/v1",
        "credential": {"type": "named_key", "name": "work"},
    }
    assert structure(make_converter(), ProviderConfig, document).bound_to == "https://api.example.com:443"


def test_a_record_without_a_reference_is_bound_to_nothing_and_may_move() -> None:
    record = _record("https://api.example.com", EnvCredential(name="KEY"))
    moved = evolve(record, credential=None, base_url="http://localhost:1")
    assert moved.bound_to is None
    assert evolve(moved, credential=EnvCredential(name="KEY")).bound_to == "http://localhost:1"


def test_a_reference_given_later_does_not_free_a_binding() -> None:
    record = _record("https://api.example.com", EnvCredential(name="KEY"))
    moved = evolve(record, base_url="https://evil.example.com", credential=EnvCredential(name="ANOTHER"))
    assert fault_of_binding(moved) is not None


def test_a_binding_may_be_written_short_and_is_kept_in_full() -> None:
    record = _record("https://api.example.com/v1", EnvCredential(name="KEY"), bound_to="https://API.example.com/")
    assert record.bound_to == "https://api.example.com:443"


@pytest.mark.parametrize("bound_to", ["api.example.com", "", "https://user@api.example.com", "file:///etc", 7])
def test_a_binding_that_is_no_origin_is_refused_without_being_quoted(bound_to: object) -> None:
    with pytest.raises(ValueError, match="bound_to must be an origin") as refused:
        _record("https://api.example.com", EnvCredential(name="KEY"), bound_to=bound_to)
    assert not bound_to or str(bound_to) not in str(refused.value)
