"""The configuration file that ``init`` writes: what people change most, with what it means, to be uncommented."""

from textwrap import wrap
from typing import Final

from provider_runtime.composition.workspace.meanings import meaning_of

# Each table with keys of it, and a value that each may have.
_OFFERED: Final = (
    ("", (("default_provider", '"openai"'), ("deadline_s", "120"))),
    ("policy", (("mode", '"strict"  # standard, strict, locked'),)),
    ("parameters", (("temperature", "0.2"), ("max_output_tokens", "2000"))),
    ("fallback", (("alternatives", '["openai:gpt-5-mini"]'),)),
    ("[budgets]", (("name", '"monthly"'), ("usd", '"10"'), ("window_s", "2_592_000  # thirty days"))),
    ("limits.openai", (("requests_per_minute", "60"), ("concurrent_calls", "8"))),
    (
        "providers.acme",
        (
            ("kind", '"openai_compatible"'),
            ("base_url", '"https://llm.example.com/v1"'),
            ("credential", '{type = "env", name = "ACME_KEY"}'),
        ),
    ),
)
_HEAD: Final = """\
# Settings of this workspace. Every command finds this file from the folders below it.
# No key stands here, only where one is found: this file may be committed, the data folder not.
# Lines that begin with # and a key are examples. What holds: provider-runtime config show --origin.
# Every key with its meaning: the reference, page Configuration.

"""


def template(data: str) -> str:
    """The text of a new file, whose data folder is called ``data``."""
    lines = [*_comment(meaning_of("data")), f"data = {_quoted(data)}"]
    for table, offered in _OFFERED:
        lines += ["", *([f"#[{table}]"] if table else [])]
        for key, value in offered:
            lines += [*_comment(meaning_of(_path(table, key))), f"#{key} = {value}"]
    return _HEAD + "\n".join(lines) + "\n"


def _path(table: str, key: str) -> str:
    """The path of a key of ``table``, as the meanings have it."""
    if table.startswith("["):
        return f"{table.strip('[]')}[].{key}"
    name, dot, _ = table.partition(".")
    return f"{name}.<name>.{key}" if dot else f"{table}.{key}".removeprefix(".")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, width=100)]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
