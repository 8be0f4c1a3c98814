"""What an answer costs: the rule is looked up once for a model, and what it says never changes by that."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PriceRule, PricingTable, estimate_cost
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.stages import a_prepared_call
from provider_runtime.testing.strategies.catalog import honest_usages, price_rules

ASKED, DATED, SENTENCE = "gpt", "gpt-2026-01-31", "the customer said: sell everything"
FAKE, OTHER = ProviderId("fake"), ProviderId("other")
ROUTED = a_prepared_call(a_request(model=ASKED), adapter=FakeAdapter(FAKE)).routed
NAMES = ROUTED.provider.config.catalog_names


def worst_cases(*rules: PriceRule) -> WorstCases:
    return WorstCases(catalog=ActiveCatalog(ModelCatalog()), prices=PricingTable(rules=rules, version="v1"))


@given(
    rules=st.lists(price_rules(), min_size=3, max_size=3),
    answers=st.lists(
        st.tuples(st.sampled_from([ASKED, DATED, SENTENCE, ""]), st.sampled_from([FAKE, OTHER]), honest_usages()),
        min_size=1,
        max_size=6,
    ),
)
def test_it_is_the_same_as_by_the_table(rules: list[PriceRule], answers: list[tuple[str, ProviderId, Usage]]) -> None:
    whose = ((FAKE, ASKED), (FAKE, f"{ASKED}-2026*"), (OTHER, "*"))
    prices = worst_cases(
        *(evolve(rule, provider=p, model_pattern=m) for rule, (p, m) in zip(rules, whose, strict=True))
    )
    for model, provider, usage in (*answers, *answers):
        response = a_response(provider=provider, model=model, usage=usage)
        by_the_table = estimate_cost(prices.prices, provider, model, usage, ASKED, also_as=NAMES)
        assert prices.estimate(response, ROUTED) == by_the_table


def test_what_is_no_name_of_a_model_is_priced_and_not_kept() -> None:
    rule = PriceRule(provider=FAKE, model_pattern=ASKED, input_cost_per_token=1, output_cost_per_token=2)
    prices = worst_cases(rule)
    for model in (SENTENCE, DATED):
        cost, _ = prices.estimate(a_response(model=model, usage=Usage(input_tokens=1, output_tokens=1)), ROUTED)
        assert cost is not None
        assert cost.total_cost == 3
    assert [answered for _, _, _, answered in prices._rules] == [DATED]
