"""What each key of a configuration file means: the words of the reference and of the file that `init` writes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PARAMETERS: Final = "experts.<name>."
_ASSIGNMENTS: Final = ("experts.<name>.assignment.", "profiles.<name>.assignments.<name>.")

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "data": "Folder of what is kept: records, keys, receipts, the ledger. It begins at the folder of this file.",
        "name": "What the runtime is called: budgets of scope `runtime` go by it.",
        "default_provider": "Who is asked for a model that the catalog does not list.",
        "profile": "The work profile to work under: its name, or its id to stay on one edition. "
        "It goes before what `profiles use` chose.",
        "labels": 'Stand in the records of every call: `{tenant = "acme"}`. Those that a call has itself go before.',
        "fair_by": "Where calls have to wait for a limit, those of different values of this label take turns.",
        "circuit": "Leave a provider alone for a while that fails again and again.",
        "deadline_s": "Seconds for a whole call, all attempts and waits included.",
        "connect_timeout_s": "Seconds for one connection.",
        "gate_timeout_s": "Seconds that a gate is waited for before the call is refused.",
        "record": "Every answer is kept in this folder, or `.sqlite` file, to replay it.",
        "replay": "Every answer comes from this recording, and nothing is sent.",
        "max_response_bytes": "The largest answer that is read.",
        "token_provider_only": "Take credentials from the TokenProvider of a service alone.",
        "catalog": "A catalog file instead of the shipped one.",
        "prices": "A price file instead of the shipped one.",
        "leak_rules": "A file of rules for secrets, besides those that ship.",
        "events": "Lifecycle events are appended to this file, one JSON object a line. Left out, they go nowhere.",
        "default_experts": "Know the seven experts that ship, besides those written here.",
        "policy.mode": "How strict as a whole: what the other keys of `policy` and `leakage` are when left out "
        "follows from it.",
        "policy.cloud_allowed": "Calls may leave this machine.",
        "policy.consent": "Which calls need a person's consent.",
        "policy.unclassified": "What becomes of content that nobody classified.",
        "policy.on_unknown_cost": "What becomes of a call to a model without a price.",
        "policy.on_lossy": "What becomes of a request of which something cannot be sent as it was meant.",
        "policy.version": "Names this policy in receipts.",
        "leakage.treatments": "What becomes of each kind of finding; those left out are refused.",
        "leakage.opaque_allowed": "The kinds of parts that may be sent although nobody can look into them.",
        "leakage.markers": "Phrases that must stay here, whatever their case.",
        "leakage.local_exempt": "Calls that stay on this machine are not looked at.",
        "leakage.time_limit_s": "Seconds for one look; a guard that takes longer refuses.",
        "leakage.most_findings": "At most so many findings are told of.",
        "retry.max_attempts": "How often a call is tried, the first time included.",
        "retry.initial_backoff_ms": "The first wait, in milliseconds; later ones double.",
        "retry.max_backoff_ms": "The longest wait, in milliseconds.",
        "retry.retryable_status_codes": "The HTTP statuses after which a call is tried again.",
        "retry.retry_on_timeout": "Also when no answer came in time, although the call may be billed twice.",
        "fallback.alternatives": "Who is asked instead, in this order: `provider:model`.",
        "fallback.after": "The failures that lead to the next one, by their codes.",
        "fallback.even_if_billed": "Also after a failure that may have cost money.",
        "parameters.temperature": "How freely the model chooses its words: 0 to 2.",
        "parameters.top_p": "The model chooses among the likeliest tokens, up to this share: 0 to 1.",
        "parameters.top_k": "The model chooses among so many of the likeliest tokens.",
        "parameters.max_output_tokens": "The longest answer, in tokens.",
        "parameters.stop": "An answer ends before any of these texts.",
        "parameters.seed": "Where the provider takes one: equal seeds, like answers.",
        "parameters.frequency_penalty": "Words that were used often become less likely: -2 to 2.",
        "parameters.presence_penalty": "Words that were used at all become less likely: -2 to 2.",
        "parameters.reasoning": 'How hard to think: `{type = "effort", effort = "low"}`, '
        '`{type = "budget", max_tokens = 2000}` or `"off"`.',
        "parameters.parallel_tool_calls": "Several tools may be called in one turn.",
        "swaps.allow_swaps": "Models may be swapped in the middle of a job.",
        "swaps.max_swaps_per_job": "Every swap that was begun counts, completed or not.",
        "swaps.swap_timeout_ms": "Milliseconds for a swap whose request says nothing.",
        "swaps.on_failure": "What follows when a swap that was allowed does not come about.",
        "swaps.footprints.<name>.vram_mb": "The least video memory that this local model needs, in mebibytes.",
        "swaps.footprints.<name>.ram_mb": "The least memory that it needs, in mebibytes.",
        "receipts.medium": "Where receipts are kept: in one SQLite file, in a file with one a line, or in memory.",
        "receipts.path": "That file. Left out: `receipts.sqlite`, or `receipts.jsonl`. It begins at the data folder.",
        "checkpoints.path": "Sealed heads of the chain of receipts are appended to this file, one a line.",
        "checkpoints.key_file": "Where the key is that seals them. Let both lie where the receipts do not.",
        "checkpoints.method": "How they are sealed; `ed25519` can be verified by who cannot seal.",
        "checkpoints.every": "One after so many receipts.",
        "checkpoints.within_s": "And one so many seconds after the first receipt that none covers.",
        "ledger.medium": "Where it is kept what budgets have left: one SQLite file, a folder of files, memory, or a "
        "governance server.",
        "governance.profile": "The governance profile: `explore`, `pragmatic`, `strict`, `airgap`, `proof-certified`.",
        "governance.grants": "Capabilities besides those of the profile, such as `model.call` or `model.*`.",
        "governance.audit.medium": "Where each decision about them is written down.",
        "governance.audit.path": "That file or folder. Left out: `audit.sqlite`, or `audit`, in the data folder.",
        "stores.medium": "Where `runtime.stores` keeps families of records, and memoized answers.",
        "stores.path": "That file or folder. Left out: `stores.sqlite`, or `stores`, in the data folder.",
        "ledger.path": "That file or folder. Left out: `ledger.sqlite`, or `ledger`. It begins at the data folder.",
        "ledger.url": "The governance server, for the medium `remote`: https, or http on this machine.",
        "ledger.credential": "Where the token is found that the server knows this client by.",
        "ledger.allowed_networks": "Private networks that the server may be in, such as `10.0.0.0/8`.",
        "secrets.medium": "Where named keys are kept: in a file for your eyes only, or in the keyring.",
        "secrets.path": "That file. Left out: `secrets.json`. It begins at the data folder.",
        "secrets.service": "The service in the keyring whose entries the keys are.",
        "receipt_key": "Where the key of the digests in receipts is found. Left out, each runtime makes its own.",
        "guarded_secrets": "Where values are found that must not leave, although no provider gets them.",
        "providers.<name>.kind": "The wire that it speaks.",
        "providers.<name>.base_url": "Its address, up to the path that the wire adds.",
        "providers.<name>.tier": "`local`: on this machine, or in a network that is listed. Anything else is `cloud`.",
        "providers.<name>.default_model": "The model to ask where a request names none.",
        "providers.<name>.credential": "Where its key is found: "
        '`{type = "env", name = "ACME_KEY"}`, `{type = "key_file", path = "…"}`, '
        '`{type = "named_key", name = "…"}` or `{type = "keyring", service = "…", name = "…"}`.',
        "providers.<name>.bound_to": "The origin that its key may be sent to; by default that of `base_url`.",
        "providers.<name>.allowed_networks": "Private networks that its address may lie in, such as `10.1.2.0/24`.",
        "providers.<name>.options": 'Settings of its kind, such as `{vendor = "vllm"}`.',
        "providers.<name>.headers": "Sent with every request. Never a key.",
        "providers.<name>.idempotency_header": "The header in which it takes the name of a call.",
        "providers.<name>.catalog_as": "Whose models and prices it has.",
        "limits.<name>.requests_per_minute": "At most so many requests a minute go to this provider.",
        "limits.<name>.tokens_per_minute": "At most so many tokens a minute, of requests and answers.",
        "limits.<name>.concurrent_calls": "At most so many at a time.",
        "budgets[].name": "What the ledger, errors and warnings call it.",
        "budgets[].usd": 'Its limit, in dollars: `"10"` or `"0.25"`.',
        "budgets[].tokens": "Its limit, in tokens, input and output together.",
        "budgets[].calls": "Its limit, in requests to providers.",
        "budgets[].seconds": "Its limit, in the time that requests take.",
        "budgets[].window_s": "It holds anew every so many seconds; left out: once and for all.",
        "budgets[].scope": "Who shares it: `everyone`, `runtime`, `profile`, or a label such as `tenant`.",
        "experts.<name>.name": "What people call the expert.",
        "experts.<name>.expertise": "What it knows about. For people; no model sees it.",
        "experts.<name>.meta_expertise": "What it knows about its own work. For people; no model sees it.",
        "experts.<name>.reasoning_style": "How it thinks. For people; no model sees it.",
        "experts.<name>.system_prompt": "Put in front of every conversation in this role.",
        "assignment.primary": "The model that plays the role: `provider:model`. What an expert brings counts where "
        "the work profile does not say.",
        "assignment.fallback": "Who is asked when that one cannot be had.",
        "assignment.local_only": "No call in this role leaves the machine.",
        "assignment.allowed_models": "The models that a call may name instead; empty: any.",
        "profiles.<name>.governance.automation": "`locked`: no call leaves the machine.",
        "profiles.<name>.governance.allow_cloud_escalation": "Calls may go to the cloud at all.",
        "profiles.<name>.governance.max_cloud_escalations_per_job": "How often one job may swap to a cloud model.",
        "profiles.<name>.description": "What the profile is for.",
    }
)


def meaning_of(path: str) -> str:
    """The sentence about the key at ``path``. Parameters and assignments mean the same wherever they stand."""
    for above in _ASSIGNMENTS:
        if path.startswith(above):
            return MEANINGS.get(f"assignment.{path.removeprefix(above)}", "")
    return MEANINGS.get(path) or MEANINGS.get(path.removeprefix(_PARAMETERS), "")
