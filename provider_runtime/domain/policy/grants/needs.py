"""Which capabilities a call of a model takes: a small vocabulary that stays as it is.

================ ===============================================================
``model.call``   every call
``model.cloud``  a call whose provider is in the cloud
``provider.ID``  a call of the provider with this id: ``provider.openai``
``tools.offer``  a call that offers tools to the model
``media.send``   a call that sends images, documents or audio
================ ===============================================================
"""

from typing import Final

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    ContentPart,
    DocumentPart,
    ImagePart,
    ToolResultPart,
    ToolResultParts,
)
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.identity import ProviderId

MODEL_CALL: Final = "model.call"
MODEL_CLOUD: Final = "model.cloud"
TOOLS_OFFER: Final = "tools.offer"
MEDIA_SEND: Final = "media.send"


def provider_cap(provider_id: str) -> str:
    """The capability to call this provider."""
    return f"provider.{provider_id}"


def caps_of_any_call(provider_id: ProviderId, tier: Tier) -> tuple[str, ...]:
    """What every call to this provider takes."""
    caps = (MODEL_CALL, provider_cap(provider_id))
    return caps if tier is Tier.LOCAL else (*caps, MODEL_CLOUD)


def caps_needed(request: ProviderRequest, of_any_call: tuple[str, ...]) -> tuple[str, ...]:
    """What this call takes: all of it, or it is not made. ``of_any_call``: what all calls to its provider do."""
    if not request.tools and request.texts_alone:
        return of_any_call
    caps = [*of_any_call]
    if request.tools:
        caps.append(TOOLS_OFFER)
    if not request.texts_alone:
        others = (message for message in request.messages if message.plain_text is None)
        if any(_is_media(part) for message in others for part in message.content):
            caps.append(MEDIA_SEND)
    return tuple(caps)


def _is_media(part: ContentPart) -> bool:
    if isinstance(part, ToolResultPart):
        content = part.tool_result.content
        return isinstance(content, ToolResultParts) and any(map(_is_media, content.parts))
    return isinstance(part, ImagePart | DocumentPart | AudioPart)
