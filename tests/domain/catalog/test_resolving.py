"""Which provider serves a model, and the route to it."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.catalog.merging import provider_order
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.resolving import (
    CatalogIndex,
    RouteRule,
    resolve_model_provider,
    route,
)
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import (
    AmbiguousModelRoute,
    ModelNotFound,
    ProviderHintMismatch,
    ProviderNotRegistered,
    RoutingError,
)
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, ProviderId
from provider_runtime.testing.strategies import provider_ids
from provider_runtime.testing.strategies.catalog import catalogs, model_ids

ACME = ProviderId("acme")
EVERYBODY = frozenset({OPENAI, ANTHROPIC, OPENROUTER, ACME})


def listing(*entries: tuple[ProviderId, str]) -> CatalogIndex:
    return CatalogIndex(ModelCatalog(models=[ModelInfo(provider=who, model_id=what) for who, what in entries]))


def outcome(
    asked: ModelRef, registered: frozenset[ProviderId], catalog: CatalogIndex, default: ProviderId | None
) -> ProviderId | type[RoutingError]:
    try:
        return route(asked, registered, catalog, default_provider=default).provider_id
    except RoutingError as error:
        return type(error)


ONE_EACH = listing((OPENAI, "gpt"), (ANTHROPIC, "claude"), (ACME, "both"), (OPENAI, "both"))


class TestTheIndex:
    @given(catalog=catalogs(), provider=provider_ids(), model_id=model_ids())
    def test_finds_the_first_entry_as_a_search_would(
        self, catalog: ModelCatalog, provider: ProviderId, model_id: str
    ) -> None:
        asked = [(provider, model_id), *((model.provider, model.model_id) for model in catalog.models)]
        for key in asked:
            entries = [model for model in catalog.models if (model.provider, model.model_id) == key]
            assert CatalogIndex(catalog).find(*key) == (entries[0] if entries else None)

    @given(catalog=catalogs(), model_id=model_ids())
    def test_names_everybody_who_lists_a_model_in_provider_order(self, catalog: ModelCatalog, model_id: str) -> None:
        for asked in (model_id, *(model.model_id for model in catalog.models)):
            listed = {model.provider for model in catalog.models if model.model_id == asked}
            assert CatalogIndex(catalog).providers_of(asked) == tuple(sorted(listed, key=provider_order))

    def test_takes_a_vendor_prefix_and_the_case_of_letters_as_they_are(self) -> None:
        index = listing((OPENROUTER, "openai/gpt"))
        assert index.providers_of("openai/gpt") == (OPENROUTER,)
        assert index.providers_of("gpt") == ()
        assert index.providers_of("openai/GPT") == ()

    def test_is_made_once_for_all_who_share_a_catalog(self) -> None:
        catalog = ONE_EACH.catalog
        assert CatalogIndex(catalog).catalog.by_model_id is CatalogIndex(catalog).catalog.by_model_id


class TestResolving:
    def test_one_provider_lists_the_model(self) -> None:
        assert resolve_model_provider(ONE_EACH, "gpt") == OPENAI
        assert resolve_model_provider(ONE_EACH, "gpt", OPENAI) == OPENAI

    def test_one_provider_lists_the_model_and_the_hint_names_another(self) -> None:
        with pytest.raises(ProviderHintMismatch) as raised:
            resolve_model_provider(ONE_EACH, "gpt", ANTHROPIC)
        assert (raised.value.provider_hint, raised.value.resolved) == (ANTHROPIC, OPENAI)

    def test_nobody_lists_the_model(self) -> None:
        for hint in (None, OPENAI):
            with pytest.raises(ModelNotFound):
                resolve_model_provider(ONE_EACH, "nope", hint)

    def test_several_list_the_model_and_the_hint_chooses(self) -> None:
        assert resolve_model_provider(ONE_EACH, "both", ACME) == ACME
        assert resolve_model_provider(ONE_EACH, "both", OPENAI) == OPENAI

    @pytest.mark.parametrize("hint", [None, ANTHROPIC])
    def test_several_list_the_model_and_no_hint_chooses(self, hint: ProviderId | None) -> None:
        with pytest.raises(AmbiguousModelRoute) as raised:
            resolve_model_provider(ONE_EACH, "both", hint)
        assert set(raised.value.candidates) == {OPENAI, ACME}
        assert "openai:both, acme:both" in raised.value.remedy


class TestPrecedence:
    def test_a_hint_beats_the_catalog_and_the_default(self) -> None:
        found = route(ModelRef(model_id="gpt", provider_hint=ACME), EVERYBODY, ONE_EACH, default_provider=ANTHROPIC)
        assert (found.provider_id, found.model_id, found.rule) == (ACME, "gpt", RouteRule.HINT)

    def test_the_catalog_beats_the_default(self) -> None:
        found = route(ModelRef(model_id="gpt"), EVERYBODY, ONE_EACH, default_provider=ANTHROPIC)
        assert (found.provider_id, found.rule) == (OPENAI, RouteRule.CATALOG)

    def test_the_default_takes_a_model_that_nobody_lists(self) -> None:
        found = route(ModelRef(model_id="new"), EVERYBODY, ONE_EACH, default_provider=ANTHROPIC)
        assert (found.provider_id, found.model_id, found.rule) == (ANTHROPIC, "new", RouteRule.DEFAULT)

    def test_without_any_of_them_the_model_is_not_found(self) -> None:
        with pytest.raises(ModelNotFound):
            route(ModelRef(model_id="new"), EVERYBODY, ONE_EACH)

    def test_a_default_does_not_settle_an_ambiguous_model(self) -> None:
        with pytest.raises(AmbiguousModelRoute):
            route(ModelRef(model_id="both"), EVERYBODY, ONE_EACH, default_provider=OPENAI)

    def test_a_hint_settles_an_ambiguous_model(self) -> None:
        found = route(ModelRef(model_id="both", provider_hint=ACME), EVERYBODY, ONE_EACH)
        assert found.provider_id == ACME

    @pytest.mark.parametrize(
        ("model", "default", "missing"),
        [
            (ModelRef(model_id="gpt", provider_hint=ACME), OPENAI, ACME),
            (ModelRef(model_id="gpt"), ANTHROPIC, OPENAI),
            (ModelRef(model_id="new"), ACME, ACME),
        ],
    )
    def test_a_rule_that_names_a_stranger_is_an_error_and_no_later_rule_is_tried(
        self, model: ModelRef, default: ProviderId, missing: ProviderId
    ) -> None:
        with pytest.raises(ProviderNotRegistered) as raised:
            route(model, EVERYBODY - {missing}, ONE_EACH, default_provider=default)
        assert raised.value.provider == missing

    @given(
        catalog=catalogs(),
        model_id=model_ids(),
        hint=st.none() | provider_ids(),
        default=st.none() | provider_ids(),
        registered=st.frozensets(provider_ids()),
    )
    def test_the_first_rule_with_something_to_say_decides(
        self,
        catalog: ModelCatalog,
        model_id: str,
        hint: ProviderId | None,
        default: ProviderId | None,
        registered: frozenset[ProviderId],
    ) -> None:
        index = CatalogIndex(catalog)
        listed = index.providers_of(model_id)
        asked = ModelRef(model_id=model_id, provider_hint=hint)
        said = [who for who in (hint, *(listed[:1] if hint is None else ()), default) if who is not None]
        expected: ProviderId | type[RoutingError]
        if hint is None and len(listed) > 1:
            expected = AmbiguousModelRoute
        elif not said:
            expected = ModelNotFound
        else:
            expected = said[0] if said[0] in registered else ProviderNotRegistered
        assert outcome(asked, registered, index, default) == expected

    @given(catalog=catalogs(), hint=provider_ids(), model_id=model_ids())
    def test_a_hinted_route_is_the_same_whatever_the_catalog_says(
        self, catalog: ModelCatalog, hint: ProviderId, model_id: str
    ) -> None:
        asked = ModelRef(model_id=model_id, provider_hint=hint)
        found = route(asked, {hint}, CatalogIndex(catalog))
        assert evolve(found, listed=()) == route(asked, {hint}, listing())


class TestTheWayOut:
    def test_an_unknown_model_is_told_its_nearest_names(self) -> None:
        index = listing((OPENAI, "gpt-5-mini"), (OPENAI, "gpt-5-nano"), (ANTHROPIC, "claude-opus-5"))
        with pytest.raises(ModelNotFound, match="gpt-5-mini"):
            route(ModelRef(model_id="gpt5-mini"), EVERYBODY, index)

    def test_an_unknown_model_like_no_other_is_told_none(self) -> None:
        with pytest.raises(ModelNotFound) as raised:
            route(ModelRef(model_id="☃" * 100_000), EVERYBODY, ONE_EACH)
        assert "similar" not in raised.value.remedy

    def test_a_stranger_is_told_who_is_registered(self) -> None:
        with pytest.raises(ProviderNotRegistered, match="name one of: openai, anthropic, acme"):
            route(ModelRef(model_id="m", provider_hint=OPENROUTER), {ACME, ANTHROPIC, OPENAI}, ONE_EACH)
        with pytest.raises(ProviderNotRegistered, match="this runtime has none"):
            route(ModelRef(model_id="gpt"), (), ONE_EACH)

    def test_of_many_registered_providers_a_few_are_named(self) -> None:
        many = {ProviderId(f"p{number}") for number in range(100)}
        with pytest.raises(ProviderNotRegistered) as raised:
            route(ModelRef(model_id="gpt"), many, ONE_EACH)
        assert raised.value.remedy.endswith("and 95 more.")

    def test_a_route_says_what_each_rule_had_to_say(self) -> None:
        found = route(ModelRef(model_id="both", provider_hint=ACME), EVERYBODY, ONE_EACH, default_provider=ANTHROPIC)
        assert found.explanation == (
            "the request names acme; the catalog lists the model for openai, acme; the default provider is anthropic"
        )
        assert route(ModelRef(model_id="gpt"), EVERYBODY, ONE_EACH).explanation == (
            "the request names no provider; the catalog lists the model for openai; the default provider is not set"
        )
