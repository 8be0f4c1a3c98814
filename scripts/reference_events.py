"""The page about events: every kind and every field with its meaning, and which kinds carry which fields."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import fields
from markdown_tables import code, table

from provider_runtime.adapters.telemetry import genai_conventions as names
from provider_runtime.adapters.telemetry.genai_conventions import GenAiConventions
from provider_runtime.adapters.telemetry.logging_sink import LEVELS
from provider_runtime.domain.records.events import ENDINGS, EventKind, LifecycleEvent

_PACKAGE: Final = Path(__file__).resolve().parent.parent / "provider_runtime"
_OF_NO_CALL: Final = ("runtime_", "profile_", "swap_", "budget_", "cloud_")
_LEVEL_NAMES: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING"}

KINDS: Final[dict[EventKind, str]] = {
    EventKind.CALL_STARTED: "A call has a name. Nothing was decided yet.",
    EventKind.CALL_CLEARED: "Every gate let it through; what follows leaves the process. Once for each alternative.",
    EventKind.ATTEMPT_STARTED: "A request is about to be sent.",
    EventKind.ATTEMPT_FAILED: "It failed. With `retry_denied_by`, no other attempt at this alternative follows.",
    EventKind.CALL_PASSED_ON: "One alternative did not answer, and the next one of the fallback is asked.",
    EventKind.CALL_REFUSED: "A gate, or the preparation before it, said no. Nothing was sent.",
    EventKind.CALL_FAILED: "There is no answer: the caller has an error.",
    EventKind.CALL_CANCELLED: "The caller gave up waiting.",
    EventKind.CALL_ANSWERED: "There is an answer, and the caller has it.",
    EventKind.PROFILE_SELECTED: "A runtime was opened with a work profile.",
    EventKind.PROFILE_CHANGED: "A registry told a runtime another profile; calls that had begun end with the old one.",
    EventKind.PROFILE_RESOLVED: "A role of the profile, and the model that plays it. Once for each role.",
    EventKind.SWAP_REQUESTED: "A swap of models was asked for, and the state of the job is what its hash says.",
    EventKind.SWAP_COMPLETED: "The new model has a fresh context, and every gate would let it through.",
    EventKind.SWAP_FAILED: "The swap was refused, or did not come about.",
    EventKind.SWAP_TIMED_OUT: "The swap took longer than it may.",
    EventKind.SWAP_ROLLED_BACK: "The job stays on the model it had. Follows whatever else went wrong.",
    EventKind.BUDGET_WARNING: "Four fifths of a budget are taken. Once for each limit, and each of its windows.",
    EventKind.BUDGET_EXCEEDED: "A budget has less left than was wanted, and nothing was taken from it.",
    EventKind.CLOUD_REQUESTED: "A person is asked whether a call may be made (FR-EVT-CLOUD-001).",
    EventKind.CLOUD_APPROVED: "The person said yes (FR-EVT-CLOUD-002).",
    EventKind.CLOUD_DENIED: "The person said no; or policy, or the want of consent, kept a call (FR-EVT-CLOUD-003).",
    EventKind.CLOUD_EXECUTED: "A call was sent on a consent (FR-EVT-CLOUD-004).",
    EventKind.RUNTIME_ACTIVATED: "A registry began to run calls on this runtime.",
    EventKind.RUNTIME_RECONFIGURED: "Other settings hold from now on; calls that had begun end with the old ones.",
    EventKind.RUNTIME_RESET: "A registry gave up this runtime's parts, to build them anew on the next use.",
    EventKind.RUNTIME_DISPOSED: "A registry closed this runtime for good.",
}
FIELDS: Final[dict[str, str]] = {
    "kind": "What happened: a kind of the table above.",
    "runtime_id": "The runtime.",
    "call_id": "The call, and the name of its receipt.",
    "at": "The time of day, with its zone.",
    "trace_id": "The caller's trace, 32 hexadecimal digits (`CallOptions.trace_id`).",
    "conversation_id": "The caller's conversation (`CallOptions.conversation_id`).",
    "labels": "The labels of the call (`CallOptions.metadata`), each `name=value`.",
    "provider": "The id of the provider record.",
    "provider_kind": "The wire it speaks.",
    "tier": "`local` or `cloud`.",
    "origin": "Scheme, host and port that were contacted; no path, no query.",
    "model_asked": "The model that was asked for; `?` for a text that has not the shape of a name.",
    "model_answered": "The model that the provider says it used; `?` as above.",
    "attempt": "The number of the attempt, from 1 over all alternatives; of an ending, how many there were.",
    "duration_s": "Seconds that the attempt took, or the whole call with its waits.",
    "wait_s": "Seconds waited before the attempt.",
    "status_code": "The HTTP status of the answer that was an error.",
    "error_code": "A code of [errors](errors.md), or the class of an exception that is none of ours.",
    "retry_denied_by": "Why no other attempt follows.",
    "finish_reason": "Why the model stopped.",
    "response_id": "The provider's name for its answer; `?` as above.",
    "provider_request_id": "The provider's name for the exchange, for its support; `?` as above.",
    "request_digest": "The keyed digest of the exact bytes, as in [receipts](../how-to/keep-receipts.md).",
    "request_bytes": "The size of the body.",
    "temperature": "As asked for, by the request or what stands in for it.",
    "top_p": "As above.",
    "max_output_tokens": "As above.",
    "input_tokens": "Tokens read, those from a cache included. `0`: the provider said zero; not set: it said nothing.",
    "output_tokens": "Tokens written, those of reasoning included.",
    "cached_input_tokens": "Those of the input that came from a cache.",
    "cache_write_tokens": "Those of the input that went into a cache.",
    "reasoning_tokens": "Those of the output that are reasoning.",
    "total_tokens": "All of them, as the provider counts.",
    "cost_nano_usd": "The cost in billionths of a US dollar, rounded up.",
    "warnings": "The codes of the [warnings](warnings.md), each once.",
    "role": "The role that the call asked for, that the profile assigns, or in which a model is swapped.",
    "profile_id": "The work profile: its name, and digits that change with its contents.",
    "previous_profile_id": "The profile before.",
    "automation": "The automation level of the profile.",
    "cloud_escalation": "Whether the profile lets calls go to the cloud.",
    "swap_id": "The id of the request for a swap; `?` as above.",
    "swap_from": "The model that the job has, as `provider:model`; `?` as above.",
    "swap_to": "The model that shall take over; `?` as above.",
    "swap_strategy": "What shall become of the model that is given up.",
    "swap_reason": "The requester's reason; `?` for a text that has not the shape of a name.",
    "job_id": "The job that swaps are counted for; `?` as above.",
    "state_hash": "The hash of the states that the job is taken up from.",
    "budget": "The name of the budget.",
    "budget_owner": "Whose it is; `?` as above.",
    "budget_unit": "What it counts: `nano_usd`, `tokens`, `calls` or `milliseconds`.",
    "budget_limit": "Its limit, in that unit.",
    "budget_taken": "What is spent or set aside, in that unit.",
    "recalled_from": "`memo` or `replay`: the answer was kept, and nobody was asked.",
    "consent_id": "The consent that the call was made on, or that came nearest to it.",
    "consent_request_id": "The question that a person was asked.",
    "projection_plan_id": "The plan that the person was shown: its id is worked out from all that it says.",
    "consent_scope": "How far the consent goes, or would like to.",
    "consent_reason": "The asker's reason, or why a call was kept back; `?` as above.",
    "session_ids": "The conversations that the consent is for.",
    "outcome": "Of a call: `answered`, or the code of its error. Of a denial: `denied` by a person, or `blocked`.",
}


def events_page() -> str:
    """Kinds, fields, and the names that OpenTelemetry gets to see."""
    carried = fields_by_kind()
    kinds = table(
        ("kind", "what happened", "log level"),
        ((code(kind.value), KINDS[kind], _LEVEL_NAMES[LEVELS[kind]]) for kind in EventKind),
    )
    shown = [kind for kind in EventKind if kind not in ENDINGS and not kind.value.startswith(_OF_NO_CALL)]
    told = table(
        ("field", "meaning", "of"),
        (
            (code(field.name), FIELDS[field.name], _where(field.name, carried, shown))
            for field in fields(LifecycleEvent)
        ),
    )
    return f"""# Events

A runtime that was given an `event_sink` tells it what happens, as values of `LifecycleEvent`. Their fields are an
allow-list: ids, codes, counts and durations. No text of a conversation, no key, no header and no error message is
among them. How to receive them: [observe calls](../how-to/observe-calls.md).

## Kinds

Each call that has begun ends with exactly one of {", ".join(code(kind) for kind in EventKind if kind in ENDINGS)}.

{kinds}
An `attempt_failed` after which no other attempt follows is logged as WARNING.

## Fields

What is not known is not set. In JSON lines it is left out; the others stand in this order.

{told}
"Endings" are the four kinds that end a call. Events of runtimes have only what all have.

## In OpenTelemetry

Spans are called `chat` and the model, metrics as below. Every attribute that is not of the conventions is called
`{names.OWN}` and the name of the field; a label is `{names.LABEL}` and its name.

{_metrics()}
"""


def fields_by_kind() -> dict[EventKind, frozenset[str]]:
    """The fields that the code sets in an event of each kind. Kinds that nothing emits are left out."""
    found: dict[EventKind, frozenset[str]] = {}
    for room in ("application", "composition"):
        for path in sorted((_PACKAGE / room).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            made = [(_named(call), {word.arg for word in call.keywords if word.arg}) for call in _calls(tree)]
            made += _filled_in(tree)
            direct = {kind for kind, _ in made if kind is not None}
            for kind, told in made:
                # A kind that is worked out is any of those that the module speaks of and names nowhere else.
                for each in [kind] if kind is not None else _spoken_of(tree) - direct:
                    found[each] = found.get(each, frozenset()) | told
    return found


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LifecycleEvent":
            yield node


def _filled_in(tree: ast.Module) -> Iterator[tuple[EventKind | None, set[str]]]:
    """The events that functions make by a form: ``_event(call, kind, at, {…})``, of facts that others gathered too."""
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    kinds = {ast.unparse(one.target): one.value for one in tree.body if isinstance(one, ast.AnnAssign) and one.value}
    for function in functions.values():
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_event":
                kind = _kind(kinds.get(ast.unparse(node.args[1]), node.args[1]))
                yield kind, said_in(function) | said_in(functions["_event"]) | _facts_for(function)


def _facts_for(function: ast.FunctionDef) -> set[str]:
    """What is handed to a function as ``facts``."""
    if "facts" not in [argument.arg for argument in function.args.args]:
        return set()
    tree = ast.parse((_PACKAGE / "application/accounting/recording.py").read_text("utf-8"))
    return said_in(next(one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "facts_of"))


def said_in(function: ast.AST) -> set[str]:
    """The names under which a function says something: keys of its dictionaries."""
    displayed = {key for node in ast.walk(function) if isinstance(node, ast.Dict) for key in node.keys}
    stored = {
        node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    return {key.value for key in displayed | stored if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def _named(call: ast.Call) -> EventKind | None:
    return _kind(next(word.value for word in call.keywords if word.arg == "kind"))


def _kind(value: ast.expr) -> EventKind | None:
    return EventKind[value.attr] if isinstance(value, ast.Attribute) else None


def _spoken_of(tree: ast.AST) -> set[EventKind]:
    return {
        EventKind[node.attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "EventKind"
    }


def _where(name: str, carried: dict[EventKind, frozenset[str]], shown: list[EventKind]) -> str:
    if all(name in told for told in carried.values()):
        return "all"
    where = [code(kind.value) for kind in shown if name in carried.get(kind, ())]
    if len(where) == len(shown):
        where = ["every step of a call"]
    if any(name in carried.get(kind, ()) for kind in ENDINGS):
        where.append("endings")
    for family, together in (
        ("profile_", "every event of a profile"),
        ("swap_", "every event of a swap"),
        ("budget_", "every event of a budget"),
        ("cloud_", "every event of a consent"),
    ):
        kinds = [kind for kind in EventKind if kind.value.startswith(family)]
        telling = [code(kind.value) for kind in kinds if name in carried.get(kind, ())]
        where += [together] if len(telling) == len(kinds) else telling
    return ", ".join(where)


def _metrics() -> str:
    released, latest = GenAiConventions.RELEASED, GenAiConventions.LATEST
    rows = (
        ("duration of calls that were sent, in seconds", names.DURATION[released], names.DURATION[latest]),
        ("tokens by direction", names.TOKEN_USAGE, f"{names.OPERATION_INPUT_TOKENS}, {names.OPERATION_OUTPUT_TOKENS}"),
        ("tokens in all", "", f"{names.TOTAL_INPUT_TOKENS}, {names.TOTAL_OUTPUT_TOKENS}"),
        ("tokens from and into caches", "", f"{names.TOTAL_CACHE_READ_TOKENS}, {names.TOTAL_CACHE_WRITE_TOKENS}"),
        ("tokens of reasoning", "", names.TOTAL_REASONING_TOKENS),
        ("calls, by how they ended", names.CALLS, names.CALLS),
        ("cost in billionths of a US dollar", names.COST, names.COST),
        ("attempts that failed", names.FAILED_ATTEMPTS, names.FAILED_ATTEMPTS),
        ("events of runtimes", names.RUNTIME_EVENTS, names.RUNTIME_EVENTS),
    )
    head = ("what", f"edition {code(released.value)}, the default", f"edition {code(latest.value)}")
    return table(head, ((what, *(", ".join(map(code, one.split(", "))) for one in both)) for what, *both in rows))
