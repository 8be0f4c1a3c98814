"""Schema validators under their contract."""

import pytest

from provider_runtime.adapters.schemas import InstalledValidator, JsonSchemaRsValidator, ShapeOnlyValidator
from provider_runtime.ports.schemas import SchemaValidator
from provider_runtime.testing.contracts.schemas import SchemaValidatorContract


class TestJsonSchemaRsValidator(SchemaValidatorContract):
    @pytest.fixture
    def schemas(self) -> SchemaValidator:
        return JsonSchemaRsValidator()


class TestShapeOnlyValidator(SchemaValidatorContract):
    @pytest.fixture
    def schemas(self) -> SchemaValidator:
        return ShapeOnlyValidator()


class TestInstalledValidator(SchemaValidatorContract):
    @pytest.fixture
    def schemas(self) -> SchemaValidator:
        return InstalledValidator()
