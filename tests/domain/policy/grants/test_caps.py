"""Sets of capabilities: what grants what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.policy.grants.caps import CapSet, is_cap_name

WORDS = st.text("abcXY7_-", min_size=1, max_size=4).filter(lambda word: word[0].isalpha())
NAMES = st.builds(lambda domain, rest: ".".join((domain, *rest)), WORDS, st.lists(WORDS, max_size=3))
GRANTS = st.one_of(NAMES, WORDS.map(lambda domain: f"{domain}.*"), st.just("*"))


def plainly_grants(grants: list[str], cap: str) -> bool:
    """The rule as the source has it, word for word."""
    return "*" in grants or cap in grants or ("." in cap and f"{cap.split('.', maxsplit=1)[0]}.*" in grants)


@given(grants=st.lists(GRANTS, max_size=6), cap=NAMES)
def test_a_set_grants_what_the_rule_says(grants: list[str], cap: str) -> None:
    if any(name.startswith("cap.") for name in (*grants, cap)):
        return  # shown below
    assert CapSet(grants).grants(cap) == plainly_grants(grants, cap)


@given(grants=st.lists(GRANTS, max_size=6), more=GRANTS, cap=NAMES)
def test_more_grants_never_take_anything_back(grants: list[str], more: str, cap: str) -> None:
    assert not CapSet(grants).grants(cap) or CapSet([*grants, more]).grants(cap)


@given(grants=st.lists(GRANTS, max_size=6), cap=NAMES)
def test_core_names_mean_the_same_with_and_without_their_prefix(grants: list[str], cap: str) -> None:
    with_prefix = [f"cap.{name}" for name in grants]
    assert CapSet(with_prefix) == CapSet(grants)
    assert CapSet(grants).grants(f"cap.{cap}") == CapSet(grants).grants(cap)


@given(junk=st.one_of(st.text(max_size=12), st.none(), st.integers(), st.binary(max_size=4)))
def test_what_is_no_name_is_granted_to_nobody(junk: object) -> None:
    if not is_cap_name(junk):
        assert not CapSet(["*"]).grants(junk) or str(junk).startswith("cap.")  # type: ignore[arg-type]  # junk, on purpose


def test_a_domain_grants_what_is_in_it_and_nothing_else() -> None:
    caps = CapSet(["file.*"])
    assert caps.grants("file.read")
    assert caps.grants("file.read.deeply")
    assert not caps.grants("net.read")
    assert not caps.grants("file")
    assert not caps.grants("files.read")


def test_everything_is_everything_and_nothing_is_nothing() -> None:
    assert CapSet(["*"]).grants("anything.at.all")
    assert not CapSet([]).grants("eval")


def test_by_default_one_may_eval_apply_and_observe() -> None:
    assert list(CapSet()) == ["apply", "eval", "observe"]


@pytest.mark.parametrize(
    "trap", ["model.call.*", "*.read", "model.", ".read", "", "a b", "file.**", "file.re*d", "1.x"]
)
def test_what_could_only_mislead_is_refused(trap: str) -> None:
    with pytest.raises(ValueError, match=r"wildcard|capability"):
        CapSet([trap])


def test_one_name_is_not_several_letters() -> None:
    with pytest.raises(TypeError, match="list"):
        CapSet("eval")


def test_an_error_quotes_nothing_of_what_was_given() -> None:
    with pytest.raises(ValueError, match="capability") as refused:
        CapSet(["my secret words"])
    assert "secret" not in str(refused.value)
