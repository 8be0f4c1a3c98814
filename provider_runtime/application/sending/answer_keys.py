"""Under what an answer is kept: everything that decides it, as digests."""

import json
from hashlib import sha256
from typing import Final

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.calls.answers import AnswerKey
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ResponseFormat

_DOMAIN: Final = "provider_runtime/answers/v1"


def answer_key_of(prepared: PreparedCall, policy_version: str, apart_by: tuple[str, ...] = ()) -> AnswerKey:
    """The key of whatever answers ``prepared``: the same for the same bytes to the same model at the same place.

    ``apart_by`` names the labels that keep calls apart. Whose credential pays is no part of it: a
    key that was rotated answers the same, and reading one would be reading a secret.
    """
    routed, exchange = prepared.routed, prepared.exchange
    config, options = routed.provider.config, routed.call.terms.options
    named_in = (config.idempotency_header or "").lower()  # the name of the call, which is another each time
    headers = {name: value for name, value in exchange.headers.items() if name.lower() != named_in}
    asked = [
        *(config.provider_id, routed.provider.adapter.wire, exchange.method, exchange.url, exchange.model_id),
        *(headers, _reading(exchange.wanted), exchange.reasoning_asked, exchange.caching_asked),
    ]
    whose = {name: options.metadata.get(name) for name in apart_by}
    return AnswerKey(
        body_sha256=exchange.body_sha256,
        asked=_digest(asked),
        terms=_digest([policy_version, options.include_raw_response, whose]),
    )


def _reading(wanted: ResponseFormat) -> list[object]:
    """How the answer will be read: a value that was asked for is looked for."""
    if isinstance(wanted, JsonSchemaFormat):
        return ["json_schema", wanted.name, wanted.schema]
    return ["json_object" if isinstance(wanted, JsonObjectFormat) else "text"]


def _digest(values: list[object]) -> str:
    text = json.dumps([_DOMAIN, *values], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
