"""Chat Completions as servers like vLLM serve it, under ``/compatible/v1``."""

from typing import Any, Final

from attrs import frozen

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.model import reply_to
from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused, as_json
from provider_runtime.testing.sandbox.wires.chat.completions import (
    check_conversation,
    check_is_post,
    completion_of,
    message_of,
    prompt_of,
)
from provider_runtime.testing.sandbox.wires.openai.checks import checked_object
from provider_runtime.testing.sandbox.wires.openai.voice import model_list
from provider_runtime.testing.sandbox.wires.wire import WRONG_KEY

COMPATIBLE_PREFIX: Final = "/compatible/v1"


@frozen
class CompatibleChat:
    """Stands in for a server on one's own machine: asks for no key, passes over fields it does not know.

    Reasoning is shown as ``reasoning_content`` and, as on such servers, taken back without a signature.
    """

    kind = ProviderKind.OPENAI_COMPATIBLE

    def serves(self, arrival: Arrival) -> bool:
        return arrival.path.startswith(f"{COMPATIBLE_PREFIX}/")

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        if arrival.credential == WRONG_KEY:
            raise Refused("Unauthorized", status=401, kind="Unauthorized")
        if (arrival.method, arrival.path) == ("GET", f"{COMPATIBLE_PREFIX}/models"):
            return as_json(200, model_list(), {})
        if arrival.path != f"{COMPATIBLE_PREFIX}/chat/completions":
            raise Refused("Not Found", status=404, kind="NotFoundError")
        check_is_post(arrival)
        body = checked_object(arrival)
        check_conversation(body, None)
        prompt = prompt_of(body, body["model"], think=_asks_to_think(body))
        reply = reply_to(prompt)
        message = message_of(reply, arrival, stamps)
        if reply.thinking:
            message["reasoning_content"] = reply.thinking
        return as_json(200, completion_of(prompt, reply, message, arrival, stamps), {})

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:  # noqa: ARG002 - no ids here
        error = {"message": refused.message, "type": refused.kind, "param": refused.param, "code": refused.status}
        return as_json(refused.status, {"error": error}, {})

    def failure(self, status: int) -> Refused:
        return Refused(f"Sandbox: a scripted failure with status {status}", status=status, kind="InternalServerError")


def _asks_to_think(body: dict[str, Any]) -> bool:
    effort = body.get("reasoning_effort")
    switch = (body.get("thinking") or {}).get("type")
    template = body.get("chat_template_kwargs") or {}
    if effort == "none" or switch == "disabled" or False in (template.get("enable_thinking"), template.get("thinking")):
        return False
    return bool(effort or switch) or any(word in body["model"].lower() for word in ("think", "reason", "-r1"))
