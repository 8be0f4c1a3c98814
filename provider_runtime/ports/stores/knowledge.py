"""LogicProvider and ExpertProvider: what is known, and who knows how."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.logic.facts import Rule
from provider_runtime.domain.logic.inference import Conclusions, Proof
from provider_runtime.domain.profiles.experts import ExpertRole


@runtime_checkable
class LogicProvider(Protocol):
    """Keeps facts and rules, and derives what follows.

    A fact is a sentence; two that differ in nothing but space are one. In the condition and the
    conclusion of a rule ``?name`` stands for one word, or for a phrase in double quotes, and `` & ``
    joins the sentences of a condition. Raises ``ValueError`` for what is no fact or no rule.
    Source: specification, "Records and stores"; semantics B.9.
    """

    def assert_fact(self, fact: str) -> None:
        """``fact`` holds. A fact that is already known changes nothing."""
        ...

    def add_rule(self, condition: str, conclusion: str) -> None:
        """Whenever ``condition`` holds, ``conclusion`` does."""
        ...

    def get_facts(self) -> tuple[str, ...]:
        """What was asserted, in that order; not what follows."""
        ...

    def get_rules(self) -> tuple[Rule, ...]:
        """The rules, in the order they were added."""
        ...

    def clear(self) -> None:
        """Forget facts and rules."""
        ...

    def count(self) -> int:
        """How many facts were asserted."""
        ...

    def derive(self) -> Conclusions:
        """Everything that follows, as far as the bound allows; ``complete`` says whether that is all."""
        ...

    def explain(self, fact: str) -> Proof | None:
        """Why ``fact`` holds, down to what was asserted; ``None`` when it does not follow."""
        ...


@runtime_checkable
class ExpertProvider(Protocol):
    """Knows the roles of experts. Source: semantics B.13."""

    def register_role(self, expert: ExpertRole) -> None:
        """``expert`` plays its role from now on, whoever did so before."""
        ...

    def get_role(self, role: str) -> ExpertRole | None:
        """Who plays ``role``, or ``None``."""
        ...

    def list_roles(self) -> tuple[ExpertRole, ...]:
        """Every expert, in the order they were registered."""
        ...
