"""RuntimeSettings: what cannot be right is refused by name, and no secret is quoted."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import ConfigError, FileReceipts, MemoryReceipts, ProviderConfig, RuntimeSettings, Secret
from provider_runtime.composition.presets import PRESETS, local_server, preset
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.errors import InvalidSettings, InvalidTimeout, MissingProviderRuntimeError

A_KEY = "sk-canary-7f3a9c51d2e84b60a1f7"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "two records of one id": ({"providers": (PRESETS[0], PRESETS[0])}, "providers"),
    "a record that is none": ({"providers": (PRESETS[0], "openai")}, "providers[1]"),
    "a key that is not wrapped": ({"credentials": {"openai": A_KEY}}, "credentials[openai]"),
    "a key under a name that is none": ({"credentials": {"open ai": Secret("k")}}, "credentials"),
    "a receipt key that is not wrapped": ({"receipt_key": A_KEY}, "receipt_key"),
    "a policy by name": ({"policy": "strict"}, "policy"),
    "no policy": ({"policy": None}, "policy"),
    "a retry policy that is a number": ({"retry": 3}, "retry"),
    "receipts by path": ({"receipts": "receipts.jsonl"}, "receipts"),
    "no receipts": ({"receipts": None}, "receipts"),
    "a catalog that is none": ({"catalog": ()}, "catalog"),
    "prices that are none": ({"prices": {}}, "prices"),
    "a default provider whose name is none": ({"default_provider": "no such name"}, "default_provider"),
    "a runtime id with spaces": ({"runtime_id": "a b"}, "runtime_id"),
    "answers of no size": ({"max_response_bytes": 0}, "max_response_bytes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_setting_that_cannot_be_right_is_refused_by_name_with_a_way_out(case: str) -> None:
    given_, field = WRONG[case]
    with pytest.raises(InvalidSettings) as refused:
        RuntimeSettings(**given_)
    assert refused.value.field == field
    assert refused.value.remedy
    assert A_KEY not in f"{refused.value} {refused.value!r} {refused.value.__context__!r}"


@pytest.mark.parametrize("field", ["deadline_s", "connect_timeout_s"])
@given(value=st.sampled_from((0, -1, 86_401, math.inf, math.nan, True, "5", None)))
def test_a_time_limit_is_a_positive_number_of_seconds(field: str, value: object) -> None:
    with pytest.raises(InvalidTimeout) as refused:
        RuntimeSettings(**{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("keep", [0, -1, True, 2.5])
def test_receipts_in_memory_keep_at_least_one(keep: Any) -> None:
    with pytest.raises(InvalidSettings):
        MemoryReceipts(keep=keep)


def test_settings_do_not_print_their_secrets() -> None:
    settings = RuntimeSettings(credentials={"openai": Secret(A_KEY)}, receipt_key=Secret(A_KEY))
    assert A_KEY not in repr(settings)


def test_credentials_are_a_copy_that_cannot_be_written_to() -> None:
    mine = {"openai": Secret("first")}
    settings = RuntimeSettings(credentials=mine)
    mine["openai"] = Secret("second")
    assert settings.credentials["openai"] == Secret("first")
    with pytest.raises(TypeError):
        settings.credentials["openai"] = Secret("third")  # type: ignore[index]  # that it fails is the point


def test_lists_and_texts_are_taken_for_what_they_mean() -> None:
    settings = RuntimeSettings(providers=[PRESETS[0]], default_provider="openai", receipts=FileReceipts(path="r"))
    assert settings.providers == (PRESETS[0],)
    assert settings.receipts == FileReceipts(path=Path("r"))


VARIABLES = {
    config.provider_id: config.credential.name for config in PRESETS if isinstance(config.credential, EnvCredential)
}


@given(
    st.dictionaries(
        st.sampled_from((*VARIABLES.values(), "GROQ_API_KEY", "HOME")), st.sampled_from(("", "  ", "a-key"))
    )
)
def test_settings_from_an_environment_know_just_the_providers_whose_key_is_there(environment: dict[str, str]) -> None:
    expected = [provider for provider, variable in VARIABLES.items() if environment.get(variable, "").strip()]
    if expected:
        settings = RuntimeSettings.from_environment(environment, deadline_s=5)
        assert [config.provider_id for config in settings.providers] == expected
        assert settings.deadline_s == 5
        assert settings.credentials == {}, "keys are read when a runtime opens, not kept in settings"
    else:
        with pytest.raises(MissingProviderRuntimeError) as refused:
            RuntimeSettings.from_environment(environment)
        assert (refused.value.missing_fields, refused.value.requirement) == (("providers",), "REQ-SP4-004")
        assert all(variable in refused.value.remedy for variable in VARIABLES.values())


def test_settings_are_not_read_from_the_environment_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", A_KEY)
    assert RuntimeSettings().providers == ()
    assert RuntimeSettings().credentials == {}


def test_presets_are_found_by_name_and_others_refused() -> None:
    assert [preset(str(config.provider_id)) for config in PRESETS] == list(PRESETS)
    with pytest.raises(ValueError, match="no preset for 'groq'"):
        preset("groq")


def test_a_local_server_is_local_and_needs_no_key() -> None:
    record = local_server("http://localhost:8000/v1", options={"vendor": "vllm"})
    assert record == ProviderConfig(
        provider_id="local",
        kind="openai_compatible",
        base_url="http://localhost:8000/v1",
        tier="local",
        options={"vendor": "vllm"},
    )


def test_every_fault_of_settings_is_one_family() -> None:
    assert issubclass(InvalidSettings, ConfigError)
    assert issubclass(InvalidTimeout, ConfigError)
