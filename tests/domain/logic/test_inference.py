"""What follows from facts by rules: sound, complete, the same in any order, bounded, and explained."""

from collections.abc import Iterable
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.logic.facts import Rule, Words, fact_of, is_variable, words_of
from provider_runtime.domain.logic.inference import Conclusions, Proof, derive, proof_of

THINGS = ("a", "b", "c")
facts = st.tuples(st.sampled_from(("p", "q", "r")), *[st.sampled_from(THINGS)] * 2)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Rules of up to three sentences over few words, so that they meet."""
    word = st.sampled_from((*THINGS, "?x", "?y", "?z"))
    premises = draw(st.lists(st.tuples(st.sampled_from(("p", "q", "r")), word, word), min_size=1, max_size=3))
    bound = [one for premise in premises for one in premise if is_variable(one)]
    ends = st.sampled_from((*THINGS, *bound))
    conclusion = draw(st.tuples(st.sampled_from(("p", "q", "r")), ends, ends))
    return Rule(condition=" & ".join(map(" ".join, premises)), conclusion=" ".join(conclusion))


def by_trying_everything(given_facts: Iterable[Words], all_rules: Iterable[Rule]) -> set[Words]:
    """The fixpoint, by every assignment of every thing to every variable."""
    known = set(given_facts)
    while True:
        more = set[Words]()
        for rule in all_rules:
            names = sorted({word for premise in rule.premises for word in premise if is_variable(word)})
            for values in product(THINGS, repeat=len(names)):
                bound = dict(zip(names, values, strict=True))
                if all(tuple(bound.get(word, word) for word in premise) in known for premise in rule.premises):
                    more.add(tuple(bound.get(word, word) for word in rule.consequence))
        if more <= known:
            return known
        known |= more


def check(proof: Proof, given_facts: set[Words]) -> None:
    """Each step of a proof is an instance of its rule."""
    if proof.rule is None:
        assert words_of(proof.fact) in given_facts
        return
    bound: dict[str, str] = {}
    for pattern, reason in zip(proof.rule.premises, proof.because, strict=True):
        for word, value in zip(pattern, words_of(reason.fact), strict=True):
            assert bound.setdefault(word, value) == value if is_variable(word) else word == value
        check(reason, given_facts)
    assert tuple(bound.get(word, word) for word in proof.rule.consequence) == words_of(proof.fact)


@given(known=st.lists(facts, max_size=5), all_rules=st.lists(rules(), max_size=4), data=st.data())
def test_it_finds_what_trying_everything_finds_in_any_order_and_can_say_why(
    known: list[Words], all_rules: list[Rule], data: st.DataObject
) -> None:
    expected = by_trying_everything(known, all_rules)
    derived = derive(known, all_rules)
    assert derived.complete
    assert set(derived.reasons) == expected - set(known)
    shuffled = derive(data.draw(st.permutations(known)), data.draw(st.permutations(all_rules)))
    assert set(shuffled.reasons) == set(derived.reasons)
    for fact in expected:
        proof = proof_of(fact, known, derived)
        assert proof is not None
        check(proof, set(known))


@given(known=st.lists(facts, max_size=5), all_rules=st.lists(rules(), max_size=4), most=st.integers(1, 12))
def test_a_bound_is_kept_and_what_is_found_within_it_is_true(
    known: list[Words], all_rules: list[Rule], most: int
) -> None:
    expected, bounded = by_trying_everything(known, all_rules), derive(known, all_rules, most=most)
    assert set(bounded.reasons) <= expected
    assert len(bounded.facts) <= max(0, most - len(set(known)))
    assert bounded.complete == (len(set(known)) + len(bounded.facts) == len(expected))


def test_a_long_chain_is_followed_to_its_end_and_explained() -> None:
    length = 300
    known = [fact_of(f"n{number} leads to n{number + 1}") for number in range(length)] + [fact_of("n0 is lit")]
    rule = Rule(condition="?a is lit & ?a leads to ?b", conclusion="?b is lit")
    derived = derive(known, [rule])
    assert len(derived.facts) == length
    proof, depth = proof_of(fact_of(f"n{length} is lit"), known, derived), 0
    while proof is not None and proof.because:
        proof, depth = proof.because[0], depth + 1
    assert depth == length


def test_a_phrase_in_quotes_is_one_word() -> None:
    derived = derive(
        [fact_of('"new york" is in america')], [Rule(condition="?x is in ?y", conclusion="?y is around ?x")]
    )
    assert derived.facts == ('america is around "new york"',)


def test_sentences_of_other_lengths_do_not_match() -> None:
    derived: Conclusions = derive([fact_of("a b"), fact_of("a b c d")], [Rule(condition="a ?x c", conclusion="yes")])
    assert derived.facts == ()
