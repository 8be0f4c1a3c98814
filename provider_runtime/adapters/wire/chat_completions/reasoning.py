"""Reasoning on this wire: asking for it, reading it, and sending it back so that nothing signed is lost."""

from typing import Any, Final

from attrs import evolve

from provider_runtime.adapters.wire.chat_completions.dialect import WIRE, ReasoningControl
from provider_runtime.adapters.wire.chat_completions.families import ModelFamily
from provider_runtime.adapters.wire.chat_completions.request_parts import Encoding
from provider_runtime.adapters.wire.reading import NotJson, a_text, an_object, filled, objects, parse
from provider_runtime.adapters.wire.writing import body_bytes
from provider_runtime.domain.conversation.markers import Signature
from provider_runtime.domain.conversation.parts import ContentPart, ImagePart, TextPart, ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import ProviderRequest, Reasoning, ReasoningBudget, ReasoningOff
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId

_OFF: Final = "none"
_WORDS: Final = (_OFF, "minimal", "low", "medium", "high", "xhigh", "max")  # least first
# Up to how many tokens of thinking a word is taken to mean, where only words are understood.
_TOKENS: Final = ((2_048, "low"), (16_384, "medium"))
# The readable field of each kind of detail; what else a detail holds is opaque.
_READABLE: Final = (("reasoning.text", "text"), ("reasoning.summary", "summary"))
_CHUNK: Final = "thinking"
REASONING: Final = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
"""The fields of a message in which reasoning stands."""


def write_reasoning(body: dict[str, Any], request: ProviderRequest, encoding: Encoding) -> None:
    """Write the reasoning control. It is a hint: what cannot be said is dropped or said nearly, with a warning."""
    control, family = encoding.dialect.reasoning, encoding.family
    reasoning = request.reasoning
    if reasoning is None:
        # This family thinks unasked, and refuses tools unless it is told not to.
        if request.tools:
            _approximated("reasoning was switched off: with tools, this model does not reason on this wire", encoding)
            body["reasoning_effort"] = _OFF
        return
    if control is ReasoningControl.OBJECT:
        body["reasoning"] = _object(reasoning)
        return
    efforts = encoding.dialect.efforts if family.efforts is None else family.efforts
    if control is ReasoningControl.NOWHERE or not efforts:
        encoding.dropped("reasoning")
        return
    off = isinstance(reasoning, ReasoningOff)
    if request.tools and not family.tools_while_thinking and not off:
        encoding.remark(WarningCode.DROPPED_CONTROL, "reasoning was left out: this model takes no tools beside it here")
        if family.must_say_no_thinking:
            body["reasoning_effort"] = _OFF
        return
    if control is ReasoningControl.SWITCH:
        body["thinking"] = {"type": "disabled" if off else "enabled"}
    elif control is ReasoningControl.TEMPLATE and off:
        body["chat_template_kwargs"] = {"enable_thinking": False}
    if not off or control is ReasoningControl.EFFORT:
        body["reasoning_effort"] = _nearest(reasoning, efforts, encoding)


def thinks(body: dict[str, Any], family: ModelFamily) -> bool:
    """Whether a model of this family will reason, going by what the body tells it."""
    effort = body.get("reasoning_effort")
    return family.thinks_unasked if effort is None else effort != _OFF


def _object(reasoning: Reasoning) -> dict[str, Any]:
    if isinstance(reasoning, ReasoningOff):
        return {"enabled": False}
    if isinstance(reasoning, ReasoningBudget):
        return {"max_tokens": reasoning.max_tokens}
    return {"effort": _word(reasoning)}


def _nearest(reasoning: Reasoning, efforts: tuple[str, ...], encoding: Encoding) -> str:
    """The word that is nearest to what was asked; of two equally near, the one that costs less."""
    asked = _word(reasoning)
    rank = _WORDS.index(asked)
    best = min(efforts, key=lambda word: (abs(_WORDS.index(word) - rank), _WORDS.index(word)))
    if best == _OFF and asked != _OFF:
        best = next((word for word in efforts if word != _OFF), best)
    if best != asked or isinstance(reasoning, ReasoningBudget):
        _approximated(f"the reasoning asked for was sent as {best!r}", encoding)
    return best


def _word(reasoning: Reasoning) -> str:
    if isinstance(reasoning, ReasoningOff):
        return _OFF
    if isinstance(reasoning, ReasoningBudget):
        return next((word for limit, word in _TOKENS if reasoning.max_tokens <= limit), "high")
    return reasoning.effort.value


def _approximated(message: str, encoding: Encoding) -> None:
    encoding.remark(WarningCode.REASONING_APPROXIMATED, message)


def thinking_parts(message: dict[str, Any], provider: ProviderId) -> list[ThinkingPart]:
    """The reasoning of an answer: one part for each detail, else the plain text as one part.

    Servers send the plain text as ``reasoning_content``, ``reasoning`` or both; beside details it
    repeats them, and counts only where these show nothing.
    """
    plain = filled(message.get("reasoning_content")) or filled(message.get("reasoning"))
    details = message.get("reasoning_details")
    if not details:
        return [ThinkingPart(text=plain, provider=provider)] if plain else []
    parts = [_from_detail(detail, provider) for detail in objects(details) if detail]
    if plain and not any(part.text for part in parts):
        parts.insert(0, ThinkingPart(text=plain, provider=provider))
    return parts


def _from_detail(detail: dict[str, Any], provider: ProviderId) -> ThinkingPart:
    key = _readable_key(detail.get("type"))
    text = detail.get(key) if key else None
    if not key or not isinstance(text, str):
        return ThinkingPart(signature=sign(detail, provider), redacted=True, provider=provider)
    # The text has a place of its own; "" keeps its place among the other fields.
    return ThinkingPart(text=text, signature=sign({**detail, key: ""}, provider), redacted=not text, provider=provider)


def thinking_chunk(chunk: dict[str, Any], provider: ProviderId) -> ThinkingPart:
    """Mistral's reasoning, an item of the content list: texts, and perhaps a signature."""
    inner = chunk.get("thinking")
    text = inner if isinstance(inner, str) else "".join(a_text(item.get("text")) or "" for item in objects(inner))
    signed = filled(chunk.get("signature"))
    signature = sign({"type": _CHUNK, "signature": signed}, provider) if signed else None
    return ThinkingPart(text=text, signature=signature, provider=provider)


def sign(opaque: dict[str, Any], provider: ProviderId) -> Signature:
    """What only its maker understands, to be sent back to ``provider`` over this wire as it is."""
    return Signature(provider=provider, wire=WIRE, value=body_bytes(opaque).decode())


def upstream_of(model: str) -> str | None:
    """The vendor in a router's name for a model, ``vendor/model``; ``None`` where it names none."""
    vendor, slash, _ = model.partition("/")
    return vendor.lower() if slash and vendor.lower() != "openrouter" else None


def signed_by_upstream(response: ProviderResponse) -> ProviderResponse:
    """The response of a router, its signatures bound to the vendor behind the model that answered."""
    content = response.output.content
    vendor = upstream_of(response.model)
    if vendor is None or not any(_signature_of(part) for part in content):
        return response
    return evolve(response, output=evolve(response.output, content=tuple(_bound(part, vendor) for part in content)))


def _signature_of(part: ContentPart) -> Signature | None:
    if isinstance(part, ToolCallPart):
        return part.tool_call.signature
    return part.signature if isinstance(part, ThinkingPart | TextPart | ImagePart) else None


def _bound(part: ContentPart, vendor: str) -> ContentPart:
    signature = _signature_of(part)
    if signature is None:
        return part
    bound = evolve(signature, upstream=vendor)
    if isinstance(part, ToolCallPart):
        return ToolCallPart(evolve(part.tool_call, signature=bound))
    return evolve(part, signature=bound) if isinstance(part, ThinkingPart | TextPart | ImagePart) else part


def opaque_in(signature: Signature) -> dict[str, Any]:
    """What ``sign`` was given; empty for a value that this codec did not write."""
    try:
        return an_object(parse(signature.value.encode()))
    except (NotJson, UnicodeEncodeError):
        return {}


def may_go_back(signature: Signature, encoding: Encoding) -> bool:
    """Whether this request may carry it: made here and, behind a router, by the vendor that is asked now."""
    if not signature.belongs_to(encoding.provider, WIRE):
        return False
    return signature.upstream is None or signature.upstream == upstream_of(encoding.model_id)


def detail_of(part: ThinkingPart, encoding: Encoding) -> dict[str, Any] | None:
    """The detail, or the chunk, this part was made from; ``None`` for unsigned and foreign parts."""
    if part.signature is None or not may_go_back(part.signature, encoding):
        return None
    detail = opaque_in(part.signature)
    if not detail:
        return None
    if is_chunk(detail):
        return {**chunk_of(part.text), **detail}
    key = _readable_key(detail.get("type"))
    if key and isinstance(detail.get(key), str):
        detail[key] = part.text
    return detail


def chunk_of(text: str) -> dict[str, Any]:
    """Reasoning as an item of a content list."""
    return {"type": _CHUNK, "thinking": [{"type": "text", "text": text}]}


def is_chunk(detail: dict[str, Any]) -> bool:
    """Whether ``detail_of`` gave an item of the content list, not of ``reasoning_details``."""
    return detail.get("type") == _CHUNK


def extra_signature(holder: dict[str, Any], provider: ProviderId) -> Signature | None:
    """Gemini's thought signature on its OpenAI side, as it stands in a tool call or a message."""
    extra = holder.get("extra_content")
    if not isinstance(extra, dict):
        return None
    return sign(extra, provider) if an_object(extra.get("google")).get("thought_signature") else None


def _readable_key(kind: object) -> str | None:
    for name, key in _READABLE:
        if kind == name:
            return key
    return None
