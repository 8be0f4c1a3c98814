"""Redaction: secrets masked in the request itself, before the bytes are made that everybody judges."""

from attrs import define, evolve, field, frozen

from provider_runtime.application.call import RoutedCall
from provider_runtime.application.gates.leakage import stays_on_this_machine
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import (
    ContentPart,
    MediaPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResult,
    ToolResultContent,
    ToolResultJson,
    ToolResultPart,
    ToolResultParts,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.json_values import JsonObject, JsonValue
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import LeakScanner


def redaction_for(policy: LeakagePolicy, scanner: LeakScanner) -> "Redaction | None":
    """The redaction that ``policy`` wants, if any."""
    return Redaction(scanner=scanner, policy=policy) if policy.redacts else None


@frozen(kw_only=True)
class Redaction:
    """Masks what policy wants masked in the words of a request: texts, tool calls and their results.

    So the bytes that are consented to, judged, sent and recorded are the redacted ones. What it does
    not touch (names, schemas, signed reasoning) and what cannot be masked to the letter is left to the
    gate, which refuses it.
    """

    scanner: LeakScanner
    policy: LeakagePolicy

    def applied(self, request: ProviderRequest, routed: RoutedCall) -> tuple[ProviderRequest, tuple[CallWarning, ...]]:
        """The request without what has to be masked, and a warning for each kind; the same one if there is nothing."""
        if self.policy.local_exempt and stays_on_this_machine(routed.provider.config):
            return request, ()
        credential = routed.call.terms.options.credential
        masking = _Masking(
            scanner=self.scanner, kinds=self.policy.redacts, secrets=() if credential is None else (credential,)
        )
        messages = tuple(masking.message(message) for message in request.messages)
        if not masking.done:
            return request, ()
        counts = {kind: masking.done.count(kind) for kind in sorted(set(masking.done))}
        return evolve(request, messages=messages), tuple(
            warn(WarningCode.SECRET_REDACTED, f"masked before sending: {kind.value}, {count} in all")
            for kind, count in counts.items()
        )


@define
class _Masking:
    """One request on its way through the scanner; ``done`` are the kinds of all that was masked."""

    scanner: LeakScanner
    kinds: frozenset[FindingKind]
    secrets: tuple[Secret, ...] = field(repr=False)
    done: list[FindingKind] = field(factory=list)

    def text(self, text: str) -> str:
        masked = self.scanner.masked(text, self.kinds, self.secrets)
        self.done += masked.kinds
        return masked.text

    def message(self, message: Message) -> Message:
        before = len(self.done)
        content = tuple(self.part(part) for part in message.content)
        return evolve(message, content=content) if len(self.done) > before else message

    def part(self, part: ContentPart) -> ContentPart:
        match part:
            case TextPart() | RefusalPart():
                return evolve(part, text=self.text(part.text))
            case ToolCallPart(tool_call=call):
                return ToolCallPart(evolve(call, arguments_json=self.json(call.arguments_json)))
            case ToolResultPart(tool_result=result):
                return evolve(part, tool_result=self.result(result))
        return part

    def result(self, result: ToolResult) -> ToolResult:
        raw = self.json(result.raw_provider_content)
        return evolve(result, content=self.content(result.content), raw_provider_content=raw)

    def content(self, content: ToolResultContent) -> ToolResultContent:
        match content:
            case ToolResultText(text=text):
                return ToolResultText(self.text(text))
            case ToolResultJson(value=value):
                return ToolResultJson(self.json(value))
            case ToolResultParts(parts=parts):
                return ToolResultParts(tuple(self.media(part) for part in parts))

    def media(self, part: MediaPart) -> MediaPart:
        return evolve(part, text=self.text(part.text)) if isinstance(part, TextPart) else part

    def json(self, value: JsonValue, name: str = "") -> JsonValue:
        """The value with the texts in it masked, each judged beside the name it stands under."""
        if isinstance(value, str):
            return self.named(value, name)
        if isinstance(value, tuple):
            return tuple(self.json(item, name) for item in value)
        if isinstance(value, JsonObject):
            return JsonObject([(key, self.json(item, key)) for key, item in value.items()])
        return value

    def named(self, text: str, name: str) -> str:
        alone = self.text(text)
        if alone != text or not name:
            return alone
        lead = f'"{name}": "'
        beside = self.text(f'{lead}{text}"')
        return beside[len(lead) : -1] if beside.startswith(lead) and beside.endswith('"') else text
