"""The pages about what can go wrong: errors and warnings."""

from typing import Final

from attrs import fields
from markdown_tables import code, docstring, first_sentence, table

from provider_runtime.cli.families import exit_code
from provider_runtime.domain import errors
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import ErrorCode, ProviderRuntimeError

FAMILIES: Final = (
    errors.ConfigError,
    errors.RoutingError,
    errors.CallRefused,
    errors.ProviderError,
    errors.BackendError,
)
_COMMON: Final = frozenset(field.name for field in fields(ProviderRuntimeError))

# What each code means, and the classes that carry it.
CODES: Final[dict[ErrorCode, tuple[str, str]]] = {
    ErrorCode.INVALID_SETTINGS: ("ConfigError InvalidSettings", "A setting has a value that cannot be right."),
    ErrorCode.INVALID_PROVIDER_CONFIG: (
        "InvalidProviderConfig",
        "A provider record that no adapter can be built from.",
    ),
    ErrorCode.INVALID_TIMEOUT: ("InvalidTimeout", "A time limit that is not a positive number of seconds."),
    ErrorCode.INVALID_RETRY_POLICY: ("InvalidRetryPolicy", "A retry policy whose numbers contradict each other."),
    ErrorCode.INVALID_PRICING: ("InvalidPricingConfig", "A price table that cannot be read."),
    ErrorCode.MISSING_RUNTIME: (
        "MissingProviderRuntimeError",
        "A call lacks something that nothing may stand in for.",
    ),
    ErrorCode.CALL_NOT_NORMALIZED: (
        "ProviderRuntimeNormalizationError",
        "What the call wants cannot be brought together with its runtime.",
    ),
    ErrorCode.SCOPE_MISMATCH: ("ProviderRuntimeScopeError", "A scope of a registry was left out of turn."),
    ErrorCode.CREDENTIAL_MISSING: ("CredentialMissing", "No source knows a key for this provider."),
    ErrorCode.BATCH_CONFLICT: (
        "BatchConflict",
        "A batch cannot begin, or go on, as asked: its input changed, or its output is taken.",
    ),
    ErrorCode.ASSIGNMENT_INVALID: (
        "AssignmentInvalid",
        "The role has no model: nobody assigns one, or to a provider that the runtime does not know.",
    ),
    ErrorCode.PROVIDER_NOT_REGISTERED: ("ProviderNotRegistered", "The runtime does not know the provider."),
    ErrorCode.MODEL_NOT_FOUND: ("ModelNotFound", "The catalog does not list the model, and there is no default."),
    ErrorCode.MODEL_AMBIGUOUS: ("AmbiguousModelRoute", "Several providers list the model, and none was named."),
    ErrorCode.PROVIDER_HINT_MISMATCH: (
        "ProviderHintMismatch",
        "The catalog lists the model for another provider than the one named.",
    ),
    ErrorCode.REQUEST_INVALID: ("RequestInvalid", "The request contradicts itself."),
    ErrorCode.INTENT_UNSUPPORTED: (
        "IntentUnsupported",
        "The provider's protocol cannot say it, and leaving it out would change the meaning.",
    ),
    ErrorCode.LOSSY_CONVERSION: ("CallRefused", "Something would be lost on the way, and policy refuses that."),
    ErrorCode.CAPABILITY_MISMATCH: ("CapabilityMismatch", "The model cannot do what the request needs."),
    ErrorCode.BATCH_CONFLICT: ("BatchConflict", "A batch cannot go on from the files that are there."),
    ErrorCode.CALL_INTERRUPTED: (
        "CallInterrupted",
        "A process ended while this call of a batch was under way; it may have been billed.",
    ),
    ErrorCode.ACCESS_DENIED: ("AccessDenied", "The call takes a capability that is not granted."),
    ErrorCode.BUDGET_EXCEEDED: ("BudgetExceeded", "A budget has less left than the call may come to at worst."),
    ErrorCode.COST_UNKNOWN: (
        "CostUnknown",
        "A budget is set, and nobody can say what the call may come to: no price, or no limit on the answer.",
    ),
    ErrorCode.BUDGET_OWNER_UNKNOWN: (
        "CallRefused",
        "A budget is one for each tenant (or other label), and the call does not name its own.",
    ),
    ErrorCode.LEDGER_CONFLICT: ("LedgerConflict", "What was to be entered in a ledger contradicts what stands there."),
    ErrorCode.LEDGER_UNAVAILABLE: ("LedgerUnavailable", "The server that keeps a ledger could not be asked."),
    ErrorCode.LEDGER_DENIED: ("LedgerDenied", "The server that keeps a ledger does not let this client do that."),
    ErrorCode.MODEL_NOT_ALLOWED: ("ModelNotAllowed", "The work profile does not let this model play the role."),
    ErrorCode.TIER_DENIED: ("TierRefused", "Policy, the work profile or the role keeps the call on this machine."),
    ErrorCode.GOVERNANCE_LOCKED: ("GovernanceLocked", "Governance is locked: no cloud call at all."),
    ErrorCode.ENDPOINT_INVALID: ("EndpointInvalid", "The base URL is not an address that can be contacted."),
    ErrorCode.ENDPOINT_BLOCKED: (
        "EndpointBlocked TransportError",
        "The address leads where this tier may not go; found in the text of the base URL, or when its name resolved.",
    ),
    ErrorCode.CREDENTIAL_BOUND_ELSEWHERE: (
        "CredentialBoundElsewhere",
        "The key was registered for another origin than the one that would be asked.",
    ),
    ErrorCode.CONSENT_REQUIRED: (
        "ConsentRefused ConsentRequired",
        "Policy wants a person's consent to the call, and nobody consented, or nobody can read that they did.",
    ),
    ErrorCode.CONSENT_MISMATCH: (
        "ConsentMismatch",
        "There is a consent, and it is for something else, from somebody who is not trusted, or a denial: see `fault`.",
    ),
    ErrorCode.CONSENT_EXPIRED: (
        "ConsentExpired",
        "There is a consent, and it does not hold now; or the clock ran back.",
    ),
    ErrorCode.CONSENT_USED: ("ConsentUsed", "As many calls were made on the consent as it allowed."),
    ErrorCode.CONSENT_REVOKED: ("ConsentRevoked", "The consent was taken back."),
    ErrorCode.GUARD_FAILED: (
        "GuardFailed",
        "The ledger of consents failed, hung or contradicted itself, or nobody can say what was revoked.",
    ),
    ErrorCode.LEAKAGE_FOUND: (
        "LeakageRefused",
        "What would be sent holds a secret, or what must stay here; `findings` says what and where.",
    ),
    ErrorCode.GATE_REFUSED: ("CallRefused", "A gate refused; `gate` says which."),
    ErrorCode.GATE_FAILED: ("CallRefused", "A gate broke, and gates fail closed."),
    ErrorCode.SWAP_REFUSED: ("SwapRefused", "A model is not swapped for another; `fault` says why. The old one stays."),
    ErrorCode.IDEMPOTENCY_CONFLICT: (
        "CallRefused",
        "The call's name was used for another request, or the call is under way.",
    ),
    ErrorCode.CREDENTIALS_REJECTED: ("CredentialsRejected ProviderStatusError", "The provider says the key is wrong."),
    ErrorCode.PERMISSION_DENIED: (
        "CredentialsRejected ProviderStatusError",
        "The key is known, and may not do this (status 403).",
    ),
    ErrorCode.NOT_FOUND: ("ProviderStatusError", "The provider does not know the model or the address."),
    ErrorCode.INVALID_REQUEST: ("ProviderStatusError", "The provider turned the request down."),
    ErrorCode.CONTEXT_TOO_LONG: ("ProviderStatusError", "The conversation is longer than the model can read."),
    ErrorCode.REQUEST_TOO_LARGE: ("ProviderStatusError", "The request has more bytes than the provider takes."),
    ErrorCode.QUOTA_EXHAUSTED: ("ProviderStatusError", "The account has no money or no quota left. Never retried."),
    ErrorCode.RATE_LIMITED: ("ProviderStatusError", "Too many requests for now."),
    ErrorCode.CONFLICT: ("ProviderStatusError", "The provider reports a conflict (status 409)."),
    ErrorCode.OVERLOADED: ("ProviderStatusError", "The provider has too much to do."),
    ErrorCode.SERVER_ERROR: ("ProviderStatusError", "The provider, or a gateway before it, failed."),
    ErrorCode.PROVIDER_STATUS: ("ProviderStatusError", "An error answer that is none of the others."),
    ErrorCode.REDIRECT_BLOCKED: ("ProviderStatusError", "The provider answered with a redirect; none is followed."),
    ErrorCode.BAD_RESPONSE: (
        "ProtocolError ProviderStatusError",
        "A whole answer that is not what the protocol promises.",
    ),
    ErrorCode.RESPONSE_NOT_JSON: ("SerializationError", "A whole answer that is not JSON at all."),
    ErrorCode.RESPONSE_TOO_LARGE: ("TransportError ProtocolError", "The answer is larger than `max_response_bytes`."),
    ErrorCode.CIRCUIT_OPEN: ("CircuitOpen", "The provider failed so often of late that it is left alone for now."),
    ErrorCode.RATE_LIMIT_WAIT: ("RateLimitWait", "The runtime's own limits leave no room for the call in its time."),
    ErrorCode.CONNECT_FAILED: ("TransportError", "No connection could be made. Nothing was sent."),
    ErrorCode.TLS_FAILED: ("TransportError", "No trusted, encrypted connection could be made. Nothing was sent."),
    ErrorCode.CONNECTION_LOST: ("TransportError", "The connection ended before a whole answer had come."),
    ErrorCode.TIMED_OUT: ("TransportError ProviderStatusError", "No whole answer came in time."),
    ErrorCode.HTTP_PROTOCOL: ("TransportError", "What came is not HTTP, or what was to be sent cannot be HTTP."),
    ErrorCode.STORE_UNAVAILABLE: ("BackendError", "A store cannot be read or written."),
    ErrorCode.STORE_UNSAFE: ("StoreUnsafe", "A store of secrets lies where others can read or replace it."),
    ErrorCode.RECORD_CORRUPT: ("RecordCorrupt", "Stored data does not read back as what was written."),
    ErrorCode.RECORD_MISSING: ("RecordMissing", "What an operation needs is not in the store."),
    ErrorCode.REPLAY_MISS: ("ReplayMiss", "A replay has no answer for this call; nothing was sent."),
    ErrorCode.RECORD_CONFLICT: ("RecordConflict", "A record is not, by now, what a change of it was made from."),
    ErrorCode.NAME_INVALID: ("BackendError", "A name that a store cannot keep."),
    ErrorCode.RUNTIME_CLOSED: ("RuntimeClosed", "The runtime was closed."),
    ErrorCode.SWAP_FAILED: ("SwapFailed", "A swap that was allowed did not come about. The old model stays."),
    ErrorCode.CALL_INTERRUPTED: ("CallInterrupted", "The process ended while the call was under way."),
}

MEANINGS: Final[dict[WarningCode, str]] = {
    WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET: "Both are set; vendors advise to set one.",
    WarningCode.DEFAULT_MAX_TOKENS_APPLIED: "No longest answer was given, and the wire needs one.",
    WarningCode.DROPPED_CONTROL: "A control that the wire or the model does not take was left out.",
    WarningCode.CLAMPED_CONTROL: "A control was moved to the nearest value that the wire takes.",
    WarningCode.DROPPED_CACHE_BOUNDARY: "A cache boundary could not be placed, or was one too many.",
    WarningCode.DROPPED_CITATIONS: "Citations of an earlier answer were not sent back.",
    WarningCode.DROPPED_THINKING_ON_ENCODE: "Reasoning of an earlier answer was not sent back.",
    WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS: "Labels that the provider does not take were left out.",
    WarningCode.TOOL_RESULT_COERCED: "A tool's answer was sent in another form: JSON as text, say.",
    WarningCode.TOOL_RESULT_ERROR_FLAG_AS_TEXT: "The wire has no error flag for tool results; the text says so.",
    WarningCode.TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED: "`raw_provider_content` does not fit; the content was sent.",
    WarningCode.TOOL_SCHEMA_NOT_STRICT_COMPATIBLE: "A tool's parameters do not fit strict mode, so it was left off.",
    WarningCode.REASONING_APPROXIMATED: "Reasoning was asked for as near to the wish as the model comes.",
    WarningCode.JSON_OBJECT_BY_INSTRUCTION: "The wire has no JSON mode; the model was told in words.",
    WarningCode.SCHEMA_CONSTRAINTS_NOT_ENFORCED: "Some rules of the schema are not enforced by the wire.",
    WarningCode.TOOLS_HELD_BACK_BY_FORMAT: "Tools were sent beside a JSON form; held to one, a model seldom calls any.",
    WarningCode.MEDIA_ORDER_LOST: "The wire keeps media apart from the text, so their order is lost.",
    WarningCode.HANDOFF_THINKING_AS_TEXT: "Reasoning of another provider became text marked `<thinking>`.",
    WarningCode.HANDOFF_THINKING_DROPPED: "Hidden reasoning of another provider was left out: nobody else can read it.",
    WarningCode.HANDOFF_SIGNATURE_DROPPED: "A signature was left out: only its maker can use it.",
    WarningCode.HANDOFF_TOOL_ID_REWRITTEN: "A tool-call id was rewritten in the letters that the provider allows.",
    WarningCode.HANDOFF_SYSTEM_AS_USER_TEXT: "A late system message became user text marked `<system>`.",
    WarningCode.HANDOFF_ARGUMENTS_WRAPPED: "Tool-call arguments that are no object were put into one: INVALID_JSON.",
    WarningCode.HANDOFF_EMPTY_MESSAGE_DROPPED: "An assistant message of which nothing was left was not sent.",
    WarningCode.EMPTY_OUTPUT: "The answer holds nothing.",
    WarningCode.MODEL_REFUSAL: "The model declined to answer.",
    WarningCode.TOOL_ARGUMENTS_INVALID_JSON: "The arguments of a tool call are not JSON; they are kept as text.",
    WarningCode.UNKNOWN_CONTENT_BLOCK: "The answer holds a kind of content that is not known here; it was skipped.",
    WarningCode.UNKNOWN_FINISH_REASON: "The reason for the end is missing or not known; it counts as `other`.",
    WarningCode.GENERATION_FAILED: "The model or its server broke off in mid-answer; what had come is kept.",
    WarningCode.EXTRA_CHOICES_IGNORED: "The provider gave several answers; the first counts.",
    WarningCode.STRUCTURED_OUTPUT_PARSE_FAILED: "JSON was asked for, and the answer is not JSON.",
    WarningCode.STRUCTURED_OUTPUT_NOT_VALID: "The answer is JSON and does not satisfy the schema.",
    WarningCode.STRUCTURED_OUTPUT_NOT_VALIDATED: "The answer was not checked: install the extra `schema`.",
    WarningCode.USAGE_MISSING: "The provider reported no token counts.",
    WarningCode.USAGE_PARTIAL: "The provider reported a part of the token counts.",
    WarningCode.INCOMPLETE_MAX_OUTPUT_TOKENS: "The answer was cut at its longest.",
    WarningCode.INCOMPLETE_CONTENT_FILTER: "The answer was cut by a content filter.",
    WarningCode.INCOMPLETE_UNKNOWN_REASON: "The answer was cut for a reason that is not known here.",
    WarningCode.INCOMPLETE_MISSING_REASON: "The answer was cut, and the provider does not say why.",
    WarningCode.UNKNOWN_STOP_REASON: "Anthropic's stop reason is missing or not known; it counts as `other`.",
    WarningCode.ANOTHER_MODEL_ANSWERED: "Another model than the one asked for answered.",
    WarningCode.REASONING_NOT_USED: "Reasoning was asked for, and none was billed.",
    WarningCode.NOTHING_CACHED: "Caching was asked for, and nothing was written to the cache or read from it.",
    WarningCode.PROMPT_TRUNCATED: "The server cut the prompt before the model read it.",
    WarningCode.PRICING_MISSING_RULE: "No price is known for the model; `cost` is `None`.",
    WarningCode.PRICING_INVALID_RULE: "The price rule cannot be used; `cost` is `None`.",
    WarningCode.PRICING_MISSING_USAGE: "Without token counts there is no cost; `cost` is `None`.",
    WarningCode.PRICING_PARTIAL_USAGE: "A token count is missing, so the cost covers only the rest.",
    WarningCode.PRICING_PARTIAL_REASONING_RATE: "The price rule has no rate for reasoning: it is priced as output.",
    WarningCode.PRICING_REPORTED_DIFFERS: (
        "The cost that the provider reports, which counts, and the one by the price table differ by more than 1 %."
    ),
    WarningCode.FALLBACK_ANSWERED: "An alternative answered; `passed_over` says who did not, and why.",
    WarningCode.OUTCOME_REPLAYED: "The call was answered before; nothing was sent now.",
    WarningCode.OUTCOME_NOT_KEPT: "The answer is good, and could not be kept: asked again, its call is under way.",
    WarningCode.MEMO_NOT_USED: "The call brings its own credential and no label that says whose: it was asked anew.",
    WarningCode.ANSWER_NOT_KEPT: "The answer is good, and could not be kept for a memo or in the recording.",
    WarningCode.SECRET_REDACTED: "Something that looked like a secret was masked before sending.",
    WarningCode.POSSIBLE_SECRET_SENT: "Something that looks like a secret was sent, as the policy says.",
    WarningCode.BUDGET_NEARLY_SPENT: "From this call on, four fifths of a budget are taken.",
    WarningCode.RECEIPT_PENDING: "The answer is good, and its receipt, or what it came to, could not be written.",
}
_GROUPS: Final = (
    ("While the request is written", WarningCode.BOTH_TEMPERATURE_AND_TOP_P_SET),
    ("While a conversation is handed to another provider", WarningCode.HANDOFF_THINKING_AS_TEXT),
    ("While the answer is read", WarningCode.EMPTY_OUTPUT),
    ("Asked and got", WarningCode.ANOTHER_MODEL_ANSWERED),
    ("Prices", WarningCode.PRICING_MISSING_RULE),
    ("Alternatives and repeats", WarningCode.FALLBACK_ANSWERED),
    ("Budgets", WarningCode.BUDGET_NEARLY_SPENT),
    ("Records", WarningCode.RECEIPT_PENDING),
)


def errors_page() -> str:
    """Every error class and every code."""
    sections = [_family(family) for family in FAMILIES]
    codes = table(
        ("code", "class", "meaning"),
        (
            (code(name.value), " ".join(code(c) for c in classes.split()), said)
            for name, (classes, said) in CODES.items()
        ),
    )
    return f"""# Errors

Everything raised on purpose is a `ProviderRuntimeError` and belongs to one of five families. Branch on the class or on
`code`; show `str(error)`. Codes never change their meaning; wording may. In practice:
[Handle errors](../how-to/handle-errors.md).

Every error has these:

{table(("field", "meaning"), _COMMON_FIELDS)}
{"".join(sections)}
## Codes

{codes}"""


_COMMON_FIELDS: Final = (
    ("`message`", "What happened. Safe to show: one line, masked, at most 500 characters."),
    ("`remedy`", "The way out, in a sentence."),
    ("`code`", "The stable code; see [Codes](#codes)."),
    ("`call_id`", "The call, as its receipt names it; `None` outside a call."),
    ("`attempts`", "Every try that was made, with its outcome and duration."),
    ("`delivery`", "How far the request got: `not_sent`, `rejected`, `ambiguous` or `answered_bad`."),
    ("`sent`", "Whether the request may have reached the provider."),
    ("`billed`", "Whether it may have cost money: `no`, `maybe` or `yes`."),
    ("`retryable`", "Whether the same call may succeed if made again."),
    ("`facts()`", "The typed facts of the class as short texts."),
    ("`hsk_code`, `requirement`", "The codes of the source documents, where they name one; else `None`."),
)


def _family(family: type[ProviderRuntimeError]) -> str:
    known = (getattr(errors, name) for name in errors.__all__)
    members = [kind for kind in known if isinstance(kind, type) and issubclass(kind, family)]
    members.sort(key=lambda kind: (len(kind.__mro__), list(CODES).index(_default_code(kind)), kind.__name__))
    rows = [
        (
            code(kind.__name__),
            first_sentence(kind),
            " ".join(code(name.value) for name, (classes, _) in CODES.items() if kind.__name__ in classes.split()),
            " ".join(code(field.name) for field in fields(kind) if field.name not in _COMMON),
            code(kind.hsk_code or kind.requirement or ""),
        )
        for kind in members
    ]
    return f"""
## {family.__name__}: exit code {exit_code(_example(family))}

{docstring(family)}

{table(("class", "meaning", "codes", "facts", "HSK, REQ"), rows)}"""


def _default_code(kind: type[ProviderRuntimeError]) -> ErrorCode:
    default: ErrorCode = fields(kind).code.default
    return ErrorCode(default)


def _example(family: type[ProviderRuntimeError]) -> ProviderRuntimeError:
    needed = {name: "x" for name in ("provider", "gate") if name in {f.name for f in fields(family)}}
    return family(**needed)  # type: ignore[arg-type]  # whatever the family asks for is text


def warnings_page() -> str:
    """Every warning code."""
    starts = {first: title for title, first in _GROUPS}
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    for name in WarningCode:
        if name in starts:
            sections.append((starts[name], []))
        sections[-1][1].append((code(name.value), MEANINGS[name]))
    body = "\n".join(f"## {title}\n\n{table(('code', 'meaning'), rows)}" for title, rows in sections)
    return f"""# Warnings

A `CallWarning` is something odd that a call survived. It stands in `response.warnings`, its code also in the receipt.
Branch on `code`; show `message`. What would change the meaning of a request is never a warning: it is
`intent_unsupported`, and nothing is sent.

{body}"""
