"""The page about what ``--json`` prints: the shape for each command."""

from typing import Any, Final

from attrs import fields
from markdown_tables import code, docstring, table
from reference_settings import annotations_of

from provider_runtime.application.explaining import CallPlan, GateVerdict
from provider_runtime.cli.budgets.rows import BudgetRow, HoldRow
from provider_runtime.cli.consent.panel import Shown
from provider_runtime.cli.doctor.findings import Finding
from provider_runtime.cli.profiles.commands import ListedProfile
from provider_runtime.cli.registry.secrets import KeptKey
from provider_runtime.domain.catalog.health import ProviderHealth
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.profiles.swapping import ModelSwap
from provider_runtime.domain.records.oversight.checkpoints import Checkpoint
from provider_runtime.domain.records.oversight.timelines import CallTrace
from provider_runtime.domain.records.receipts import CallReceipt, ChainVerdict
from provider_runtime.domain.records.sessions import SessionInfo
from provider_runtime.domain.records.snapshots import MachineSnapshot, SnapshotInfo

_SETTINGS: Final = (
    '`{"file": …, "data": …, "settings": […]}`; each setting is `{"key": …, "value": …, "origin": …, "where": …}`. '
    "`origin` is `default`, `file`, `environment` or `option`, `where` the line, the variable or the option."
)
_SESSION: Final = (
    '`{"session": …, "events": […]}`, a [`SessionData`](../how-to/keep-state-and-sessions.md) and the end of its log; '
    'with `--at`, `{"seq": …, "checkpoint": …, "replay": […]}`.'
)
_BATCH: Final = (
    '`{"batch_id": …, "end": …, "lines": …, "left": …, "models": {…}, "refused_by": {…}, "failed_with": {…}, …}`: '
    "what the batch came to, and `error` if that ended it. Amounts of money are text."
)
SHAPES: Final[dict[str, tuple[type[Any] | str, bool]]] = {
    "run": (ProviderResponse, False),
    "explain": (CallPlan, False),
    "swap": (ModelSwap, False),
    "demo": (ProviderResponse, True),
    "models list": ("A catalog file: see [prices and models](../how-to/prices-and-models.md).", False),
    "models discover": ("A catalog file, as above.", False),
    "models show": (
        '`{"model": …, "price": …}`: an entry of a catalog file, and one of a price file or `null`.',
        False,
    ),
    "providers list": (ProviderRecord, True),
    "providers show": (ProviderRecord, False),
    "providers add": (ProviderRecord, False),
    "providers edit": (ProviderRecord, False),
    "providers check": (ProviderHealth, True),
    "secrets list": (KeptKey, True),
    "profiles list": (ListedProfile, True),
    "profiles show": (ListedProfile, False),
    "profiles add": (ListedProfile, False),
    "profiles edit": (ListedProfile, False),
    "receipts list": (CallReceipt, True),
    "receipts show": (CallReceipt, False),
    "receipts verify": (ChainVerdict, False),
    "receipts checkpoint": (Checkpoint, False),
    "traces list": (CallTrace, True),
    "traces show": (CallTrace, False),
    "sessions list": (SessionInfo, True),
    "sessions show": (_SESSION, False),
    "snapshots list": (SnapshotInfo, True),
    "snapshots show": (MachineSnapshot, False),
    "consent request": (Shown, False),
    "consent list": (Shown, True),
    "consent show": (Shown, False),
    "consent grant": (ConsentReceipt, False),
    "consent deny": (ConsentReceipt, False),
    "consent revoke": (Shown, False),
    "budget show": (BudgetRow, True),
    "budget set": (Budget, False),
    "budget reset": (BudgetRow, True),
    "budget reconcile": (HoldRow, True),
    "governance serve": ('`{"url": …, "pid": …, "ledger": …, "clients": […]}`, once it listens.', False),
    "batch": (_BATCH, False),
    "doctor": (Finding, True),
    "init": ('`{"file": …, "data": …}`: the paths of the configuration file and of the data folder.', False),
    "config path": ("The same two paths; `null` where there is none.", False),
    "config show": (_SETTINGS, False),
}
"""What each command prints: a class of ours or a sentence, and whether it is a list of them."""


def output_page() -> str:
    """The shape of the JSON of each command, and the classes that it is made of."""
    rows = [(code(f"provider-runtime {name}"), _shape(*shape)) for name, shape in SHAPES.items()]
    classes = dict.fromkeys(kind for kind, _ in SHAPES.values() if isinstance(kind, type))
    return f"""# What --json prints

With `--json` a command prints one JSON document to standard output, and nothing else there. Warnings and errors go to
standard error; the [exit code](command-line.md#exit-codes) says how it ended. Fields without a value are left out,
unless they mean something by being empty. A member of an enumeration is an object: `{{"type": "ok"}}`. Times are
RFC 3339 in UTC, amounts of money are text.

{table(("command", "prints"), rows)}
{"".join(_section(kind) for kind in (*classes, GateVerdict))}"""


def _shape(kind: type[Any] | str, several: bool) -> str:  # noqa: FBT001 - a table of two columns
    if isinstance(kind, str):
        return kind
    if kind is ProviderResponse:
        return ("A list of responses" if several else "A response") + ": see [requests as JSON](request-json.md)."
    return ("A list of " if several else "") + f"[{kind.__name__}](#{kind.__name__.lower()})"


def _section(kind: type[Any]) -> str:
    if kind is ProviderResponse:
        return ""
    types = annotations_of(kind)
    rows = [(code(field.name), code(types[field.name])) for field in fields(kind) if field.name in types]
    return f"\n## {kind.__name__}\n\n{docstring(kind)}\n\n{table(('field', 'type'), rows)}"
