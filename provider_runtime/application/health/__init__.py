"""Is each provider ready? Asked all at once, in the cheapest way each of them has."""

from provider_runtime.application.health.checks import HealthChecks

__all__ = ["HealthChecks"]
