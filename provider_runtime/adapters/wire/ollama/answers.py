"""The body of an answer as one object, also where a server streamed although it was told not to."""

from typing import Any

from provider_runtime.adapters.wire.ollama.errors import broken, not_json, told_error
from provider_runtime.adapters.wire.reading import NotJson, a_list, an_object, filled, parse
from provider_runtime.domain.conversation.exchange import PreparedExchange
from provider_runtime.domain.errors import Delivery
from provider_runtime.ports.http import HttpReply


def answer_of(reply: HttpReply, prepared: PreparedExchange) -> dict[str, Any]:
    """The whole answer as one object.

    Raises ``SerializationError`` for what is no JSON, ``ProtocolError`` for what is not finished,
    and the typed error of an error under a 2xx status.
    """
    try:
        body = parse(reply.body)
    except NotJson:
        body = _joined(reply, prepared)
    if not isinstance(body, dict):
        raise broken("body", "the answer is no JSON object", reply, prepared.provider, prepared.model_id)
    if body.get("error"):
        raise told_error(body, reply, prepared.provider, prepared.model_id)
    if body.get("done") is False:
        raise broken("done", "the answer broke off", reply, prepared.provider, prepared.model_id)
    return body


def _joined(reply: HttpReply, prepared: PreparedExchange) -> dict[str, Any]:
    """A stream of pieces, one to a line, as the object they amount to: the last, with all that was said."""
    pieces: list[dict[str, Any]] = []
    for line in reply.body.splitlines():
        if line.strip():
            try:
                pieces.append(an_object(parse(line)))
            except NotJson:
                raise not_json(reply, prepared.provider, prepared.model_id) from None
    if not pieces:
        raise not_json(reply, prepared.provider, prepared.model_id)
    last = pieces[-1]
    if last.get("error"):
        error = told_error(last, reply, prepared.provider, prepared.model_id)
        error.delivery = Delivery.AMBIGUOUS  # it failed while generating: what came before may be billed
        raise error
    if last.get("done") is not True:
        raise broken("done", "the answer broke off", reply, prepared.provider, prepared.model_id)
    said = [an_object(piece.get("message")) for piece in pieces]
    message: dict[str, Any] = {
        name: "".join([filled(one.get(name)) or "" for one in said]) for name in ("thinking", "content")
    }
    message |= {name: [item for one in said for item in a_list(one.get(name))] for name in ("images", "tool_calls")}
    return {**last, "message": message}
