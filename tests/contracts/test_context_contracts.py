"""Every ``ContextCompiler`` keeps the contract."""

import pytest

from provider_runtime.ports.context import ContextCompiler
from provider_runtime.testing.contracts.context import ContextCompilerContract
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.mocks import MockContextCompiler


class TestFakeContextCompiler(ContextCompilerContract):
    @pytest.fixture
    def compiler(self) -> ContextCompiler:
        return FakeContextCompiler()


class TestMockContextCompiler(ContextCompilerContract):
    @pytest.fixture
    def compiler(self) -> ContextCompiler:
        return MockContextCompiler()
