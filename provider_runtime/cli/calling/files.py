"""Files as parts of a message: pictures, documents, recordings by their media type; anything else as text."""

import mimetypes
from pathlib import Path
from typing import Final

from provider_runtime.cli.failures import usage_error
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    InlineData,
    MediaPart,
    TextPart,
)

MOST_FILES: Final = 20
LARGEST: Final = 20 * 1024 * 1024
MOST_BYTES: Final = 32 * 1024 * 1024
# The first bytes say it where a name says nothing, or says wrong.
_SHAPES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_ALSO_CALLED: Final = {"audio/x-wav": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/mp4a-latm": "audio/mp4"}


def parts_of(paths: tuple[Path, ...]) -> tuple[MediaPart, ...]:
    """The files as parts, in their order. Leaves with a usage error for what cannot be sent."""
    if len(paths) > MOST_FILES:
        usage_error(f"at most {MOST_FILES} files go with one call")
    left = MOST_BYTES
    parts: list[MediaPart] = []
    for path in paths:
        content = _content(path)
        left -= len(content)
        if left < 0:
            usage_error(f"the files come to more than {MOST_BYTES // 1024**2} MiB together")
        parts.append(part_of(path.name, content))
    return tuple(parts)


def part_of(name: str, content: bytes) -> MediaPart:
    """The file called ``name`` as a part. What is neither known media nor text is refused with a usage error."""
    media_type = media_type_of(name, content)
    kind = media_type.partition("/")[0]
    source = InlineData(media_type=media_type, data=content)
    if kind == "image":
        return ImagePart(source=source)
    if kind == "audio":
        return AudioPart(source=source)
    if media_type == "application/pdf":
        return DocumentPart(source=source, name=name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None or "\x00" in text:
        usage_error(f"{name} is neither a picture, a PDF, a recording nor text, but {media_type}")
    return TextPart(f"{name}:\n\n{text}")


def media_type_of(name: str, content: bytes) -> str:
    """By the first bytes, and where they say nothing by the name."""
    for shape, media_type in _SHAPES:
        if content.startswith(shape):
            return media_type
    if content[:4] == b"RIFF" and (found := _RIFF.get(content[8:12])):
        return found
    guessed = mimetypes.guess_type(name, strict=True)[0] or "application/octet-stream"
    return _ALSO_CALLED.get(guessed, guessed)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as failure:
        usage_error(f"cannot read {path}: {failure.strerror}")
    if len(content) > LARGEST:
        usage_error(f"{path} is larger than {LARGEST // 1024**2} MiB")
    return content or usage_error(f"{path} is empty")
