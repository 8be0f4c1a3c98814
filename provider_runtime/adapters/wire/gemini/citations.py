"""What an answer is grounded on, as citations of its text parts."""

from typing import Any, Final

from provider_runtime.adapters.wire.reading import a_count, a_list, an_object, filled, objects
from provider_runtime.domain.conversation.parts import Citation

_CHUNKS: Final = ("web", "retrievedContext", "maps", "image")


def citations_of(candidate: dict[str, Any], parts: list[Any]) -> dict[int, list[Citation]]:
    """The citations of each text, by the index of its part among ``parts``.

    Grounding names pieces of text and the sources of each; sources without a piece belong to the
    last text. ``citationMetadata`` names what was recited. Offsets come in bytes and leave in
    characters.
    """
    spoken = [
        number
        for number, part in enumerate(parts)
        if isinstance(part, dict) and isinstance(part.get("text"), str) and part.get("thought") is not True
    ]
    cited: dict[int, list[Citation]] = {}
    if not spoken:
        return cited
    grounding = an_object(candidate.get("groundingMetadata"))
    chunks = a_list(grounding.get("groundingChunks"))
    pointed = False
    for support in objects(grounding.get("groundingSupports")):
        segment = an_object(support.get("segment"))
        wanted = a_count(segment.get("partIndex")) or 0  # 0 is left out
        number = wanted if wanted in spoken else spoken[0]
        for index in a_list(support.get("groundingChunkIndices")):
            place = a_count(index)
            if place is not None and place < len(chunks):
                pointed = True
                cited.setdefault(number, []).append(_grounded(chunks[place], segment, parts[number]["text"]))
    if not pointed:
        last = [_grounded(chunk, {}, "") for chunk in chunks]
        if last:
            cited[spoken[-1]] = last
    recited = an_object(candidate.get("citationMetadata"))
    for source in objects(recited.get("citationSources") or recited.get("citations")):
        first = spoken[0]
        start, end = _characters(source, parts[first]["text"])
        cited.setdefault(first, []).append(
            Citation(url=filled(source.get("uri")), title=filled(source.get("title")), start_index=start, end_index=end)
        )
    return cited


def _grounded(chunk: object, segment: dict[str, Any], text: str) -> Citation:
    held = an_object(chunk)
    source = next((an_object(held[kind]) for kind in _CHUNKS if kind in held), {})
    start, end = _characters(segment, text) if segment else (None, None)
    return Citation(
        url=filled(source.get("uri")) or filled(source.get("sourceUri")),
        title=filled(source.get("title")),
        cited_text=filled(source.get("text")),
        start_index=start,
        end_index=end,
    )


def _characters(segment: dict[str, Any], text: str) -> tuple[int | None, int | None]:
    """Where a piece of ``text`` begins and ends. A start of 0 is left out by the API."""
    end = a_count(segment.get("endIndex"))
    if end is None:
        return None, None
    start = a_count(segment.get("startIndex")) or 0
    if text.isascii():
        return start, end
    raw = text.encode(errors="replace")
    return len(raw[:start].decode(errors="ignore")), len(raw[:end].decode(errors="ignore"))
