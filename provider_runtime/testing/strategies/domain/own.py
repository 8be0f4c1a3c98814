"""OWN: the types that have a strategy of their own, since their fields alone do not say what belongs together."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.calls.answers import AnswerKey, KeptAnswer, KeptFailure
from provider_runtime.domain.calls.memo import Memo
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.handoff import HandoffTarget
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import Citation, TextPart, ThinkingPart, ToolResult, ToolResultPart
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.response import (
    AssistantOutput,
    Attempt,
    CallWarning,
    MemoHit,
    PassedOver,
    ProviderResponse,
)
from provider_runtime.domain.conversation.tools import ToolCall, ToolDefinition
from provider_runtime.domain.conversation.usage import CostBreakdown, Usage
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import CallId, KeyId, OrderId, ProfileId, ProfileName, ProviderId, Role, RuntimeId
from provider_runtime.domain.logic.facts import Rule
from provider_runtime.domain.policy.budgets.limits import Amount, Budget
from provider_runtime.domain.policy.consent.decisions import Consent
from provider_runtime.domain.policy.consent.plans import ConsentRequest, ProjectionPlan
from provider_runtime.domain.policy.consent.receipts import ConsentReceipt
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.policy.resilience.retry_budget import RetryTokens
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.profiles.roles import ModelAssignment
from provider_runtime.domain.profiles.swapping import ModelSwapRequest
from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.domain.records.heap import Closure, Heap, Machine
from provider_runtime.domain.records.sessions import SessionData, SessionEvent
from provider_runtime.domain.records.snapshots import MachineSnapshot
from provider_runtime.domain.records.state import State
from provider_runtime.domain.records.streams import Stream, Thunk
from provider_runtime.domain.records.traces import TraceEntry
from provider_runtime.domain.seals import PublicKey, Seal
from provider_runtime.testing.consents import a_consent, a_plan, a_question, a_receipt, a_subject
from provider_runtime.testing.strategies.catalog import catalogs, model_infos, price_rules, pricing_tables
from provider_runtime.testing.strategies.conversations import handoff_targets, messages
from provider_runtime.testing.strategies.domain.answers import answer_keys, kept_answers, kept_failures, memos
from provider_runtime.testing.strategies.domain.failures import provider_errors
from provider_runtime.testing.strategies.domain.machines import closures, heaps, machines, streams, thunks
from provider_runtime.testing.strategies.domain.wishes import amounts, budgets, call_options, rules, swap_requests
from provider_runtime.testing.strategies.events import lifecycle_events
from provider_runtime.testing.strategies.parts import (
    cache_boundaries,
    citations,
    signatures,
    text_parts,
    thinking_parts,
    tool_calls,
    tool_result_parts,
    tool_results,
)
from provider_runtime.testing.strategies.profiles import expert_roles, model_assignments, roles, states, work_profiles
from provider_runtime.testing.strategies.providers import provider_configs
from provider_runtime.testing.strategies.records import machine_snapshots, session_data, session_events, trace_entries
from provider_runtime.testing.strategies.requests import model_refs, requests, tools
from provider_runtime.testing.strategies.responses import (
    attempts,
    call_warnings,
    costs,
    memo_hits,
    outputs,
    passed_over,
    responses,
    usages,
)
from provider_runtime.testing.strategies.values import call_ids, provider_ids


def consent_subjects() -> SearchStrategy[ConsentSubject]:
    """What a call would need consent for."""
    digests = st.text("0123456789abcdef", min_size=64, max_size=64)
    return st.builds(
        lambda digest, size, session: a_subject(body_sha256=digest, body_bytes=size, session=session),
        digests,
        st.integers(0, 10**6),
        st.none() | st.sampled_from(("chat-7", "chat-8")),
    )


OWN: Final[Mapping[Any, Callable[[], SearchStrategy[Any]]]] = MappingProxyType(
    {
        # names
        CallId: call_ids,
        ProviderId: provider_ids,
        RuntimeId: lambda: st.sampled_from(("rt-1", "rt-2")).map(RuntimeId),
        Role: roles,
        ProfileName: lambda: st.sampled_from(("team", "nightly.v2")).map(ProfileName),
        OrderId: lambda: st.sampled_from(("order_1", "order_2")).map(OrderId),
        KeyId: lambda: st.sampled_from(("ed25519:0123456789abcdef", "hmac-sha256:fedcba9876543210")).map(KeyId),
        PublicKey: lambda: st.text("0123456789abcdef", min_size=64, max_size=64).map(
            lambda value: PublicKey(value=value)
        ),
        ProfileId: lambda: st.sampled_from(("team@0123456789abcdef", "a@fedcba9876543210")).map(ProfileId),
        Seal: lambda: st.text("0123456789abcdef", min_size=64, max_size=64).map(
            lambda value: Seal(key_id=KeyId("ed25519:0123456789abcdef"), value=value)
        ),
        # what is said
        AssistantOutput: outputs,
        Attempt: attempts,
        CacheBoundary: cache_boundaries,
        CallWarning: call_warnings,
        Citation: citations,
        CostBreakdown: costs,
        HandoffTarget: handoff_targets,
        MemoHit: memo_hits,
        Message: messages,
        ModelRef: model_refs,
        PassedOver: passed_over,
        ProviderRequest: requests,
        ProviderResponse: responses,
        Signature: signatures,
        TextPart: text_parts,
        ThinkingPart: thinking_parts,
        ToolCall: tool_calls,
        ToolDefinition: tools,
        ToolResult: tool_results,
        ToolResultPart: tool_result_parts,
        Usage: usages,
        # who answers, and under what terms
        Amount: amounts,
        Budget: budgets,
        CallOptions: call_options,
        ExpertRole: expert_roles,
        Memo: memos,
        ModelAssignment: model_assignments,
        ModelCatalog: catalogs,
        ModelInfo: model_infos,
        ModelSwapRequest: swap_requests,
        PriceRule: price_rules,
        PricingTable: pricing_tables,
        ProviderConfig: provider_configs,
        ProviderError: provider_errors,
        RetryTokens: lambda: st.builds(RetryTokens, tenths=st.integers(0, 100)),
        WorkProfile: work_profiles,
        # what people consent to
        ConsentSubject: consent_subjects,
        ProjectionPlan: lambda: consent_subjects().map(a_plan),
        ConsentRequest: lambda: consent_subjects().map(a_question),
        ConsentReceipt: lambda: consent_subjects().map(lambda subject: a_receipt(a_question(subject))),
        Consent: lambda: consent_subjects().map(lambda subject: a_consent(a_question(subject))),
        # what is kept
        AnswerKey: answer_keys,
        Closure: closures,
        Heap: heaps,
        KeptAnswer: kept_answers,
        KeptFailure: kept_failures,
        LifecycleEvent: lifecycle_events,
        Machine: machines,
        MachineSnapshot: machine_snapshots,
        Rule: rules,
        SessionData: session_data,
        SessionEvent: session_events,
        State: states,
        Stream: streams,
        Thunk: thunks,
        TraceEntry: trace_entries,
    }
)
"""Each type with the function that makes its strategy."""
