"""Where in a body something was found: the path of the text that holds it, and its bytes."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from provider_runtime.domain.policy.leakage.findings import Place

BODY: Final = "body"
_DECODER: Final = msgspec.json.Decoder()
_DEEPEST: Final = 200

# Names that wires give to their fields. Others may be a user's words, and are shown as `*`.
_FIELDS: Final = frozenset(
    "model messages message content contents text system instructions input output prompt role parts part tools tool"  # noqa: SIM905 - a list of words
    " tool_calls tool_choice tool_result tool_use function functions arguments args name description parameters"
    " properties required items schema json_schema response_format type id call_id tool_call_id metadata stop"
    " stop_sequences system_instruction systemInstruction functionCall functionResponse functionDeclarations response"
    " generationConfig generation_config responseSchema inlineData inline_data data source url image_url file file_data"
    " file_id filename title context citations thinking signature thinking_signature reasoning reasoning_content"
    " reasoning_details encrypted_content summary user options format keep_alive images input_schema cache_control"
    " refusal transcript audio input_audio video document image enum default extra_body provider transforms".split()
)


def leaves(body: bytes) -> Iterator[tuple[str, str, str]]:
    """Each text in a JSON body: its path, the name it stands under, and itself. Nothing for what is no JSON."""
    try:
        value = _DECODER.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return
    yield from _leaves(value, "", "", 0)


def _leaves(value: Any, path: str, name: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield path or BODY, name, value
    elif depth > _DEEPEST:
        return
    elif isinstance(value, dict):
        for key, inner in value.items():
            shown = key if key in _FIELDS else "*"
            yield from _leaves(inner, f"{path}.{shown}" if path else shown, key, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]", name, depth + 1)


def place_of(body: bytes, path: str, text: str) -> Place:
    """The place of a text of the body, quotes included; the whole body where it is written in some other way."""
    written = msgspec.json.encode(text)
    start = body.find(written)
    if start < 0:
        return Place(path=path, start=0, end=len(body))
    return Place(path=path, start=start, end=start + len(written))
