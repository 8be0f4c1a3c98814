"""The gates under their contract."""

import pytest

from provider_runtime.adapters.governance.consents import MemoryConsentLedger
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import LocalGovernanceProvider
from provider_runtime.adapters.governance.security import LocalSecurityProvider
from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.budgets.spending import Spending
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.subjects import Subjects
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.budget import BudgetGate
from provider_runtime.application.gates.capability import CapabilityGate
from provider_runtime.application.gates.consent import ConsentGate
from provider_runtime.application.gates.endpoint import EndpointGate
from provider_runtime.application.gates.grants import GrantsGate
from provider_runtime.application.gates.not_configured import NotConfigured
from provider_runtime.application.gates.tier import TierGate
from provider_runtime.domain.catalog.models import ModelCatalog, ModelInfo
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.limits import Amount, Budget
from provider_runtime.domain.policy.consent.decisions import SignedReceipt
from provider_runtime.domain.policy.consent.reading import receipt_text
from provider_runtime.domain.policy.consent.verdicts import Trust
from provider_runtime.domain.policy.governance import ConsentRule, GovernanceMode, GovernancePolicy, Unless
from provider_runtime.domain.policy.grants.capability import Capability, Constraints
from provider_runtime.domain.policy.grants.profiles import AIRGAP
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.consents import a_question, a_receipt
from provider_runtime.testing.contracts.gates import GateContract
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock
from provider_runtime.testing.stages import a_prepared_call

_SAID = "What is the weather in Bonn?"
_UNPRICED = WorstCases(catalog=ActiveCatalog(ModelCatalog()))


class TestCapabilityGate(GateContract):
    @pytest.fixture
    def gate(self) -> Gate:
        toolless = ModelInfo(provider="fake", model_id="toolless", supports_tools=False)
        return CapabilityGate(catalog=ActiveCatalog(ModelCatalog(models=(toolless,))))

    @pytest.fixture
    def name(self) -> str:
        return "capability"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID, model="unlisted", tools=(a_tool(),)))

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID, model="toolless", tools=(a_tool(),)))


class TestTierGate(GateContract):
    @pytest.fixture(params=[{"cloud_allowed": False}, {"mode": GovernanceMode.LOCKED}])
    def gate(self, request: pytest.FixtureRequest) -> Gate:
        return TierGate(policy=GovernancePolicy(**request.param))

    @pytest.fixture
    def name(self) -> str:
        return "tier"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.LOCAL, base_url="http://127.0.0.1:8000")

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.CLOUD)


class TestEndpointGate(GateContract):
    @pytest.fixture
    def gate(self) -> Gate:
        return EndpointGate()

    @pytest.fixture
    def name(self) -> str:
        return "endpoint"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), base_url="https://api.openai.com")

    @pytest.fixture(params=["http://169.254.169.254", "https://user:pass@api.openai.com", "file:///etc/passwd"])
    def forbidden(self, request: pytest.FixtureRequest) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), base_url=request.param)


class TestAGateThatNothingWasSetUpFor(GateContract):
    """It demands a judgement of cloud calls only."""

    @pytest.fixture(params=["consent", "leakage"])
    def name(self, request: pytest.FixtureRequest) -> str:
        gate: str = request.param
        return gate

    @pytest.fixture
    def gate(self, name: str) -> Gate:
        policy = GovernancePolicy(consent=ConsentRule.CLOUD, unclassified=Unless.DENY)
        return NotConfigured(gate=name, policy=policy, needs="part that judges")

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.LOCAL, base_url="http://127.0.0.1:8000")

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.CLOUD)


class TestBudgetGate(GateContract):
    @pytest.fixture
    def gate(self) -> Gate:
        return BudgetGate(
            spending=Spending(
                runtime=RuntimeId("rt_1"),
                ledger=MemoryBudgetLedger(),
                budgets=(Budget(name="tokens", limit=Amount.tokens(100_000)),),
                clock=FrozenClock(),
                worst_cases=_UNPRICED,
            )
        )

    @pytest.fixture
    def name(self) -> str:
        return "budget"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID, max_output_tokens=10))

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID, max_output_tokens=100_000))


class TestGrantsGate(GateContract):
    @pytest.fixture(params=["by a profile", "by grants"])
    def gate(self, request: pytest.FixtureRequest) -> Gate:
        if request.param == "by a profile":
            return GrantsGate(security=LocalSecurityProvider(), governance=LocalGovernanceProvider(profile=AIRGAP))
        limited = Capability(type="model.call", constraints=Constraints(max_calls=2))
        return GrantsGate(security=LocalSecurityProvider(caps=["provider.fake"], capabilities=[limited]))

    @pytest.fixture
    def name(self) -> str:
        return "grants"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.LOCAL, base_url="http://127.0.0.1:8000")

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID), tier=Tier.CLOUD)


class TestConsentGate(GateContract):
    """There is a consent to one call, and it is good for one use."""

    @pytest.fixture
    async def gate(self, allowed: PreparedCall) -> Gate:  # type: ignore[override]  # it is asked for consent first
        clock, randomness, ledger = FrozenClock(), FixedRandomness(), MemoryConsentLedger(clock=FrozenClock())
        subjects = Subjects(runtime=RuntimeId("desk"), policy_version="1", worst_cases=_UNPRICED)
        guard = ConsentGuard(ledger=ledger, trust=Trust(unsigned=True), clock=clock, randomness=randomness)
        question = await ledger.ask(a_question(subjects.of(allowed)))
        signed = SignedReceipt(text=receipt_text(a_receipt(question)))
        await ledger.decide(question.request_id, signed)
        return ConsentGate(guard=guard, subjects=subjects, rule=ConsentRule.CLOUD)

    @pytest.fixture
    def name(self) -> str:
        return "consent"

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        return a_prepared_call(a_request(_SAID))

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(f"{_SAID} And in Cologne?"))
