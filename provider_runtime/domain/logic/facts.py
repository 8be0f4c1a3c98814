"""Facts and rules as people write them, and as sentences of words."""

import re
from typing import Final, TypeAlias

from attrs import field, frozen

Words: TypeAlias = tuple[str, ...]
"""A sentence, word by word. What stands in double quotes is one word, quotes and all."""

_WORD: Final = re.compile(r'"[^"]*"|[^\s"]+')
_JOIN: Final = "&"


def words_of(sentence: str) -> Words:
    """The words of ``sentence``. Raises ``ValueError`` when it has none, or a quote that is not closed."""
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence is text, not {type(sentence).__name__}")
    if sentence.count('"') % 2:
        raise ValueError("a quote in this sentence is not closed")
    words = tuple(_WORD.findall(sentence))
    if not words:
        raise ValueError("a sentence has at least one word")
    return words


def is_variable(word: str) -> bool:
    """Whether a word of a rule stands for another."""
    return len(word) > 1 and word.startswith("?")


def fact_of(sentence: str) -> Words:
    """The words of a fact. Raises ``ValueError`` when one of them is a variable or joins sentences."""
    words = words_of(sentence)
    if any(is_variable(word) or word == _JOIN for word in words):
        raise ValueError("a fact names no variable, and is one sentence")
    return words


@frozen(kw_only=True)
class Rule:
    """Whenever ``condition`` holds, ``conclusion`` does.

    Raises ``ValueError`` when the conclusion has a variable that the condition does not bind.
    """

    condition: str
    conclusion: str
    premises: tuple[Words, ...] = field(init=False, repr=False, eq=False)
    consequence: Words = field(init=False, repr=False, eq=False)

    @premises.default
    def _make_premises(self) -> tuple[Words, ...]:
        sentences: list[list[str]] = [[]]
        for word in words_of(self.condition):
            if word == _JOIN:
                sentences.append([])
            else:
                sentences[-1].append(word)
        if not all(sentences):
            raise ValueError("each sentence of a condition has at least one word")
        return tuple(tuple(sentence) for sentence in sentences)

    @consequence.default
    def _make_consequence(self) -> Words:
        words = words_of(self.conclusion)
        bound = {word for premise in self.premises for word in premise if is_variable(word)}
        if _JOIN in words:
            raise ValueError("a conclusion is one sentence")
        if any(is_variable(word) and word not in bound for word in words):
            raise ValueError("the conclusion names a variable that the condition does not")
        return words
