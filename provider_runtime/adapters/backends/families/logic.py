"""MemoryLogicProvider: facts and rules in this process, and what follows from them."""

from attrs import define, field

from provider_runtime.domain.checks import whole
from provider_runtime.domain.logic.facts import Rule, Words, fact_of
from provider_runtime.domain.logic.inference import MOST_FACTS, Conclusions, Proof, derive, proof_of


@define(kw_only=True, slots=False)
class MemoryLogicProvider:
    """Facts and rules in memory. See ``LogicProvider``. Derives at most ``max_facts``, the asserted ones counted.

    What follows is derived when it is asked for, and again only after something new was said.
    """

    max_facts: int = field(default=MOST_FACTS, validator=whole(1))
    _facts: dict[Words, str] = field(factory=dict, init=False, repr=False)
    _rules: list[Rule] = field(factory=list, init=False, repr=False)
    _derived: Conclusions | None = field(default=None, init=False, repr=False)

    def assert_fact(self, fact: str) -> None:
        words = fact_of(fact)
        if words not in self._facts:
            self._facts[words] = fact
            self._derived = None

    def add_rule(self, condition: str, conclusion: str) -> None:
        self._rules.append(Rule(condition=condition, conclusion=conclusion))
        self._derived = None

    def get_facts(self) -> tuple[str, ...]:
        return tuple(self._facts.values())

    def get_rules(self) -> tuple[Rule, ...]:
        return tuple(self._rules)

    def clear(self) -> None:
        self._facts.clear()
        self._rules.clear()
        self._derived = None

    def count(self) -> int:
        return len(self._facts)

    def derive(self) -> Conclusions:
        if self._derived is None:
            self._derived = derive(self._facts, self._rules, most=self.max_facts)
        return self._derived

    def explain(self, fact: str) -> Proof | None:
        return proof_of(fact_of(fact), self._facts, self.derive())
