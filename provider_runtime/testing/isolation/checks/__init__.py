"""The questions an isolation trial asks, one class each."""

from provider_runtime.testing.isolation.checks.ambient import ContextVariables, Environment, ModuleGlobals
from provider_runtime.testing.isolation.checks.answers import OwnAnswers, Refusals, Vacuity
from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.checks.heap import Heap
from provider_runtime.testing.isolation.checks.leftovers import ChildProcesses, Descriptors, Tasks, Threads
from provider_runtime.testing.isolation.checks.outputs import Files, Logs, StandardStreams, Warnings
from provider_runtime.testing.isolation.checks.requests import OwnRequests

__all__ = [
    "Check",
    "ChildProcesses",
    "ContextVariables",
    "Descriptors",
    "Environment",
    "Files",
    "Heap",
    "Logs",
    "ModuleGlobals",
    "OwnAnswers",
    "OwnRequests",
    "Refusals",
    "StandardStreams",
    "Tasks",
    "Threads",
    "Vacuity",
    "Warnings",
    "default_checks",
]


def default_checks() -> tuple[Check, ...]:
    """Fresh instances of every check but ``Heap``, which asks more than most tests can promise."""
    return (
        OwnRequests(),
        OwnAnswers(),
        Refusals(),
        Vacuity(),
        Environment(),
        ContextVariables(),
        Logs(),
        Warnings(),
        StandardStreams(),
        Files(),
        Tasks(),
        Threads(),
        Descriptors(),
        ChildProcesses(),
        ModuleGlobals(),
    )
