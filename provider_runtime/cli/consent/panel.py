"""What a person who decides is shown: a question as a panel, decisions as a table."""

from datetime import datetime
from enum import StrEnum

import click
from attrs import frozen
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from provider_runtime.cli.rendering import console
from provider_runtime.domain.policy.consent.decisions import Consent
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.reading import read_receipt
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import UNCLASSIFIED, ConsentScope

SCOPES = {
    ConsentScope.SINGLE_CALL: "these very bytes",
    ConsentScope.SESSION: "this session",
    ConsentScope.PROFILE: "this work profile",
    ConsentScope.BROADCAST: "any call",
}


class State(StrEnum):
    """How a question or a decision stands."""

    WAITING = "waiting"
    HOLDS = "holds"
    LATER = "not yet valid"
    USED_UP = "used up"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DENIED = "denied"
    UNREADABLE = "unreadable"


_STYLES = {
    State.WAITING: "yellow",
    State.HOLDS: "green",
    State.DENIED: "red",
    State.UNREADABLE: "red",
}


@frozen(kw_only=True)
class Shown:
    """A question, and what was decided on it, as it is printed: facts and digests alone."""

    state: State
    request: ConsentRequest
    plan_id: str
    receipt: ConsentReceipt | None = None
    used: int = 0
    revoked_at: datetime | None = None
    signed_by: str | None = None


def shown_request(request: ConsentRequest) -> Shown:
    """A question that waits."""
    return Shown(state=State.WAITING, request=request, plan_id=request.plan.plan_id)


def shown_consent(consent: Consent, now: datetime) -> Shown:
    """A decision."""
    read = read_receipt(consent.signed.text)
    receipt = read if isinstance(read, ConsentReceipt) else None
    return Shown(
        state=_state(consent, receipt, now),
        request=consent.request,
        plan_id=consent.request.plan.plan_id,
        receipt=receipt,
        used=consent.used,
        revoked_at=consent.revoked_at,
        signed_by=None if consent.signed.seal is None else consent.signed.seal.key_id,
    )


def _state(consent: Consent, receipt: ConsentReceipt | None, now: datetime) -> State:
    if receipt is None:
        return State.UNREADABLE
    if consent.revoked_at is not None:
        return State.REVOKED
    if now > receipt.valid_until:
        return State.EXPIRED
    if not receipt.approved:
        return State.DENIED
    if now < receipt.valid_from:
        return State.LATER
    return State.USED_UP if receipt.uses is not None and consent.used >= receipt.uses else State.HOLDS


def show_question(
    request: ConsentRequest, *, on_errors: bool, title: str = "This call would leave your machine"
) -> None:
    """What would leave the machine; on standard error where standard output is for the answer."""
    page = Console(stderr=True, highlight=False) if on_errors else console()
    page.print(_panel(request, title, width=min(page.width, 100)))


def show_one(shown: Shown) -> None:
    """One question or decision, whole."""
    page = console()
    page.print(_panel(shown.request, shown.request.request_id, width=min(page.width, 100)))
    facts = _facts()
    facts.add_row("state", Text(shown.state, style=_STYLES.get(shown.state, "")))
    if shown.receipt is not None:
        for name, value in _decision_rows(shown, shown.receipt).items():
            facts.add_row(name, Text(value))
    page.print(facts)


def show_table(rows: list[Shown]) -> None:
    """Questions and decisions, one a line."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for name in ("id", "state", "for", "scope", "until (UTC)", "uses", "by"):
        table.add_column(name, overflow="fold", no_wrap=name in {"id", "state", "until (UTC)", "uses"})
    for row in rows:
        subject, receipt = row.request.plan.subject, row.receipt
        scope = row.request.scope if receipt is None else receipt.scope
        table.add_row(
            row.request.request_id if receipt is None else receipt.consent_id,
            Text(row.state, style=_STYLES.get(row.state, "")),
            Text(f"{subject.provider}:{subject.model}"),
            Text(SCOPES[scope]),
            _minute(row.request.expires_at if receipt is None else receipt.valid_until),
            "" if receipt is None or receipt.uses is None else f"{row.used}/{receipt.uses}",
            Text("" if receipt is None else receipt.user_id),
        )
    console().print(table)


def tell_how_to_decide(request: ConsentRequest) -> None:
    """The commands that answer a question."""
    click.secho(f"→ Yes: provider-runtime consent grant {request.request_id}", fg="cyan", err=True)
    click.secho(f"→ No:  provider-runtime consent deny {request.request_id}", fg="cyan", err=True)


def _panel(request: ConsentRequest, title: str, *, width: int) -> Panel:
    plan, subject = request.plan, request.plan.subject
    rows = {
        "who": f"{subject.provider} ({subject.tier}), model {subject.model}",
        "where": plan.endpoint,
        "what": f"{subject.body_bytes} bytes, sha256 {subject.body_sha256}",
        "cost": "at most " + _dollars(subject.worst_cost_nano_usd),
        "found": ", ".join(map(str, plan.findings)) or "nothing that looks like a secret",
    }
    if plan.redactions:
        rows["masked"] = "; ".join(plan.redactions)
    if subject.data_classes != (UNCLASSIFIED,):
        rows["content"] = ", ".join(subject.data_classes)
    if plan.warnings:
        rows["warnings"] = ", ".join(plan.warnings)
    if plan.role is not None:
        rows["role"] = plan.role
    if subject.tenant is not None:
        rows["tenant"] = subject.tenant
    if subject.purpose is not None:
        rows["purpose"] = subject.purpose
    if request.reason is not None:
        rows["reason"] = request.reason
    facts = _facts()
    for name, value in rows.items():
        facts.add_row(name, Text(value, style="red" if name == "found" and plan.findings else ""))
    return Panel(facts, title=Text(title), title_align="left", width=width, border_style="yellow")


def _decision_rows(shown: Shown, receipt: ConsentReceipt) -> dict[str, str]:
    rows = {
        "decision": f"{'yes' if receipt.approved else 'no'}, by {receipt.user_id}, {_minute(receipt.decided_at)} UTC",
        "scope": SCOPES[receipt.scope] + (f" ({', '.join(receipt.session_ids)})" if receipt.session_ids else ""),
        "valid": f"{_minute(receipt.valid_from)} to {_minute(receipt.valid_until)} UTC",
    }
    if receipt.approved:
        rows["uses"] = "any number" if receipt.uses is None else f"{shown.used} of {receipt.uses}"
        rows["each call"] = f"at most {receipt.max_bytes} bytes" + (
            "" if receipt.max_cost_nano_usd is None else f" and {_dollars(receipt.max_cost_nano_usd)}"
        )
    if receipt.notes:
        rows["notes"] = receipt.notes
    if shown.revoked_at is not None:
        rows["revoked"] = f"{_minute(shown.revoked_at)} UTC"
    rows["id"] = receipt.consent_id
    rows["signed"] = shown.signed_by or "not at all"
    return rows


def _facts() -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    return facts


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _dollars(nano_usd: int | None) -> str:
    if nano_usd is None:
        return "nobody knows: no price, or no limit on the answer"
    return f"${nano_usd / 1e9:.2f}" if nano_usd >= 10**9 else f"${nano_usd / 1e9:.6f}"
