"""One page for each wire: how it is addressed, what its models restrict, what becomes of each field, what is odd."""

from collections.abc import Iterable

from attrs import asdict
from markdown_tables import table
from reference_families import SECTIONS
from reference_probes import base
from reference_wire_quirks import QUIRKS
from reference_wires import Column, Wire, field_table, signs

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.anthropic_messages.families import VERSIONS
from provider_runtime.adapters.wire.chat_completions.dialect import ANY_ID


def wire_page(wire: Wire) -> str:
    """The page of ``wire``."""
    title, families = SECTIONS[wire.page]
    return f"""# {wire.title}

{wire.said} All wires side by side: [wires](../wires.md).

{_address(wire)}
## Quirks and limits

What the codec takes care of, so that callers need not:

{QUIRKS[wire.page]}
## {title}

{families()}
## Fields

{signs("../warnings.md")}
{field_table(wire)}"""


def _address(wire: Wire) -> str:
    """How requests are addressed, and what conversations must look like: one value, or one for each column."""
    rows = (
        ("wire", (f"`{column.codec.wire}`" for column in wire.columns)),
        ("path of a call", (f"`{_path(column)}`" for column in wire.columns)),
        ("path of the model list", (f"`{column.codec.models_path}`" for column in wire.columns)),
        ("the key goes into", (_auth(column) for column in wire.columns)),
        ("other headers", (_headers(column) for column in wire.columns)),
        ("API version", (_versions(column) for column in wire.columns)),
        ("capabilities", (_capabilities(column) for column in wire.columns)),
        ("tool-call ids", (_tool_ids(column) for column in wire.columns)),
        ("system messages", (_system(column) for column in wire.columns)),
        ("unsigned reasoning of the same provider", (_thinking(column) for column in wire.columns)),
        ("arguments of a tool call in the history", (_arguments(column) for column in wire.columns)),
    )
    return table(("what", "how"), ((what, _said(wire, values)) for what, values in rows))


def _said(wire: Wire, values: Iterable[str]) -> str:
    """One value where all columns agree; else each value with the columns that have it."""
    holders: dict[str, list[str]] = {}
    for column, value in zip(wire.columns, values, strict=True):
        holders.setdefault(value, []).append(column.title)
    if len(holders) == 1:
        return next(iter(holders))
    return "<br>".join(f"{', '.join(titles)}: {value}" for value, titles in holders.items())


def _path(column: Column) -> str:
    path = column.codec.encode(base(column.model_id), column.provider).path
    return path.replace(column.model_id, "{model}")


def _auth(column: Column) -> str:
    return f"`{column.codec.auth_header}: {column.codec.auth_prefix}…`"


def _headers(column: Column) -> str:
    return ", ".join(f"`{name}: {value}`" for name, value in column.codec.fixed_headers) or "none"


def _versions(column: Column) -> str:
    if not isinstance(column.codec, AnthropicMessagesCodec):
        return f"`{column.codec.api_version}`"
    said = (
        f"`{version}`" + ("" if rules.sampling else " (takes no sampling controls, whatever the model)")
        for version, rules in VERSIONS.items()
    )
    return f"{' or '.join(said)}; `{column.codec.api_version}` unless the record says otherwise (`options.api_version`)"


def _capabilities(column: Column) -> str:
    held = asdict(column.codec.capabilities)
    return ", ".join(f"`{name}`" for name, can in held.items() if can) or "none"


def _tool_ids(column: Column) -> str:
    target = column.codec.handoff_target(column.provider, column.model_id)
    if target.tool_id.pattern == ANY_ID.pattern:
        return "any"
    return f"`{target.tool_id.pattern}`; others are rewritten to {target.tool_id_length} characters"


def _system(column: Column) -> str:
    target = column.codec.handoff_target(column.provider, column.model_id)
    return "may follow other messages" if target.system_anywhere else "stand in front; later ones become a user's text"


def _thinking(column: Column) -> str:
    target = column.codec.handoff_target(column.provider, column.model_id)
    return "goes back as reasoning" if target.plain_thinking else "does not go back as reasoning"


def _arguments(column: Column) -> str:
    target = column.codec.handoff_target(column.provider, column.model_id)
    return "must be an object" if target.object_arguments else "may be any JSON"
