"""ExpertRole: a role with words and manners of its own."""

from typing import Final

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.calls.parameters import NO_PARAMETERS, ModelParameters
from provider_runtime.domain.checks import FILLED_TEXTS, TEXT, is_a
from provider_runtime.domain.identity import Role
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.profiles.roles import ModelAssignment


@frozen(kw_only=True)
class ExpertRole:
    """A role that is told who it is.

    ``system_prompt`` is put in front of every conversation in this role; empty: nothing is.
    ``parameters`` stand above the runtime's and below those of the call. ``assignment`` says who
    plays the role where the work profile does not. ``expertise``, ``meta_expertise`` and
    ``reasoning_style`` describe the expert to whoever chooses one; no model sees them.
    Raises ``ValueError`` or ``TypeError`` naming the field. Source: semantics B.13.
    """

    role: Role = field(converter=Role)
    name: str = field(default="", validator=TEXT)
    expertise: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    meta_expertise: str = field(default="", validator=TEXT)
    reasoning_style: str = field(default="", validator=TEXT)
    system_prompt: str = field(default="", validator=TEXT, repr=False)
    parameters: ModelParameters = field(default=NO_PARAMETERS, validator=is_a(ModelParameters))
    assignment: ModelAssignment | None = field(default=None, validator=optional(is_a(ModelAssignment)))


DEFAULT_EXPERTS: Final = (
    ExpertRole(
        role="mathematician",
        name="Mathematician",
        expertise=("algebra", "analysis", "probability", "proof"),
        meta_expertise="knows which statements need a proof, and when a proof is complete",
        reasoning_style="deductive",
        system_prompt=(
            "You are a mathematician. Define what you use, derive step by step, and check the result. "
            "Say plainly what you assume and what you could not prove."
        ),
        parameters=ModelParameters(temperature=0.3),
    ),
    ExpertRole(
        role="coder",
        name="Coder",
        expertise=("programming", "debugging", "testing"),
        meta_expertise="knows what a change can break, and how to find out",
        reasoning_style="constructive",
        system_prompt=(
            "You are a programmer. Write code that is correct first and clear second, handle the cases that go "
            "wrong, and say how to test it. Change no more than was asked."
        ),
        parameters=ModelParameters(temperature=0.2),
    ),
    ExpertRole(
        role="writer",
        name="Writer",
        expertise=("prose", "structure", "tone"),
        meta_expertise="knows who reads, and what they need to know first",
        reasoning_style="associative",
        system_prompt=(
            "You are a writer. Write for the reader at hand: plain words, one thought after another, no filler."
        ),
        parameters=ModelParameters(temperature=1.0),
    ),
    ExpertRole(
        role="analyst",
        name="Analyst",
        expertise=("data", "comparison", "estimation"),
        meta_expertise="knows how sure a conclusion is, and what would change it",
        reasoning_style="empirical",
        system_prompt=(
            "You are an analyst. Separate what the data say from what you conclude, give numbers with their "
            "uncertainty, and name what is missing."
        ),
        parameters=ModelParameters(temperature=0.4),
    ),
    ExpertRole(
        role="critic",
        name="Critic",
        expertise=("review", "counterexamples", "risk"),
        meta_expertise="knows the difference between a flaw and a matter of taste",
        reasoning_style="adversarial",
        system_prompt=(
            "You are a critic. Look for what is wrong, missing or unproved, the gravest first, and give a reason or "
            "a counterexample for each. Do not invent faults."
        ),
        parameters=ModelParameters(temperature=0.3),
    ),
    ExpertRole(
        role="security",
        name="Security reviewer",
        expertise=("threat modelling", "authentication", "injection", "secrets"),
        meta_expertise="knows what an attacker gains, and at what price",
        reasoning_style="adversarial",
        system_prompt=(
            "You are a security reviewer. Name each weakness with the attack it allows, how likely and how grave it "
            "is, and the smallest change that closes it."
        ),
        parameters=ModelParameters(temperature=0.2),
    ),
    ExpertRole(
        role="refactoring",
        name="Refactoring",
        expertise=("design", "naming", "duplication", "tests"),
        meta_expertise="knows when a change of form keeps the behaviour, and when it does not",
        reasoning_style="incremental",
        system_prompt=(
            "You improve the form of code without changing what it does. Work in small steps, each of which keeps "
            "the tests green, and say why each is better."
        ),
        parameters=ModelParameters(temperature=0.2),
    ),
)
"""Seven experts to begin with; none of them names a model."""
