"""What every ``LogicProvider`` and every ``ExpertProvider`` promise."""

import pytest

from provider_runtime.domain.logic.inference import Proof
from provider_runtime.domain.profiles.experts import DEFAULT_EXPERTS, ExpertRole
from provider_runtime.ports.stores.knowledge import ExpertProvider, LogicProvider


class LogicProviderContract:
    """Subclass it, and give it a fixture ``logic``: an empty one."""

    @pytest.fixture
    def logic(self) -> LogicProvider:
        raise NotImplementedError

    def test_it_is_a_logic_provider(self, logic: LogicProvider) -> None:
        assert isinstance(logic, LogicProvider)

    def test_facts_and_rules_are_kept_in_order_and_a_fact_once(self, logic: LogicProvider) -> None:
        for fact in ("rain is wet", "ann knows bob", "rain  is\twet"):
            logic.assert_fact(fact)
        logic.add_rule("?x knows ?y", "?y is known")
        assert logic.get_facts() == ("rain is wet", "ann knows bob")
        assert logic.count() == 2
        assert [(rule.condition, rule.conclusion) for rule in logic.get_rules()] == [("?x knows ?y", "?y is known")]

    def test_clearing_leaves_neither_facts_nor_rules(self, logic: LogicProvider) -> None:
        logic.assert_fact("ann knows bob")
        logic.add_rule("?x knows ?y", "?y is known")
        logic.clear()
        assert (logic.count(), logic.get_facts(), logic.get_rules(), logic.derive().facts) == (0, (), (), ())

    def test_what_follows_is_derived_and_explained(self, logic: LogicProvider) -> None:
        logic.assert_fact("ann is a parent of bob")
        logic.assert_fact("bob is a parent of cleo")
        logic.add_rule("?x is a parent of ?y", "?x is an ancestor of ?y")
        logic.add_rule("?x is a parent of ?y & ?y is an ancestor of ?z", "?x is an ancestor of ?z")
        derived = logic.derive()
        assert derived.complete
        pairs = (("ann", "bob"), ("bob", "cleo"), ("ann", "cleo"))
        assert set(derived.facts) == {f"{one} is an ancestor of {other}" for one, other in pairs}
        proof = logic.explain("ann is an ancestor of cleo")
        assert proof is not None
        assert proof.rule == logic.get_rules()[1]
        assert [one.fact for one in proof.because] == ["ann is a parent of bob", "bob is an ancestor of cleo"]
        assert proof.because[1].because == (Proof(fact="bob is a parent of cleo"),)

    def test_what_was_said_later_counts(self, logic: LogicProvider) -> None:
        logic.add_rule("it rains", "the street is wet")
        assert logic.derive().facts == ()
        logic.assert_fact("it rains")
        assert logic.derive().facts == ("the street is wet",)
        logic.add_rule("the street is wet", "drive slowly")
        assert logic.derive().facts == ("the street is wet", "drive slowly")

    def test_what_was_asserted_needs_no_reason_and_what_does_not_follow_has_none(self, logic: LogicProvider) -> None:
        logic.assert_fact("it rains")
        logic.add_rule("it snows", "it rains")
        assert logic.explain("it  rains") == Proof(fact="it rains")
        assert logic.explain("it snows") is None

    @pytest.mark.parametrize("fact", ["", "  ", "?x is wet", "a & b", 'it is "open'])
    def test_what_is_no_fact_is_refused(self, logic: LogicProvider, fact: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            logic.assert_fact(fact)
        assert logic.count() == 0

    @pytest.mark.parametrize(
        ("condition", "conclusion"), [("", "a"), ("a", ""), ("a &", "b"), ("?x is", "?y is"), ("a", "b & c")]
    )
    def test_what_is_no_rule_is_refused(self, logic: LogicProvider, condition: str, conclusion: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            logic.add_rule(condition, conclusion)
        assert logic.get_rules() == ()


class ExpertProviderContract:
    """Subclass it, and give it a fixture ``experts``: one with the default roles."""

    @pytest.fixture
    def experts(self) -> ExpertProvider:
        raise NotImplementedError

    def test_it_is_an_expert_provider(self, experts: ExpertProvider) -> None:
        assert isinstance(experts, ExpertProvider)

    def test_it_begins_with_the_default_roles(self, experts: ExpertProvider) -> None:
        assert experts.list_roles() == DEFAULT_EXPERTS
        critic = experts.get_role("critic")
        assert critic is not None
        assert critic.parameters.temperature == 0.3

    def test_an_unknown_role_is_not_there(self, experts: ExpertProvider) -> None:
        assert experts.get_role("astronaut") is None

    def test_a_role_is_played_by_the_last_one_registered(self, experts: ExpertProvider) -> None:
        pilot, harsh = ExpertRole(role="pilot"), ExpertRole(role="critic", name="Harsh")
        experts.register_role(pilot)
        experts.register_role(harsh)
        assert experts.get_role("pilot") == pilot
        assert experts.get_role("critic") == harsh
        assert len(experts.list_roles()) == len(DEFAULT_EXPERTS) + 1
