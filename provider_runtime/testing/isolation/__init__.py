"""Does one tenant ever see another? A pytest plugin that asks this of any service.

Name it in ``pytest_plugins``; ``Isolation`` works without pytest's fixtures, too. PYTEST_DONT_REWRITE:
nothing in here asserts, and test suites that imported it already would be warned.
"""

from provider_runtime.testing.isolation.checks import Check, Heap, default_checks
from provider_runtime.testing.isolation.evidence import CallOutcome, Finding, IsolationBroken, ReceivedRequest
from provider_runtime.testing.isolation.marks import Tenant
from provider_runtime.testing.isolation.plugin import isolation, pytest_addoption
from provider_runtime.testing.isolation.runtimes import tenant_settings
from provider_runtime.testing.isolation.searching import Search, encodings_of, found_in
from provider_runtime.testing.isolation.trial import Isolation, Trial

__all__ = [
    "CallOutcome",
    "Check",
    "Finding",
    "Heap",
    "Isolation",
    "IsolationBroken",
    "ReceivedRequest",
    "Search",
    "Tenant",
    "Trial",
    "default_checks",
    "encodings_of",
    "found_in",
    "isolation",
    "pytest_addoption",
    "tenant_settings",
]
