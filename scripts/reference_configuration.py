"""The page about the configuration file: every key, what it means, and how else it can be said."""

import re
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from markdown_tables import code, table

from provider_runtime.composition.workspace.config import DATA_NAME, FILE_NAME
from provider_runtime.composition.workspace.keys import REQUIRED, Key, keys
from provider_runtime.composition.workspace.outside import PREFIX, variable_of
from provider_runtime.composition.workspace.rows import as_toml, plain
from provider_runtime.domain.conversation.request import ModelRef

_ABOUT = {
    "": "At the top of the file, before any table.",
    "policy": "What a runtime may do. `mode` chooses a preset; keys beside it change single rules of it. A mode that "
    "is said later (by a variable, by `--policy`) begins anew: what was said before it of single rules does not count.",
    "leakage": "What becomes of a call that holds a secret.",
    "retry": "How often and how patiently a call is tried again.",
    "fallback": "Who is asked instead when a provider fails.",
    "parameters": "For every call that does not say otherwise.",
    "swaps": 'What is allowed of swaps of models. A name is a model: `[swaps.footprints."ollama:llama3.2"]`.',
    "receipts": "Where receipts are kept.",
    "checkpoints": "Sealed heads of the chain of receipts, out of reach of whoever writes the receipts.",
    "ledger": "Where it is kept what budgets have left.",
    "governance": "Which capabilities calls have. Left out, nothing is asked about capabilities.",
    "consents": "People's consents to calls of a service, which `policy.consent` may want. Left out, there are none.",
    "stores": "Families of records that programs keep. Left out, there are none.",
    "secrets": "Where named keys are kept. The keys themselves never stand in this file.",
    "providers": "Providers, by their ids. A well-known one (`openai`, `anthropic`, `gemini`, `openrouter`) needs no "
    "key of these. The variable of a well-known key cannot be led to another address: a file may come with somebody "
    "else's work.",
    "limits": "What each provider is asked for, by its id.",
    "budgets": "Limits on what calls may come to: a list of tables, `[[budgets]]`.",
    "experts": "Roles with words of their own, by the name of the role.",
    "profiles": "Work profiles, by their names; roles by theirs: `[profiles.team.assignments.worker]`. Others are kept "
    "with `provider-runtime profiles add`.",
}


def configuration_page() -> str:
    """Every key of a configuration file, table by table."""
    by_table: dict[str, list[Key]] = {}
    for key in keys():
        name = re.split(r"[.\[]", key.path)[0] if re.search(r"[.\[]", key.path) else ""
        by_table.setdefault(name, []).append(key)
    return f"""# Configuration

`provider-runtime init` makes `{FILE_NAME}`; every command finds it from the folders below, and
`RuntimeSettings.from_file` reads it in a service. It is TOML. A key that is not known is refused with the nearest one
that is, and its line. In practice: [Set up a workspace](../how-to/set-up-a-workspace.md).

An option goes before a variable, a variable before the file, the file before the default. Whatever stands once can be
said by a variable, whose name is `{PREFIX}` and the key in capitals, with `__` for the dot:
`{variable_of(_retry())}`. What is no text is written as in TOML. Where each value came from:
`provider-runtime config show --origin`.

Secrets never stand in the file: what looks like one is refused. References say where they are found. Paths begin at the
folder of the file, those of what is kept at the data folder, which is `{DATA_NAME}` unless `data` says otherwise.

{"".join(_section(name, found) for name, found in by_table.items())}"""


def _retry() -> Key:
    return next(key for key in keys() if key.path == "retry.max_attempts")


def _section(name: str, found: list[Key]) -> str:
    head = "The file as a whole" if not name else f"[[{name}]]" if "[]" in found[0].path else f"[{name}]"
    if "<name>" in found[0].path:
        head = f"[{name}.NAME]"
    rows = [(code(_within(key.path, name)), _kind(key.kind), _default(key.default), key.meaning) for key in found]
    return f"\n## {head}\n\n{_ABOUT[name]}\n\n{table(('key', 'value', 'default', 'meaning'), rows)}"


def _within(path: str, name: str) -> str:
    short = path.removeprefix(name) if name else path
    short = re.sub(r"^(\.<name>|\[\])", "", short).removeprefix(".")
    return short.replace("<name>", "NAME")


def _kind(kind: Any) -> str:
    """A type in words that a reader of TOML knows."""
    if get_origin(kind) in (Union, UnionType):
        words = [_kind(choice) for choice in get_args(kind) if choice is not NoneType]
        return " or ".join(dict.fromkeys(words))
    if hasattr(kind, "__members__"):
        values = [str(member.value) for member in kind]
        return "one of " + ", ".join(map(code, values)) if len(values) <= 12 else "a code"
    if get_origin(kind) in (tuple, frozenset):
        return f"list: {_kind(get_args(kind)[0])}"
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return "whole number" if kind is int else "number"
    if kind is ModelRef:
        return "`provider:model`"
    return "text" if isinstance(kind, type) and issubclass(kind, str) else "table"


def _default(default: object) -> str:
    if default is REQUIRED:
        return "required"
    value = plain(default)
    if value in (None, [], {}, ""):
        return ""
    return code(as_toml(value))
