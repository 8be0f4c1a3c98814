"""The warnings a call can carry: one stable code for each oddity that is survived."""

from enum import StrEnum

from provider_runtime.domain.conversation.response import CallWarning


class WarningCode(StrEnum):
    """Stable codes of ``CallWarning``. The dotted ones are about prices."""

    # while encoding
    BOTH_TEMPERATURE_AND_TOP_P_SET = "both_temperature_and_top_p_set"
    DEFAULT_MAX_TOKENS_APPLIED = "default_max_tokens_applied"
    DROPPED_CONTROL = "dropped_control"
    CLAMPED_CONTROL = "clamped_control"
    DROPPED_CACHE_BOUNDARY = "dropped_cache_boundary"
    DROPPED_CITATIONS = "dropped_citations"
    DROPPED_THINKING_ON_ENCODE = "dropped_thinking_on_encode"
    DROPPED_UNSUPPORTED_METADATA_KEYS = "dropped_unsupported_metadata_keys"
    TOOL_RESULT_COERCED = "tool_result_coerced"
    TOOL_RESULT_ERROR_FLAG_AS_TEXT = "tool_result_error_flag_as_text"
    TOOL_RESULT_RAW_PROVIDER_CONTENT_IGNORED = "tool_result_raw_provider_content_ignored"
    TOOL_SCHEMA_NOT_STRICT_COMPATIBLE = "tool_schema_not_strict_compatible_strict_disabled"
    REASONING_APPROXIMATED = "reasoning_approximated"
    JSON_OBJECT_BY_INSTRUCTION = "json_object_by_instruction"
    SCHEMA_CONSTRAINTS_NOT_ENFORCED = "schema_constraints_not_enforced"
    TOOLS_HELD_BACK_BY_FORMAT = "tools_held_back_by_format"
    MEDIA_ORDER_LOST = "media_order_lost"
    # while handing a conversation to another provider
    HANDOFF_THINKING_AS_TEXT = "handoff_thinking_as_text"
    HANDOFF_THINKING_DROPPED = "handoff_thinking_dropped"
    HANDOFF_SIGNATURE_DROPPED = "handoff_signature_dropped"
    HANDOFF_TOOL_ID_REWRITTEN = "handoff_tool_id_rewritten"
    HANDOFF_SYSTEM_AS_USER_TEXT = "handoff_system_as_user_text"
    HANDOFF_ARGUMENTS_WRAPPED = "handoff_arguments_wrapped"
    HANDOFF_EMPTY_MESSAGE_DROPPED = "handoff_empty_message_dropped"
    # while looking for what must not leave
    POSSIBLE_SECRET_SENT = "possible_secret_sent"  # noqa: S105 - a code, not a secret
    SECRET_REDACTED = "secret_redacted"  # noqa: S105 - a code, not a secret
    # while decoding
    EMPTY_OUTPUT = "empty_output"
    MODEL_REFUSAL = "model_refusal"
    TOOL_ARGUMENTS_INVALID_JSON = "tool_arguments_invalid_json"
    UNKNOWN_CONTENT_BLOCK = "unknown_content_block"
    UNKNOWN_FINISH_REASON = "unknown_finish_reason"
    GENERATION_FAILED = "generation_failed"
    EXTRA_CHOICES_IGNORED = "extra_choices_ignored"
    STRUCTURED_OUTPUT_PARSE_FAILED = "structured_output_parse_failed"
    STRUCTURED_OUTPUT_NOT_VALID = "structured_output_not_valid"
    STRUCTURED_OUTPUT_NOT_VALIDATED = "structured_output_not_validated"
    USAGE_MISSING = "usage_missing"
    USAGE_PARTIAL = "usage_partial"
    INCOMPLETE_MAX_OUTPUT_TOKENS = "openai_incomplete_max_output_tokens"
    INCOMPLETE_CONTENT_FILTER = "openai_incomplete_content_filter"
    INCOMPLETE_UNKNOWN_REASON = "openai_incomplete_unknown_reason"
    INCOMPLETE_MISSING_REASON = "openai_incomplete_missing_reason"
    UNKNOWN_STOP_REASON = "unknown_stop_reason"
    # asked and got
    ANOTHER_MODEL_ANSWERED = "another_model_answered"
    REASONING_NOT_USED = "reasoning_not_used"
    NOTHING_CACHED = "nothing_cached"
    PROMPT_TRUNCATED = "prompt_truncated"
    # prices
    PRICING_MISSING_RULE = "pricing.missing_rule"
    PRICING_INVALID_RULE = "pricing.invalid_rule"
    PRICING_MISSING_USAGE = "pricing.missing_usage"
    PRICING_PARTIAL_USAGE = "pricing.partial_usage"
    PRICING_PARTIAL_REASONING_RATE = "pricing.partial_reasoning_rate"
    PRICING_REPORTED_DIFFERS = "pricing.reported_differs"
    # alternatives and repeats
    FALLBACK_ANSWERED = "fallback_answered"
    OUTCOME_REPLAYED = "outcome_replayed"
    OUTCOME_NOT_KEPT = "outcome_not_kept"
    MEMO_NOT_USED = "memo_not_used"
    ANSWER_NOT_KEPT = "answer_not_kept"
    # budgets
    BUDGET_NEARLY_SPENT = "budget_nearly_spent"
    # records
    RECEIPT_PENDING = "settlement_pending"


def warn(code: WarningCode, message: str) -> CallWarning:
    """A warning with this code; ``message`` is ours and quotes nothing of the conversation."""
    return CallWarning(code.value, message)
