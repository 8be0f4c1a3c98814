"""What follows from facts by rules: a fixpoint, reached from what is new alone, with a reason for each step."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, field, frozen

from provider_runtime.domain.logic.facts import Rule, Words, is_variable

MOST_FACTS: Final = 100_000

Binding = Mapping[str, str]


@frozen(kw_only=True)
class Reason:
    """Why a derived fact holds: the rule, and the facts that met its condition, in its order."""

    rule: Rule
    premises: tuple[Words, ...]


@frozen(kw_only=True)
class Conclusions:
    """What follows, each fact once, in the order it was found; asserted facts are not among them.

    ``complete``: that is all. Otherwise the bound was met, and more may follow.
    """

    facts: tuple[str, ...]
    complete: bool
    reasons: Mapping[Words, Reason] = field(repr=False, eq=False)


@frozen(kw_only=True)
class Proof:
    """Why a fact holds. ``rule`` is ``None`` for what was asserted; else ``because`` proves its condition."""

    fact: str
    rule: Rule | None = None
    because: "tuple[Proof, ...]" = field(default=(), repr=False)


@define
class _Index:
    """Facts by length, and by each word in its place, so that a match looks at few."""

    _by_length: dict[int, list[Words]] = field(factory=dict)
    _by_word: dict[tuple[int, int, str], list[Words]] = field(factory=dict)

    def add(self, fact: Words) -> None:
        size = len(fact)
        self._by_length.setdefault(size, []).append(fact)
        for place, word in enumerate(fact):
            self._by_word.setdefault((size, place, word), []).append(fact)

    def candidates(self, premise: Words, binding: Binding) -> "list[Words]":
        """The facts that may match; the shortest list that some known word gives."""
        size = len(premise)
        known = [(size, place, binding.get(word, word)) for place, word in enumerate(premise)]
        lists = [self._by_word.get(one, []) for one in known if not is_variable(one[2])]
        return min(lists, key=len) if lists else self._by_length.get(size, [])


def derive(facts: Iterable[Words], rules: Iterable[Rule], *, most: int = MOST_FACTS) -> Conclusions:
    """Everything that follows from ``facts``; at most ``most`` facts, the given ones counted.

    Semi-naive: in each round one premise is met by a fact of the round before, so what old facts
    come to is not worked out again. Ends, since words are never made, only moved.
    """
    given = tuple(dict.fromkeys(facts))
    all_rules, known, reasons = tuple(rules), _Index(), dict[Words, Reason]()
    seen, new = set(given), list(given)
    while new:
        fresh = _Index()
        for fact in new:
            known.add(fact)
            fresh.add(fact)
        found: list[Words] = []
        for rule, binding, premises in _matches(all_rules, known, fresh):
            fact = tuple(binding.get(word, word) for word in rule.consequence)
            if fact in seen:
                continue
            if len(seen) >= most:
                return _conclusions(reasons, complete=False)
            seen.add(fact)
            found.append(fact)
            reasons[fact] = Reason(rule=rule, premises=premises)
        new = found
    return _conclusions(reasons, complete=True)


def proof_of(fact: Words, given: Iterable[Words], conclusions: Conclusions) -> Proof | None:
    """Why ``fact`` holds; ``None`` when it is neither given nor among the conclusions.

    Built from the leaves, not by recursion: a proof may be long. What is used twice is one object.
    """
    asserted, made = set(given), dict[Words, Proof]()
    waiting = [fact]
    while waiting:
        current = waiting[-1]
        if current in made:
            waiting.pop()
            continue
        if current in asserted:
            made[current] = Proof(fact=" ".join(current))
            continue
        reason = conclusions.reasons.get(current)
        if reason is None:
            return None
        missing = [premise for premise in reason.premises if premise not in made]
        if missing:
            waiting.extend(missing)
            continue
        because = tuple(made[premise] for premise in reason.premises)
        made[current] = Proof(fact=" ".join(current), rule=reason.rule, because=because)
    return made[fact]


def _conclusions(reasons: Mapping[Words, Reason], *, complete: bool) -> Conclusions:
    return Conclusions(facts=tuple(" ".join(fact) for fact in reasons), complete=complete, reasons=reasons)


def _matches(
    rules: tuple[Rule, ...], known: _Index, fresh: _Index
) -> Iterator[tuple[Rule, Binding, tuple[Words, ...]]]:
    for rule in rules:
        for place in range(len(rule.premises)):
            for binding, premises in _met(rule.premises, place, known, fresh):
                yield rule, binding, premises


def _met(
    premises: tuple[Words, ...], place: int, known: _Index, fresh: _Index
) -> Iterator[tuple[Binding, tuple[Words, ...]]]:
    """Each way to meet the premises, the one at ``place`` by a fresh fact, which is looked at first."""
    order = [place, *(number for number in range(len(premises)) if number != place)]
    waiting: list[tuple[int, Binding, dict[int, Words]]] = [(0, {}, {})]
    while waiting:
        depth, binding, met = waiting.pop()
        if depth == len(order):
            yield binding, tuple(met[number] for number in range(len(premises)))
            continue
        number = order[depth]
        index = fresh if depth == 0 else known
        for fact in index.candidates(premises[number], binding):
            more = _matched(premises[number], fact, binding)
            if more is not None:
                waiting.append((depth + 1, more, {**met, number: fact}))


def _matched(premise: Words, fact: Words, binding: Binding) -> Binding | None:
    bound = dict(binding)
    for word, value in zip(premise, fact, strict=True):
        if is_variable(word):
            if bound.setdefault(word, value) != value:
                return None
        elif word != value:
            return None
    return bound
