"""What generateContent insists on in a conversation: two roles, results right after their calls, signatures."""

from typing import Any, Final

from provider_runtime.testing.sandbox.stamps import Stamps
from provider_runtime.testing.sandbox.traffic import Refused

SCOPE: Final = "gemini"
FOREIGN_CALL: Final = "skip_thought_signature_validator"
_KINDS: Final = frozenset({"text", "inlineData", "fileData", "functionCall", "functionResponse"})
_BESIDE: Final = frozenset({"thought", "thoughtSignature", "mediaResolution"})


def _bad(message: str) -> Refused:
    return Refused(message, kind="INVALID_ARGUMENT")


def check_system(body: dict[str, Any]) -> None:
    """The system instruction, apart from the conversation."""
    system = body.get("systemInstruction")
    if system is None:
        return
    parts = system.get("parts") if isinstance(system, dict) else None
    if not parts or not all(isinstance(part.get("text"), str) for part in parts):
        raise _bad("system_instruction: must have parts of text")


def check_contents(body: dict[str, Any], stamps: Stamps, *, signed_calls: bool) -> None:
    """The conversation. Signatures must be those of ``stamps``; ``signed_calls``: none may be missing."""
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise _bad("* GenerateContentRequest.contents: contents is not specified")
    open_calls: list[dict[str, Any]] = []
    for number, content in enumerate(contents):
        role = content.get("role", "user")
        if role not in {"user", "model"}:
            raise _bad("Please use a valid role: user, model.")
        parts = content.get("parts")
        if not parts:
            raise _bad(f"* GenerateContentRequest.contents[{number}].parts: contents.parts must not be empty.")
        for part in parts:
            _check_part(part, role, f"contents[{number}].parts", stamps)
        _check_results([part["functionResponse"] for part in parts if "functionResponse" in part], open_calls)
        open_calls = [part["functionCall"] for part in parts if "functionCall" in part]
        first = next((part for part in parts if "functionCall" in part), None)
        if signed_calls and first is not None and "thoughtSignature" not in first:
            name = first["functionCall"]["name"]
            raise _bad(f"Function call `{name}` in the `{number}.` content block is missing a `thought_signature`.")


def _check_part(part: Any, role: str, place: str, stamps: Stamps) -> None:
    kinds = part.keys() & _KINDS
    unknown = part.keys() - _KINDS - _BESIDE
    if unknown:
        raise _bad(f"Invalid JSON payload received. Unknown name \"{min(unknown)}\" at '{place}'")
    if len(kinds) != 1 and not (not kinds and "thoughtSignature" in part):
        raise _bad(f"{place}: required oneof field 'data' must have one initialized field")
    if "functionCall" in part and (role != "model" or not isinstance(part["functionCall"].get("args", {}), dict)):
        raise _bad("Please ensure that function call turn comes immediately after a user turn, with object args.")
    if "functionResponse" in part and role != "user":
        raise _bad("Please ensure that function response turn comes immediately after a function call turn.")
    signature = part.get("thoughtSignature")
    if signature is not None and signature != FOREIGN_CALL and stamps.opened(SCOPE, signature) is None:
        raise _bad("Thought signature is not valid.")


def _check_results(results: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    if len(results) != len(calls):
        raise _bad(
            "Please ensure that the number of function response parts is equal to the number of function call parts "
            "of the function call turn."
        )
    for call, result in zip(calls, results, strict=True):
        if not isinstance(result.get("response"), dict):
            raise _bad("function_response.response: must be an object")
        if (call["name"], call.get("id")) != (result.get("name"), result.get("id")):
            raise _bad("function_response: name and id must be those of the function call")
        pointer = _pointer(result["response"])
        if pointer is not None:
            raise _bad(
                f"The referenced name `{pointer}` in function_response.response does not match to a display_name in "
                "the function_response.parts."
            )


def _pointer(value: Any) -> str | None:
    if isinstance(value, dict):
        if "$ref" in value:
            return str(value["$ref"])
        value = list(value.values())
    if isinstance(value, list):
        return next((found for found in map(_pointer, value) if found is not None), None)
    return None
