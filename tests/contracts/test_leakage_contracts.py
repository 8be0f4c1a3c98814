"""The scanners and the guard under their contracts."""

import pytest

from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.leakage import LeakageGate
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import LeakScanner
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.contracts.gates import GateContract
from provider_runtime.testing.contracts.leakage import LeakScannerContract
from provider_runtime.testing.leakage import FakeLeakScanner
from provider_runtime.testing.stages import a_prepared_call

KEY = "ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"


class TestPatternLeakScanner(LeakScannerContract):
    @pytest.fixture(params=[1, 64 * 1024], ids=["in a thread", "at once"])
    def scanner(self, request: pytest.FixtureRequest) -> LeakScanner:
        return PatternLeakScanner(secrets=(Secret("runtime-Qw9e8r7t6y"),), most_inline=request.param)

    @pytest.fixture(params=[KEY, "runtime-Qw9e8r7t6y", "password=Xk7#mQ2!vB9z", "postgres://app:s3cReT77x@db/app"])
    def leak(self, request: pytest.FixtureRequest) -> str:
        text: str = request.param
        return text


class TestFakeLeakScanner(LeakScannerContract):
    @pytest.fixture
    def scanner(self) -> LeakScanner:
        return FakeLeakScanner(forbidden=("red-button",))

    @pytest.fixture
    def leak(self) -> str:
        return "red-button"


class TestLeakageGate(GateContract):
    @pytest.fixture
    def gate(self) -> Gate:
        return LeakageGate(scanner=PatternLeakScanner(), policy=LeakagePolicy(), governance=GovernancePolicy())

    @pytest.fixture
    def name(self) -> str:
        return "leakage"

    @pytest.fixture(params=["cloud", "local"])
    def allowed(self, request: pytest.FixtureRequest) -> PreparedCall:
        if request.param == "cloud":
            return a_prepared_call(a_request("What is the weather in Bonn?"))
        return a_prepared_call(a_request(f"my key: {KEY}"), tier=Tier.LOCAL, base_url="http://127.0.0.1:8000")

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        return a_prepared_call(a_request(f"my key: {KEY}"))
