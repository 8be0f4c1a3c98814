"""Masking: labels in the place of secrets, where their place is known to the letter."""

from provider_runtime.adapters.leakage.hits import Hit
from provider_runtime.adapters.leakage.text_search import TextSearch
from provider_runtime.adapters.leakage.views import view_of
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.ports.leakage import MaskedText


def masked(search: TextSearch, text: str, kinds: frozenset[FindingKind]) -> MaskedText:
    """``text`` with a label in place of each hit of these kinds.

    A text that has to be read in another form than it is written (full-width letters, characters
    that cannot be seen) is left as it is: nobody wants the rest of it rewritten, and the gate
    refuses what is left in it.
    """
    if not view_of(text).faithful:
        return MaskedText(text)
    hits = [hit for hit in search.hits(text, 10_000) if hit.kind in kinds]
    if not hits:
        return MaskedText(text)
    pieces: list[str] = []
    done: list[FindingKind] = []
    end = len(text)
    for hit in reversed(_widest(hits)):
        pieces += (text[hit.end : end], f"[redacted: {hit.source or hit.kind.value}]")
        done.append(hit.kind)
        end = hit.start
    pieces.append(text[:end])
    return MaskedText("".join(reversed(pieces)), tuple(reversed(done)))


def _widest(hits: list[Hit]) -> list[Hit]:
    """The hits in order, those that lie in or across another one made part of it."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if kept and hit.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(kept[-1].end, hit.end))
        else:
            kept.append(hit)
    return kept
