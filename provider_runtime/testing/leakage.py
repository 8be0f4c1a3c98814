"""FakeLeakScanner: a guard against leaks that says what a test wants."""

from collections.abc import Awaitable, Callable

from attrs import define, field

from provider_runtime.domain.policy.leakage.findings import Finding, FindingKind, Place
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import LeakScanner, MaskedText, OutboundContent


@define(kw_only=True)
class FakeLeakScanner(LeakScanner):
    """Finds the words in ``forbidden``, and the secrets of the call, as they are written and in no other way.

    ``instead`` is asked in its place, where a test wants a scanner that breaks. ``looked_at`` is what
    it was given so far.
    """

    forbidden: tuple[str, ...] = ()
    kind: FindingKind = FindingKind.CUSTOM
    instead: Callable[[OutboundContent], Awaitable[tuple[Finding, ...]]] | None = None
    looked_at: list[OutboundContent] = field(factory=list, init=False)

    async def scan(self, content: OutboundContent) -> tuple[Finding, ...]:
        self.looked_at.append(content)
        if self.instead is not None:
            return await self.instead(content)
        texts: tuple[tuple[str, str], ...] = (("body", content.body.decode()), ("url", content.url))
        texts += tuple((f"headers.{name}", value) for name, value in content.headers.items())
        words = (*self.forbidden, *(secret.reveal() for secret in content.secrets))
        return tuple(
            Finding(kind=self.kind, where=Place(path=path, start=0, end=len(text.encode())))
            for path, text in texts
            for word in words
            if word in text
        )

    def masked(self, text: str, kinds: frozenset[FindingKind], secrets: tuple[Secret, ...] = ()) -> MaskedText:
        done: list[FindingKind] = []
        for word in (*self.forbidden, *(secret.reveal() for secret in secrets)):
            if self.kind in kinds and word in text:
                done += [self.kind] * text.count(word)
                text = text.replace(word, "[redacted]")
        return MaskedText(text, tuple(done))
