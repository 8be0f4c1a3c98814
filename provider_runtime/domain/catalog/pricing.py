"""What a call costs: price rules, the choice between them, and exact estimates in US dollars.

Nothing here is a float, and nothing depends on the decimal context of the thread.
Source: specification, "Canonical types" and "Providers, routing, catalog, prices"; semantics A.6.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Context, Decimal
from functools import cached_property
from itertools import pairwise
from math import ceil, gcd
from types import MappingProxyType
from typing import Final, TypeAlias

from attrs import Attribute, field, frozen

from provider_runtime.domain.catalog.patterns import PatternIndex
from provider_runtime.domain.checks import FILLED, OPTIONAL_TEXT, all_are, whole
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.usage import CostBreakdown, Usage, costing
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import tuple_of

_LARGEST: Final = 2**53 - 1  # receipts and ledgers are JSON, whose whole numbers are the same up to here
_DEAREST: Final = Decimal(10) ** 6  # a million dollars for one token is a mistake, not a price
# Wide enough that no product or sum of believable figures is ever rounded; if one is, then upwards.
_EXACT: Final = Context(prec=80, rounding=ROUND_CEILING)
_add: Final = _EXACT.add
_multiply: Final = _EXACT.multiply
_scale: Final = _EXACT.scaleb
_NANO: Final = Decimal(9)
_PLACES: Final = Decimal(40)  # no rate has more; of one that has, the next larger one counts
_PARTS: Final = 10**31  # so many of the fortieth place make a nano-dollar

Estimate: TypeAlias = tuple[CostBreakdown | None, tuple[CallWarning, ...]]


def _money(value: Decimal | int | str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"a price is a Decimal, or a whole number or text to make one of, not {type(value).__name__}")
    try:
        return Decimal(value)
    except ArithmeticError:
        raise ValueError("a price must be a decimal number") from None


def _optional_money(value: Decimal | int | str | None) -> Decimal | None:
    return None if value is None else _money(value)


@frozen(kw_only=True)
class TokenRates:
    """What tokens cost, in US dollars for one token.

    Tokens without a rate of their own are priced as what they are a part of: cached input, cache
    writes and audio as input, reasoning and audio as output, long-lived cache writes as cache
    writes. Any ``Decimal`` can stand here; whether it can be a price is judged by ``are_sound``.
    """

    input_cost_per_token: Decimal = field(converter=_money)
    output_cost_per_token: Decimal = field(converter=_money)
    cached_input_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)
    cache_write_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)
    cache_write_1h_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)
    reasoning_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)
    input_audio_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)
    output_audio_cost_per_token: Decimal | None = field(default=None, converter=_optional_money)

    @cached_property
    def dearest_input(self) -> Decimal:
        """The most that an input token can cost."""
        return _dearest(
            self.input_cost_per_token,
            self.cached_input_cost_per_token,
            self.cache_write_cost_per_token,
            self.cache_write_1h_cost_per_token,
            self.input_audio_cost_per_token,
        )

    @cached_property
    def dearest_output(self) -> Decimal:
        """The most that an output token can cost."""
        return _dearest(self.output_cost_per_token, self.reasoning_cost_per_token, self.output_audio_cost_per_token)

    @property
    def are_sound(self) -> bool:
        """Whether every rate can be a price: a finite number, not negative, not beyond belief."""
        return _are_prices(
            self.input_cost_per_token,
            self.output_cost_per_token,
            self.cached_input_cost_per_token,
            self.cache_write_cost_per_token,
            self.cache_write_1h_cost_per_token,
            self.reasoning_cost_per_token,
            self.input_audio_cost_per_token,
            self.output_audio_cost_per_token,
        )


@frozen(kw_only=True)
class PriceTier(TokenRates):
    """The rates of a whole request that has more than ``above_input_tokens`` input tokens.

    A tier stands alone: what it leaves out is not taken from the rates below it.
    """

    above_input_tokens: int = field(validator=whole(1))


@frozen(kw_only=True)
class PriceRule(TokenRates):
    """What the models of ``provider`` that match ``model_pattern`` cost.

    A pattern is a model id, or the beginning of model ids followed by ``*``; a ``*`` elsewhere
    is an ordinary letter. ``tiers`` begin at ever more input tokens. ``cost_per_request`` comes on
    top of the tokens of each call.
    """

    provider: ProviderId = field(converter=ProviderId)
    model_pattern: str = field(validator=FILLED)
    cost_per_request: Decimal | None = field(default=None, converter=_optional_money)
    tiers: tuple[PriceTier, ...] = field(default=(), converter=tuple_of, validator=all_are(PriceTier))

    @tiers.validator
    def _ascend(self, _attribute: "Attribute[tuple[PriceTier, ...]]", tiers: tuple[PriceTier, ...]) -> None:
        begins = [tier.above_input_tokens for tier in tiers]
        if any(lower >= upper for lower, upper in pairwise(begins)):
            raise ValueError("tiers: each must begin at more input tokens than the one before")

    @cached_property
    def is_sound(self) -> bool:
        """Whether every amount in the rule can be a price."""
        return self.are_sound and _are_prices(self.cost_per_request) and all(tier.are_sound for tier in self.tiers)

    def rates_for(self, input_tokens: int) -> TokenRates:
        """The rates of a request with that many input tokens: those of the highest tier it reaches."""
        rates: TokenRates = self
        for tier in self.tiers:
            if input_tokens > tier.above_input_tokens:
                rates = tier
        return rates

    def dearest_within(self, input_tokens: int) -> tuple[Decimal, Decimal]:
        """The most that a token in and a token out can cost, in requests of up to so many input tokens."""
        reachable = [self, *(tier for tier in self.tiers if input_tokens > tier.above_input_tokens)]
        return max(rates.dearest_input for rates in reachable), max(rates.dearest_output for rates in reachable)

    def worst_nano_usd(self, input_tokens: int, output_tokens: int) -> int | None:
        """``in_nano_usd`` of the total of ``worst_case_cost``; ``None`` for a rule that is not sound."""
        for above, parts, a_token_in, a_token_out, fee in self._ceilings:
            if input_tokens > above:
                return min(_LARGEST, -((a_token_in * input_tokens + a_token_out * output_tokens + fee) // -parts))
        return None

    @cached_property
    def _ceilings(self) -> tuple[tuple[int, ...], ...]:
        """From so many input tokens on: parts of a nano-dollar, and the most of them for a token in, one out, a fee."""
        if not self.is_sound:
            return ()
        ceilings: list[tuple[int, ...]] = []
        for above in (-1, *(tier.above_input_tokens for tier in self.tiers)):
            amounts = (*self.dearest_within(above + 1), self.cost_per_request or Decimal(0))
            whole_numbers = _PARTS, *(ceil(_scale(amount, _PLACES)) for amount in amounts)
            common = gcd(*whole_numbers)
            ceilings.insert(0, (above, *(number // common for number in whole_numbers)))
        return tuple(ceilings)


@frozen(kw_only=True)
class PricingTable:
    """Price rules, and where they come from. ``version`` is named in every cost estimated by them."""

    rules: tuple[PriceRule, ...] = field(
        default=(), converter=tuple_of, validator=all_are(PriceRule), repr=lambda rules: f"<{len(rules)}>"
    )
    version: str | None = field(default=None, validator=OPTIONAL_TEXT)
    source: str | None = field(default=None, validator=OPTIONAL_TEXT)

    def rule_for(self, provider: ProviderId, model: str) -> PriceRule | None:
        """The rule for a model id, compared with upper and lower case apart.

        An exact pattern beats every wildcard, among wildcards the longest wins, and of equal
        patterns the first. Takes the same time however many rules there are.
        """
        patterns = self._patterns.get(provider)
        return None if patterns is None else patterns.match(model)

    def rule_among(self, names: Iterable[ProviderId], models: Iterable[str]) -> PriceRule | None:
        """The rule of the first name that has one for any of ``models``, the earlier models first."""
        tried = tuple(models)
        for name in names:
            patterns = self._patterns.get(name)
            if patterns is not None:
                for model in tried:
                    rule = patterns.match(model)
                    if rule is not None:
                        return rule
        return None

    @cached_property
    def _patterns(self) -> Mapping[ProviderId, PatternIndex[PriceRule]]:
        # Made on first use and kept with the table, so that runtimes which share one share this.
        rules: dict[ProviderId, list[tuple[str, PriceRule]]] = {}
        for rule in self.rules:
            rules.setdefault(rule.provider, []).append((rule.model_pattern, rule))
        return MappingProxyType({provider: PatternIndex.of(patterns) for provider, patterns in rules.items()})


_NO_RULE: Final = (None, (warn(WarningCode.PRICING_MISSING_RULE, "the price table has no rule for this model"),))


def estimate_cost(
    table: PricingTable,
    provider: ProviderId,
    model: str,
    usage: Usage,
    fallback_model: str | None = None,
    *,
    also_as: Iterable[ProviderId] = (),
) -> Estimate:
    """What ``usage`` costs by the table, and the reservations about that; never raises.

    ``model`` is what the provider says answered; a rule for ``fallback_model``, what was asked
    for, is used where ``model`` has none. ``also_as`` are the providers whose prices this one has
    where it has none of its own. The cost is ``None`` where no rule or no count tells it.
    """
    rule = table.rule_among((provider, *also_as), (model,) if fallback_model is None else (model, fallback_model))
    return estimate_by(rule, usage, table.version)


def estimate_by(rule: PriceRule | None, usage: Usage, version: str | None) -> Estimate:
    """``estimate_cost`` by the rule that was found in the table of that version."""
    if rule is None:
        return _NO_RULE
    if not rule.is_sound:
        return None, (warn(WarningCode.PRICING_INVALID_RULE, "the price rule for this model holds an impossible rate"),)
    asked, answered, reasoning = usage.input_tokens, usage.output_tokens, usage.reasoning_tokens
    warnings: tuple[CallWarning, ...] = ()
    if asked is None or answered is None:
        if asked is None and answered is None and reasoning is None:
            return None, (warn(WarningCode.PRICING_MISSING_USAGE, "the provider reported no token counts to price"),)
        side = "input" if asked is None else "output"
        warnings = (warn(WarningCode.PRICING_PARTIAL_USAGE, f"the provider did not report all {side} tokens"),)
        # A whole that is missing is at least its parts.
        asked = _least_input(usage) if asked is None else asked
        answered = (reasoning or 0) if answered is None else answered
    rates = rule.rates_for(asked)
    if reasoning and rates.reasoning_cost_per_token is None:
        # Reasoning is a part of the output here, so nothing goes unpriced; but the table does not
        # say that this provider bills it like any output, and the estimate supposes so.
        told = warn(WarningCode.PRICING_PARTIAL_REASONING_RATE, "no rate for reasoning: it is priced as output")
        warnings = (*warnings, told)
    return _priced(rule, rates, usage, asked, answered, version), warnings


def worst_case_cost(
    table: PricingTable,
    provider: ProviderId,
    model: str,
    input_tokens_bound: int,
    max_output_tokens: int,
    *,
    also_as: Iterable[ProviderId] = (),
) -> CostBreakdown | None:
    """The most that a call within these bounds can cost: every token at the dearest rate it can meet.

    ``None`` where the table has no sound rule for the model. No estimate for usage within the
    bounds is above this, as long as the model that answers has the same rule.
    """
    rule = table.rule_among((provider, *also_as), (model,))
    if rule is None or not rule.is_sound:
        return None
    input_rate, output_rate = rule.dearest_within(input_tokens_bound)
    input_cost = _multiply(input_rate, input_tokens_bound)
    output_cost = _multiply(output_rate, max_output_tokens)
    total, fee = _add(input_cost, output_cost), rule.cost_per_request
    total = total if fee is None else _add(total, fee)
    return costing(input_cost, output_cost, total, None, None, None, fee, table.version)


def in_nano_usd(amount: Decimal) -> int:
    """Dollars in billionths of a dollar, rounded up: money is never under-counted. At most what JSON can carry."""
    return min(_LARGEST, ceil(_scale(amount, _NANO)))


def _priced(
    rule: PriceRule, rates: TokenRates, usage: Usage, input_tokens: int, output_tokens: int, version: str | None
) -> CostBreakdown:
    # Each part is taken out of what is left of its whole, the dearest first: parts that overlap
    # (audio that was cached) or exceed their whole are never priced twice.
    heard = spoken = cached = writes = reasoning = None
    if usage.input_audio_tokens:
        heard, input_tokens = _part(rates.input_audio_cost_per_token, usage.input_audio_tokens, input_tokens)
    if usage.cache_write_tokens or usage.cache_write_1h_tokens:
        writes, input_tokens = _cache_writes(rates, usage, input_tokens)
    if usage.cached_input_tokens:
        cached, input_tokens = _part(rates.cached_input_cost_per_token, usage.cached_input_tokens, input_tokens)
    if usage.output_audio_tokens:
        spoken, output_tokens = _part(rates.output_audio_cost_per_token, usage.output_audio_tokens, output_tokens)
    if usage.reasoning_tokens:
        reasoning, output_tokens = _part(rates.reasoning_cost_per_token, usage.reasoning_tokens, output_tokens)
    input_cost = _multiply(rates.input_cost_per_token, input_tokens)
    if heard is not None:
        input_cost = _add(input_cost, heard)
    output_cost = _multiply(rates.output_cost_per_token, output_tokens)
    if spoken is not None:
        output_cost = _add(output_cost, spoken)
    total, fee = _add(input_cost, output_cost), rule.cost_per_request
    if cached is not None:
        total = _add(total, cached)
    if writes is not None:
        total = _add(total, writes)
    if reasoning is not None:
        total = _add(total, reasoning)
    total = total if fee is None else _add(total, fee)
    return costing(input_cost, output_cost, total, cached, writes, reasoning, fee, version)


def _part(rate: Decimal | None, count: int, left: int) -> tuple[Decimal | None, int]:
    """What a part costs that has a rate of its own, ``None`` where it has none, and what is left of the whole."""
    if rate is None:
        return None, left
    taken = min(count, left)
    return _multiply(rate, taken), left - taken


def _cache_writes(rates: TokenRates, usage: Usage, left: int) -> tuple[Decimal | None, int]:
    """``_part`` for cache writes, those kept for an hour first: they are a part of all writes."""
    every, kept_1h = usage.cache_write_tokens or 0, usage.cache_write_1h_tokens or 0
    short_rate, long_rate = rates.cache_write_cost_per_token, rates.cache_write_1h_cost_per_token
    long = short = None
    if kept_1h:
        long, left = _part(short_rate if long_rate is None else long_rate, kept_1h, left)
    if every > kept_1h:
        short, left = _part(short_rate, every - kept_1h, left)
    if long is None or short is None:
        return (short if long is None else long), left
    return _add(long, short), left


def _least_input(usage: Usage) -> int:
    written = max(usage.cache_write_tokens or 0, usage.cache_write_1h_tokens or 0)
    return max((usage.cached_input_tokens or 0) + written, usage.input_audio_tokens or 0)


def _dearest(*rates: Decimal | None) -> Decimal:
    return max(rate for rate in rates if rate is not None)


def _are_prices(*amounts: Decimal | None) -> bool:
    # Finite first: comparing NaN would raise.
    return all(amount is None or (amount.is_finite() and 0 <= amount <= _DEAREST) for amount in amounts)
