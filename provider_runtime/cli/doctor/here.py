"""What there is to know without asking anybody: Python, extras, workspace, catalog, clock, receipts, keys kept."""

import platform
import stat
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.cli.doctor.findings import OLD_AFTER_DAYS, Finding, Level, ok, warn
from provider_runtime.cli.failures import CONFIGURATION, STORE_FAILED
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.cli.workspace.opening import CommandSettings
from provider_runtime.composition import choices
from provider_runtime.domain.errors import ErrorCode
from provider_runtime.ports.system import Clock

_OLDEST: Final = (3, 11)
_EXTRAS: Final = {
    "schema": ("jsonschema_rs", "answers are not held against their JSON schema"),
    "crypto": ("cryptography", "no consents that are kept, no sealed receipts"),
    "report": ("vl_convert", "no reports"),
    "guard": ("re2", "no rules of your own for secrets"),
    "keyring": ("keyring", "no keys in the keyring of the operating system"),
    "otel": ("opentelemetry", "no spans and metrics for OpenTelemetry"),
}
_OTHERS: Final = 0o077
_SLACK: Final = timedelta(minutes=5)


async def environment() -> tuple[Finding, ...]:
    """Python, this package, and the extras that are not there."""
    try:
        ours = version("provider-runtime")
    except PackageNotFoundError:  # run from a checkout
        ours = "from a checkout"
    told = f"provider-runtime {ours}, Python {platform.python_version()}, {platform.system()}"
    findings = [ok("environment", told)]
    if sys.version_info[:2] < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        findings.append(warn("environment", "this Python is too old", f"Use Python {wanted} or later."))
    missing = {name: why for name, (module, why) in _EXTRAS.items() if find_spec(module) is None}
    if missing:
        whys = "; ".join(missing.values())
        remedy = f"If you need that: pip install 'provider-runtime[{','.join(missing)}]'"
        findings.append(warn("extras", f"not installed: {', '.join(missing)} ({whys})", remedy))
    else:
        findings.append(ok("extras", f"all installed: {', '.join(_EXTRAS)}"))
    return tuple(findings)


async def workspace(folder: DataFolder) -> tuple[Finding, ...]:
    """The configuration file, if there is one, and the folder of what is kept."""
    if folder.workspace is None:
        place = "nowhere" if folder.path is None else str(folder.path)
        told = warn(
            "workspace",
            f"there is none from here up; what is kept lies in {place}",
            "For settings, receipts and budgets of a project: provider-runtime init",
        )
    else:
        told = ok("workspace", f"{folder.workspace.file}, data in {folder.path}")
    return (told, *_folder(folder.path))


def _folder(path: Path | None) -> tuple[Finding, ...]:
    if path is None or not path.exists():
        return ()
    if not path.is_dir():
        return (
            Finding(
                check="data",
                level=Level.FAIL,
                message=f"{path} is no folder",
                remedy="Name another one, with data in the configuration file or with --data.",
                code=ErrorCode.STORE_UNAVAILABLE,
                exit_code=STORE_FAILED,
            ),
        )
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        return (warn("data", f"others can look into {path}", f"chmod 700 {path}"),)
    return ()


async def profile(made: CommandSettings) -> tuple[Finding, ...]:
    """The policy and the work profile that calls go by."""
    held, policy = made.settings.profile, made.settings.policy
    told = f"policy {policy.mode}" + ("" if policy.cloud_allowed else ", nothing leaves this machine")
    if held is None:
        return (ok("governance", f"{told}; no work profile"),)
    cloud = "may go to the cloud" if held.governance.allow_cloud_escalation else "stay on this machine"
    roles = ", ".join(held.assignments) or "no role"
    return (ok("governance", f"{told}; profile {held.profile_id} ({roles}), calls {cloud}"),)


async def catalog(clock: Clock) -> tuple[Finding, ...]:
    """How old the shipped facts about models and prices are, and whether the clock can be right."""
    known, taken = len(builtin_catalog().models), builtin_prices().version or ""
    try:
        day = datetime.strptime(taken, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return (ok("catalog", f"{known} models"),)
    days = (clock.now() - day).days
    if days < -1:
        return (
            Finding(
                check="clock",
                level=Level.FAIL,
                message=f"it is {-days} days behind: this release is of {taken}",
                remedy="Set the clock: certificates, budgets and consents go by it.",
                code=ErrorCode.INVALID_SETTINGS,
                exit_code=CONFIGURATION,
            ),
        )
    told = f"{known} models, prices of {taken}"
    if days > OLD_AFTER_DAYS:
        remedy = "Update: pip install -U provider-runtime. New models meanwhile: provider-runtime models discover --new"
        return (ok("clock", f"{clock.now():%Y-%m-%d %H:%M} UTC"), warn("catalog", f"{told}, {days} days old", remedy))
    return (ok("clock", f"{clock.now():%Y-%m-%d %H:%M} UTC"), ok("catalog", told))


async def receipts(made: CommandSettings, clock: Clock) -> tuple[Finding, ...]:
    """Whether the chain of receipts still stands as it was written, and whether the clock was set back since."""
    place = getattr(made.settings.receipts, "path", None)
    if place is None or not place.exists():
        return (ok("receipts", "none are kept yet"),) if place is not None else ()
    stored = choices.receipts(made.settings, clock)
    try:
        verdict = await stored.verify()
        last = await stored.latest(1) if verdict.valid else ()
    finally:
        await stored.aclose()
    if not verdict.valid:
        broken = Finding(
            check="receipts",
            level=Level.FAIL,
            message=f"the chain is broken at receipt {verdict.broken_at}: {verdict.error}",
            remedy=f"Look at it: provider-runtime receipts verify {place}. Restore the file from a copy.",
            code=ErrorCode.RECORD_CORRUPT,
            exit_code=STORE_FAILED,
        )
        return (broken,)
    told = ok("receipts", f"{verdict.count} in {place.name}, and their chain is whole")
    if last and datetime.fromisoformat(last[0].record.started_at) > clock.now() + _SLACK:
        return (
            told,
            warn("clock", "the last receipt is of the future: the clock was set back", "Set the clock right."),
        )
    return (told,)


async def kept_keys(folder: DataFolder) -> tuple[Finding, ...]:
    """Which named keys are kept. Their names are told, never the keys."""
    if folder.secret_file is None:
        return ()
    names = await folder.secrets().names()
    return (ok("secrets", f"{len(names)} kept: {', '.join(names) or 'none'}"),)
