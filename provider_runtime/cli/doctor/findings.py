"""Findings: what a check found, how bad it is, and what to do about it."""

from enum import StrEnum
from typing import Final

from attrs import frozen

from provider_runtime.cli.failures import UNEXPECTED
from provider_runtime.cli.families import exit_code
from provider_runtime.domain.errors import ErrorCode, ProviderRuntimeError


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # it works, and not as it might
    FAIL = "fail"  # calls fail until it is mended


@frozen(kw_only=True)
class Finding:
    """One line of the doctor's. ``remedy`` is what to do; ``exit_code`` is what a failure ends the command with."""

    check: str
    level: Level
    message: str
    remedy: str = ""
    code: ErrorCode | None = None
    exit_code: int = 0


def ok(check: str, message: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, level=Level.OK, message=message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """It works, and not as it might."""
    return Finding(check=check, level=Level.WARN, message=message, remedy=remedy)


def failed(check: str, error: ProviderRuntimeError) -> Finding:
    """What kept a check from coming to an end is what it found."""
    return Finding(
        check=check,
        level=Level.FAIL,
        message=error.message or str(error.code),
        remedy=error.remedy,
        code=error.code,
        exit_code=exit_code(error),
    )


def worst(findings: tuple[Finding, ...]) -> int:
    """The exit code of the worst finding: 0 where none is a failure."""
    codes = [finding.exit_code or UNEXPECTED for finding in findings if finding.level is Level.FAIL]
    return max(codes, default=0)


OLD_AFTER_DAYS: Final = 120
"""A catalog of that age misses models that people ask for by now."""
