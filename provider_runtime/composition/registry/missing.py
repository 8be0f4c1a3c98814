"""What is said when no runtime can be named: which rule, what is missing, what to do. Source: semantics D.2, D.5."""

from typing import Final

from provider_runtime.domain.errors import MissingProviderRuntimeError

_ASKED: Final = "RuntimeRegistry"


def no_runtime_active() -> MissingProviderRuntimeError:
    """Nobody said which runtime: no scope is entered, and there is no default."""
    return MissingProviderRuntimeError(
        provider_key=_ASKED,
        missing_fields=("runtime",),
        stage="resolve",
        requirement="REQ-SP4-004",
        message="MissingProviderRuntimeError: no runtime is active here, and none is borrowed",
        remediation=(
            "Activate one: `async with registry.activate(name, settings)`.",
            "Make the call inside that block, or name the runtime: `registry.get(name)`.",
            "`registry.ensure_ready()` tells beforehand whether one is active.",
        ),
    )


def not_registered(name: str) -> MissingProviderRuntimeError:
    """The scope names a runtime that this registry does not know, or knows no longer."""
    return MissingProviderRuntimeError(
        provider_key=_ASKED,
        missing_fields=("runtime",),
        stage="resolve",
        requirement="REQ-SP4-004",
        message=f"MissingProviderRuntimeError: no runtime is active, since {name} is not registered",
        remediation=(
            "Register it: `await registry.register(name, settings)`, or give `activate` its settings.",
            "No other runtime stands in for it.",
        ),
    )


def not_ready(name: str) -> MissingProviderRuntimeError:
    """The runtime was reset and not activated since."""
    return MissingProviderRuntimeError(
        provider_key=_ASKED,
        missing_fields=("runtime",),
        stage="reset",
        requirement="REQ-SP4-004",
        message=f"MissingProviderRuntimeError: no runtime is active, since {name} was reset",
        remediation=("Activate it again: `async with registry.activate(name)`.",),
    )


def no_providers(name: str) -> MissingProviderRuntimeError:
    """The runtime is there, and has nobody to ask."""
    return MissingProviderRuntimeError(
        provider_key=_ASKED,
        missing_fields=("providers",),
        stage="ensure_ready",
        requirement="REQ-SP4-004",
        message=f"runtime {name} has no provider to ask",
        remediation=("List at least one provider in its settings.",),
    )
