"""A configuration file: what it may say, where each value came from, and what is refused."""

import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import RuntimeSettings
from provider_runtime.composition.workspace.config import FILE_NAME, WorkspaceConfig
from provider_runtime.composition.workspace.keys import Key, choices, keys
from provider_runtime.composition.workspace.layers import OriginKind
from provider_runtime.composition.workspace.meanings import MEANINGS
from provider_runtime.composition.workspace.outside import from_environment, from_pairs, variable_of
from provider_runtime.composition.workspace.reading import read_config
from provider_runtime.domain.errors import ConfigError, InvalidSettings
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy

KEYS = tuple(keys())
SINGLE = tuple(key for key in KEYS if key.is_one)
# What cannot be written down, and why.
NOT_IN_A_FILE = {
    "credentials": "a secret; records refer to it",
    "runtime_id": "each runtime has its own",
}
A_KEY = "sk-proj-Qm4w8ZtR2yLk9XvB3nHd6TfPq1sJ5gKc7VbN0aWe"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def fault_in(file: Path, text: str) -> InvalidSettings:
    file.write_text(text)
    with pytest.raises(InvalidSettings) as refused:
        RuntimeSettings.from_file(file)
    return refused.value


# ── the keys ────────────────────────────────────────────────────────────────────────────────


def test_every_field_of_the_settings_can_be_written_down_or_it_is_said_why_not() -> None:
    written = {attribute.name for attribute in attrs.fields(WorkspaceConfig)}
    settings = {attribute.name for attribute in attrs.fields(RuntimeSettings)}
    assert settings - written == set(NOT_IN_A_FILE)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_has_a_sentence_that_says_what_it_means(key: Key) -> None:
    assert key.meaning.endswith((".", "`."))
    assert key.meaning[0].isupper() or not key.meaning[0].isalpha()


def test_no_sentence_is_about_a_key_that_is_not_there() -> None:
    paths = {key.path for key in KEYS}
    shared = {path for path in MEANINGS if path.startswith("assignment.")}
    assert set(MEANINGS) - paths == shared
    assert {f"experts.<name>.{path}" for path in shared} <= paths
    assert {f"profiles.<name>.assignments.<name>.{path.removeprefix('assignment.')}" for path in shared} <= paths


def test_an_empty_file_says_nothing(file: Path) -> None:
    file.touch()
    assert read_config(file).config == WorkspaceConfig()
    settings, folder = RuntimeSettings.from_file(file), file.parent / ".provider-runtime"
    assert settings.receipts.path == folder / "receipts.sqlite"  # type: ignore[union-attr]  # in a file
    assert settings.ledger.path == folder / "ledger.sqlite"  # type: ignore[union-attr]  # as above
    usual = RuntimeSettings(
        receipts=settings.receipts, ledger=settings.ledger, secrets=settings.secrets, leakage=LeakagePolicy()
    )
    assert settings == usual


# ── where it was said ───────────────────────────────────────────────────────────────────────


def test_each_value_knows_its_line_its_variable_or_its_option(file: Path) -> None:
    file.write_text('# ours\n[retry]\nmax_attempts = 5\n\n[[budgets]]\nname = "b"\nusd = "1"\n')
    outside = [
        from_environment({"PROVIDER_RUNTIME__DEADLINE_S": "30", "PROVIDER_RUNTIME_DATA": "ignored"}),
        from_pairs(["policy.mode=locked"]),
    ]
    read = read_config(file, outside)
    said = {path: str(read.origins[path]) for path in read.origins}
    assert said == {
        "retry": f"{FILE_NAME}:2",
        "retry.max_attempts": f"{FILE_NAME}:3",
        "budgets[0]": f"{FILE_NAME}:5",
        "budgets[0].name": f"{FILE_NAME}:6",
        "budgets[0].usd": f"{FILE_NAME}:7",
        "deadline_s": "PROVIDER_RUNTIME__DEADLINE_S",
        "policy.mode": "--set",
    }
    assert (read.config.retry.max_attempts, read.config.deadline_s, read.config.policy.cloud_allowed) == (5, 30, False)


@given(said=st.lists(st.sampled_from(("file", "environment", "option")), unique=True, min_size=1))
def test_an_option_goes_before_a_variable_and_a_variable_before_the_file(
    tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> None:
    file = tmp_path_factory.mktemp("layers") / FILE_NAME
    file.write_text("deadline_s = 1\n" if "file" in said else "")
    environment = {"PROVIDER_RUNTIME__DEADLINE_S": "2"} if "environment" in said else {}
    pairs = ["deadline_s=3"] if "option" in said else []
    read = read_config(file, [from_environment(environment), from_pairs(pairs)])
    strongest = next(kind for kind in ("option", "environment", "file") if kind in said)
    assert read.config.deadline_s == {"file": 1, "environment": 2, "option": 3}[strongest]
    assert read.origins["deadline_s"].kind is OriginKind(strongest)


@pytest.mark.parametrize("key", SINGLE, ids=lambda key: key.path)
def test_whatever_stands_once_can_be_said_by_a_variable_and_by_an_option(key: Key) -> None:
    text = _a_value(key)
    server = ["ledger.medium=remote", "ledger.url=https://h", "ledger.credential={type='env',name='A'}"]
    needed = {
        "fallback": ["fallback.alternatives=['a:b']"],
        "secrets.service": ["secrets.medium=keyring"],
        **dict.fromkeys(("ledger.url", "ledger.credential", "ledger.allowed_networks"), server),
    }
    above = [pair for path, pairs in needed.items() if key.path.startswith(path) for pair in pairs]
    by_variable = read_config(None, [from_pairs(above), from_environment({variable_of(key): text})])
    by_option = read_config(None, [from_pairs([*above, f"{key.path}={text}"])])
    assert by_variable.config == by_option.config
    assert str(by_variable.origins[key.path]) == variable_of(key)


def _a_value(key: Key) -> str:
    """A value that the key may have, as text."""
    (kind, *_) = choices(key.kind)
    known = {
        "data": "there",
        "fallback.alternatives": '["openai:gpt-5-mini"]',
        "fallback.after": '["timed_out"]',
        "labels": '{tenant = "acme"}',
        "leakage.treatments": '{marker = "warn"}',
        "leakage.opaque_allowed": '["image"]',
        "retry.retryable_status_codes": "[500]",
        "parameters.reasoning": '{type = "effort", effort = "low"}',
        "receipt_key": '{type = "env", name = "RECEIPT_KEY"}',
        "ledger.credential": '{type = "env", name = "LEDGER_TOKEN"}',
        "guarded_secrets": '[{type = "env", name = "GUARDED"}]',
    }
    if key.path.startswith("parameters.") and "float" in str(key.kind):
        return "1"
    if key.path in known:
        return known[key.path]
    if isinstance(kind, type) and issubclass(kind, bool):
        return "true"
    if isinstance(kind, type) and issubclass(kind, int | float):
        return "7" if key.path != "retry.max_backoff_ms" else "7000"
    if hasattr(kind, "__members__"):
        return next(iter(kind)).value
    return '["word"]' if "tuple" in str(key.kind) else "word"


# ── what is refused ─────────────────────────────────────────────────────────────────────────


def _in_toml(key: Key, name: str) -> str:
    """A file that says the last name of ``key`` as ``name``."""
    *above, _ = key.path.replace("<name>", "here").split(".")
    header = ".".join(step.removesuffix("[]") for step in above)
    brackets = "[[{}]]" if any("[]" in step for step in above) else "[{}]"
    return (brackets.format(header) + "\n" if header else "") + f"{name} = 1\n"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_a_key_that_is_not_known_is_refused_with_the_nearest_that_is(file: Path, key: Key) -> None:
    right = key.path.rpartition(".")[2]
    wrong = f"{right}q"
    needed = "[profiles.here.assignments]\n" if key.path.startswith("profiles.<name>.g") else ""
    fault = fault_in(file, needed + _in_toml(key, wrong))
    assert fault.field is not None
    assert fault.field.endswith(wrong)
    assert fault.message.startswith(f"{FILE_NAME}:")
    assert f'"{right}"' in fault.remedy


def test_a_variable_that_names_no_key_is_refused_with_the_nearest_that_does() -> None:
    with pytest.raises(InvalidSettings) as refused:
        from_environment({"PROVIDER_RUNTIME__RETRY__MAX_ATEMPTS": "3"})
    assert "PROVIDER_RUNTIME__RETRY__MAX_ATEMPTS" in refused.value.message
    assert "retry.max_attempts" in refused.value.remedy


@pytest.mark.parametrize("pair", ["deadline_s", "=3", "nothing=1", "retry=1", "providers.x.kind=ollama"])
def test_an_option_that_says_no_setting_is_refused(pair: str) -> None:
    with pytest.raises(InvalidSettings):
        from_pairs([pair])


WRONG = {
    "a number out of its bounds": ("deadline_s = -1", "deadline_s", 1),
    "text for a number": ('\nmax_response_bytes = "many"', "max_response_bytes", 2),
    "a mode that is none": ('[policy]\nmode = "hard"', "policy.mode", 2),
    "attempts of none": ("[retry]\nmax_attempts = 0", "retry.max_attempts", 2),
    "a budget without a limit": ('[[budgets]]\nname = "b"', "budgets[0].budget", 1),
    "a budget with two": ('[[budgets]]\nname = "b"\nusd = "1"\ncalls = 1', "budgets[0].budget", 1),
    "two budgets of one name": ('[[budgets]]\nname = "b"\ncalls = 1\n[[budgets]]\nname = "b"\ncalls = 1', "budgets", 0),
    "a profile that nobody made": ('profile = "team"', "profile", 1),
    "a reference that leads nowhere": (
        'receipt_key = {type = "env", name = "NOT_SET"}',
        "receipt_key",
        1,
    ),
    "a file that is not there": ('catalog = "nowhere.json"', "catalog", 1),
    "an id inside a table that is named by it": ('[providers.a]\nprovider_id = "b"', "providers.a.provider_id", 2),
    "a well-known key led elsewhere": (
        (
            '[providers.a]\nkind = "openai"\nbase_url = "https://evil.example"\n'
            'credential = {type = "env", name = "OPENAI_API_KEY"}'
        ),
        "providers.a.credential",
        4,
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_right_is_refused_by_key_and_line(file: Path, case: str) -> None:
    text, path, line = WRONG[case]
    fault = fault_in(file, text)
    assert fault.field == path
    assert not line or fault.message.startswith(f"{FILE_NAME}:{line}: ")


@pytest.mark.parametrize(
    "text",
    [
        'name = "{}"',
        '[providers.a]\nkind = "openai"\nbase_url = "https://a.example"\nheaders = {{"x-team" = "{}"}}',
        'leak_rules = "{}"',
        '[experts.critic]\nsystem_prompt = "Use {} for it."',
    ],
)
def test_what_looks_like_a_key_is_refused_and_not_repeated(file: Path, text: str) -> None:
    fault = fault_in(file, text.format(A_KEY))
    assert "looks like a secret" in fault.message
    assert A_KEY[8:] not in f"{fault!r} {fault} {fault.__context__!r} {fault.__cause__!r}"


def test_a_key_under_a_name_of_its_own_is_no_key_of_the_file_and_is_not_repeated(file: Path) -> None:
    fault = fault_in(file, f'[providers.openai]\napi_key = "{A_KEY[:20]}"')
    assert fault.field == "providers.openai.api_key"
    assert A_KEY[8:20] not in f"{fault!r} {fault}"


@given(content=st.binary(max_size=60) | st.text(alphabet="[]{}=.,\"'\n #ab1", max_size=40).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused_in_our_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("layers") / FILE_NAME
    file.write_bytes(content)
    fault: ConfigError | None = None
    try:
        RuntimeSettings.from_file(file)
    except ConfigError as raised:
        fault = raised
    assert fault is None or (fault.message and fault.remedy)


def test_a_file_that_is_not_there_too_large_or_a_folder_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_text("#" * (1024 * 1024 + 1))
    for place in (tmp_path / "nowhere.toml", tmp_path, large):
        with pytest.raises(InvalidSettings):
            RuntimeSettings.from_file(place)


# ── what it means ───────────────────────────────────────────────────────────────────────────


@given(mode=st.sampled_from(("standard", "strict", "locked")))
def test_a_mode_means_its_preset_and_single_keys_go_before_it(mode: str) -> None:
    plain = read_config(None, [from_pairs([f"policy.mode={mode}"])]).config
    assert plain.policy == GovernancePolicy.preset(mode)
    assert plain.leakage == (LeakagePolicy.strict() if mode == "strict" else LeakagePolicy())
    own = read_config(
        None, [from_pairs([f"policy.mode={mode}", "policy.on_lossy=warn", 'leakage.markers=["TLP:RED"]'])]
    )
    assert own.config.policy == evolve(plain.policy, on_lossy="warn")
    assert own.config.leakage == evolve(plain.leakage, markers=["TLP:RED"])


def test_a_well_known_provider_needs_nothing_but_its_name(file: Path) -> None:
    file.write_text("[providers.openai]\n[providers.anthropic]\ndefault_model = 'claude-sonnet-4-5'\n")
    openai, anthropic = RuntimeSettings.from_file(file).providers
    assert openai.base_url == "https://api.openai.com"
    assert (anthropic.kind, anthropic.default_model) == ("anthropic", "claude-sonnet-4-5")


def test_the_key_of_a_well_known_provider_stays_bound_when_a_file_gives_another_address(file: Path) -> None:
    file.write_text("[providers.openai]\nbase_url = 'https://evil.example'\n")
    (openai,) = RuntimeSettings.from_file(file).providers
    assert openai.bound_to == "https://api.openai.com:443"


def test_paths_begin_at_the_file_and_those_of_what_is_kept_at_the_data_folder(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text(
        'data = "kept"\ncatalog = "models.json"\n[receipts]\nmedium = "file"\n[ledger]\npath = "l.sqlite"\n'
    )
    (tmp_path / "models.json").write_text('{"models": []}')
    settings = RuntimeSettings.from_file(file)
    assert settings.catalog is not None
    assert settings.catalog.models == ()
    assert settings.receipts.path == tmp_path / "kept" / "receipts.jsonl"  # type: ignore[union-attr]  # in a file
    assert settings.ledger.path == tmp_path / "kept" / "l.sqlite"  # type: ignore[union-attr]  # as above
    assert settings.secrets.path == tmp_path / "kept" / "secrets.json"  # type: ignore[union-attr]  # as above


def test_references_are_followed_and_nothing_else_of_the_environment_is_read(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("from-a-file\n")
    tree: dict[str, Any] = {
        "receipt_key": {"type": "env", "name": "RECEIPT_KEY"},
        "guarded_secrets": [{"type": "key_file", "path": "key.txt"}],
    }
    environment = {"RECEIPT_KEY": "from-a-variable", "PROVIDER_RUNTIME__DEADLINE_S": "1"}
    settings = RuntimeSettings.from_mapping(tree, folder=tmp_path, environment=environment)
    assert (str(settings.receipt_key), settings.deadline_s) == ("***", 600.0)
    assert settings.receipt_key is not None
    assert settings.receipt_key.reveal() == "from-a-variable"
    assert [secret.reveal() for secret in settings.guarded_secrets] == ["from-a-file"]


def test_what_a_caller_says_goes_before_the_file(file: Path) -> None:
    file.write_text("deadline_s = 1\nprofile = 'team'\n")
    settings = RuntimeSettings.from_file(file, deadline_s=2.0, profile=None)
    assert (settings.deadline_s, settings.profile) == (2.0, None)


def test_a_profile_is_chosen_by_its_name_or_pinned_by_its_id(file: Path) -> None:
    team = '[profiles.team.assignments]\nworker = {primary = "here:small"}\n'
    file.write_text(f"profile = 'team'\n{team}")
    profile = RuntimeSettings.from_file(file).profile
    assert profile is not None
    file.write_text(f"profile = '{profile.profile_id}'\n{team}")
    assert RuntimeSettings.from_file(file).profile == profile
    file.write_text(re.sub("small", "large", file.read_text()))
    assert "team@" in fault_in(file, file.read_text()).message


def test_experts_are_those_that_ship_and_those_that_are_written_which_go_first(file: Path) -> None:
    file.write_text("default_experts = true\n[experts.critic]\nsystem_prompt = 'Doubt.'\n")
    experts = RuntimeSettings.from_file(file).experts
    assert len(experts) == 7
    assert experts["critic"].system_prompt == "Doubt."  # type: ignore[index]  # a role is its text
