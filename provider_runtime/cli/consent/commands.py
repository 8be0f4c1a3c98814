"""``consent``: what people were asked, and what they decide."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click
from attrs import evolve

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.application.consents.desk import ConsentDesk
from provider_runtime.cli.consent.panel import (
    Shown,
    State,
    show_one,
    show_question,
    show_table,
    shown_consent,
    shown_request,
    tell_how_to_decide,
)
from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.consent.terminal import user_name
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.inputs import call_input, call_options
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.workspace.opening import opened
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentScope

_SCOPES: Final = {
    "call": ConsentScope.SINGLE_CALL,
    "session": ConsentScope.SESSION,
    "profile": ConsentScope.PROFILE,
    "broadcast": ConsentScope.BROADCAST,
}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)\Z")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_scope_option = click.option("--scope", type=click.Choice([*_SCOPES]), help="How far it goes (default: as asked).")
_sessions_option = click.option("--session-id", "sessions", multiple=True, help="A session of a broadcast. Repeatable.")
_note_option = click.option("--note", default="", help="A note for the record, at most 1024 characters.")
_user_option = click.option("--as", "user", help="Who decides (default: whoever is logged in).")
_THEIR_OWN: Final = frozenset({"scope", "reason"})


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    found = _DURATION.match(text)
    if found is None:
        raise click.BadParameter("write it like 15m, 8h or 7d")
    return float(found[1]) * _SECONDS[found[2]]


_for_option = click.option(
    "--for", "valid_for_s", callback=_seconds, metavar="TIME", help="15m, 8h, 7d … (default: by scope)."
)


@click.group()
def consent() -> None:
    """Consent to calls that leave this machine: who may be sent which bytes, for how long, how often."""


@consent.command("request", epilog=EXIT_CODES_HELP)
@call_options
@_scope_option
@click.option("--reason", help="Why, as a short name: tests_failed_twice.")
def request_consent(**options: Any) -> None:
    """Have a question wait for an answer: may this call be made? Sends nothing.

    \b
    provider-runtime consent request "Why is the sky blue?" --model openai:gpt-5-mini
    provider-runtime consent request --request request.json --scope broadcast
    """

    async def work() -> None:
        given = await call_input({name: value for name, value in options.items() if name not in _THEIR_OWN})
        place = ConsentPlace.of(options["folder"])
        made = evolve(given.made, settings=evolve(given.made.settings, consents=place.lasting()))
        scope = _SCOPES.get(options["scope"], ConsentScope.SINGLE_CALL)
        async with opened(made, consent_signer=place.signer()) as runtime:
            question = await runtime.request_consent(
                given.request, given.options, scope=scope, reason=options["reason"]
            )
        _print_question(question, as_json=options["as_json"])

    run_or_exit(work)


@consent.command("show")
@click.argument("name", metavar="ID")
@data_option
@_json_option
def show(name: str, folder: DataFolder, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show a question or a decision: what would leave, and what was said to it.

    \b
    provider-runtime consent show req_0123456789abcdef
    """

    async def work(desk: ConsentDesk) -> None:
        shown = _one_of(await _everything(desk), name)
        if as_json:
            click.echo(to_json(make_converter(), shown))
            return
        show_one(shown)
        if shown.state is State.WAITING:
            tell_how_to_decide(shown.request)

    _at_the_desk(folder, work)


@consent.command("grant", epilog=EXIT_CODES_HELP)
@click.argument("name", metavar="ID")
@_scope_option
@_for_option
@click.option("--uses", type=click.IntRange(1, 1_000_000), help="So many calls (default: 1, or any number by scope).")
@click.option("--max-bytes", type=click.IntRange(0), help="At most so many bytes in each call.")
@click.option("--max-cost", type=click.FloatRange(0), help="At most so many dollars for each call.")
@_sessions_option
@_note_option
@_user_option
@data_option
@_json_option
def grant(name: str, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Say yes to the question ID.

    \b
    provider-runtime consent grant req_0123456789abcdef
    provider-runtime consent grant req_0123456789abcdef --scope broadcast --for 7d
    """

    async def work(desk: ConsentDesk) -> None:
        request = await _waiting(desk, name)
        cost = options["max_cost"]
        terms = _terms(
            options,
            uses=options["uses"],
            max_bytes=options["max_bytes"],
            max_cost_nano_usd=None if cost is None else int(cost * 10**9),
        )
        receipt = await desk.approve(request.request_id, user_id=options["user"] or user_name(), terms=terms)
        _print_decision(receipt, request, as_json=as_json)

    _at_the_desk(folder, work)


@consent.command("deny", epilog=EXIT_CODES_HELP)
@click.argument("name", metavar="ID")
@_scope_option
@_for_option
@_sessions_option
@_note_option
@_user_option
@data_option
@_json_option
def deny(name: str, folder: DataFolder, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Say no to the question ID. The call is refused from now on, until somebody asks anew.

    \b
    provider-runtime consent deny req_0123456789abcdef --note "not this text"
    """

    async def work(desk: ConsentDesk) -> None:
        request = await _waiting(desk, name)
        receipt = await desk.deny(request.request_id, user_id=options["user"] or user_name(), terms=_terms(options))
        _print_decision(receipt, request, as_json=as_json)

    _at_the_desk(folder, work)


@consent.command("revoke", epilog=EXIT_CODES_HELP)
@click.argument("name", metavar="ID")
@click.option("--reason", help="Why, as a short name.")
@_user_option
@data_option
@_json_option
def revoke(name: str, folder: DataFolder, reason: str | None, user: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Take a decision back. Calls that are under way make no further attempt.

    \b
    provider-runtime consent revoke consent_0123456789abcdef
    """

    async def work(desk: ConsentDesk) -> None:
        shown = _one_of([row for row in await _everything(desk) if row.state is not State.WAITING], name)
        consent = await desk.revoke(shown.request.request_id, user_id=user or user_name(), reason=reason)
        after = shown_consent(consent, desk.clock.now())
        if as_json:
            click.echo(to_json(make_converter(), after))
        else:
            click.echo(f"Revoked {_name_of(after)}.")

    _at_the_desk(folder, work)


@consent.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@data_option
@_json_option
def list_consents(folder: DataFolder, everything: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the questions that wait and the decisions that count.

    \b
    provider-runtime consent list --all
    """
    counts = {State.WAITING, State.HOLDS, State.LATER, State.DENIED, State.UNREADABLE}

    async def work(desk: ConsentDesk) -> None:
        rows = [row for row in await _everything(desk) if everything or row.state in counts]
        if as_json:
            click.echo(to_json(make_converter(), tuple(rows)))
        elif rows:
            show_table(rows)
        else:
            click.echo("Nobody waits for an answer, and no decision counts.", err=True)

    _at_the_desk(folder, work)


@consent.command("key")
@data_option
def key(folder: DataFolder) -> None:
    """Print the public key that decisions are signed with here, for runtimes that shall trust them.

    \b
    provider-runtime consent key
    """

    async def work() -> None:
        click.echo(str(ConsentPlace.of(folder).signer().public_key))

    run_or_exit(work)


def _at_the_desk(folder: DataFolder, work: Callable[[ConsentDesk], Any]) -> None:
    place = ConsentPlace.of(folder)

    async def seated() -> None:
        if not place.was_used:
            raise _unknown("anything")
        async with place.desk() as desk:
            await work(desk)

    run_or_exit(seated)


async def _everything(desk: ConsentDesk) -> list[Shown]:
    now = datetime.now(UTC)
    waiting = [shown_request(request) for request in await desk.waiting()]
    return [*(shown_consent(consent, now) for consent in await desk.consents()), *waiting]


async def _waiting(desk: ConsentDesk, name: str) -> ConsentRequest:
    """The question of this id, or of the one id that begins so; an answered one is left to the desk to refuse."""
    found = _one_of(await _everything(desk), name)
    return found.request


def _one_of(rows: list[Shown], name: str) -> Shown:
    whole = [row for row in rows if name in _ids(row)]
    found = whole or [row for row in rows if any(one.startswith(name) for one in _ids(row))]
    if len(found) > 1:
        usage_error(f"{len(found)} ids begin with {name}: write more of it")
    if not found:
        raise _unknown(name)
    return found[0]


def _ids(row: Shown) -> tuple[str, ...]:
    return (row.request.request_id,) if row.receipt is None else (row.request.request_id, row.receipt.consent_id)


def _unknown(name: str) -> RecordMissing:
    return RecordMissing(
        kind="consent",
        key=name,
        message="no question and no decision of this id is known here",
        remedy="`provider-runtime consent list --all` shows those there are; --data names another folder.",
    )


def _terms(options: dict[str, Any], **more: Any) -> ConsentTerms:
    try:
        return ConsentTerms(
            scope=_SCOPES.get(options["scope"]),
            session_ids=options["sessions"],
            valid_for_s=options["valid_for_s"],
            notes=options["note"],
            **more,
        )
    except (ValueError, TypeError) as fault:
        usage_error(str(fault))


def _print_question(question: ConsentRequest, *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(make_converter(), shown_request(question)))
        return
    show_question(question, on_errors=False)
    click.echo(question.request_id)
    tell_how_to_decide(question)


def _print_decision(receipt: ConsentReceipt, request: ConsentRequest, *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(make_converter(), receipt))
        return
    subject, until = request.plan.subject, receipt.valid_until.strftime("%Y-%m-%d %H:%M UTC")
    said = "Granted" if receipt.approved else "Denied"
    click.echo(f"{said} {receipt.consent_id}: {subject.provider}:{subject.model}, until {until}.")
    if receipt.approved:
        click.secho(f"→ Take it back: provider-runtime consent revoke {receipt.consent_id}", fg="cyan", err=True)


def _name_of(shown: Shown) -> str:
    return shown.request.request_id if shown.receipt is None else shown.receipt.consent_id
