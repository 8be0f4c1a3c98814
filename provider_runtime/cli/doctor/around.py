"""What others say: the providers that are set up, and the model servers on this machine."""

from collections.abc import Mapping

from provider_runtime.cli.doctor.findings import Finding, Level, ok, warn
from provider_runtime.cli.failures import PROVIDER_FAILED
from provider_runtime.cli.registry.checking import is_set_up
from provider_runtime.cli.registry.finding import is_known
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.cli.workspace.opening import CommandSettings
from provider_runtime.composition.local_servers import LocalServer
from provider_runtime.domain.catalog.health import HealthStatus, ProviderHealth
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.credentials import CredentialReport

_LEVELS: Mapping[HealthStatus, Level] = {
    HealthStatus.READY: Level.OK,
    HealthStatus.DEGRADED: Level.WARN,
    HealthStatus.UNREACHABLE: Level.FAIL,
    HealthStatus.UNAUTHORISED: Level.FAIL,
}


async def providers(
    folder: DataFolder, made: CommandSettings, timeout_s: float, *, offline: bool
) -> tuple[Finding, ...]:
    """Each provider that is set up: where its key is, and whether it answers. All are asked at once."""
    own = await folder.own(made.read)
    wanted = [config for config in made.settings.providers if is_set_up(config, own)]
    if not wanted:
        return (
            warn(
                "providers",
                "none is set up: no key of a well-known one is set, and none is registered",
                "Set a key such as OPENAI_API_KEY, or register one: provider-runtime providers add",
            ),
        )
    from provider_runtime.composition.lifecycle import open_runtime  # noqa: PLC0415 - when somebody is asked

    async with open_runtime(made.settings) as runtime:
        ids = [config.provider_id for config in wanted]
        found = () if offline else await runtime.check_providers(*ids, timeout_s=timeout_s)
        reports = {name: await runtime.credential_report(name) for name in ids}
    healths = {health.provider_id: health for health in found}
    return tuple(_told(config, reports[config.provider_id], healths) for config in wanted)


def _told(config: ProviderConfig, report: CredentialReport, healths: Mapping[ProviderId, ProviderHealth]) -> Finding:
    name = f"provider {config.provider_id}"
    key = "no key" if report.source is None else f"key from {report.source}"
    health = healths.get(config.provider_id)
    if health is None:
        needs_key = config.credential is not None and report.source is None
        return warn(name, f"{report.problem or key}", "Set its key.") if needs_key else ok(name, f"{key}; not asked")
    level = _LEVELS[health.status]
    told = f"{health.status}, {key}"
    if health.models:
        told += f", {len(health.models)} models"
    if health.latency_ms is not None:
        told += f", {health.latency_ms:.0f} ms"
    return Finding(
        check=name,
        level=level,
        message=f"{told}: {health.reason}" if health.reason else told,
        remedy=health.remedy,
        code=health.code,
        exit_code=PROVIDER_FAILED if level is Level.FAIL else 0,
    )


def local_servers(found: tuple[LocalServer, ...], known: tuple[ProviderConfig, ...]) -> tuple[Finding, ...]:
    """The model servers that answer on this machine, and which of them nobody registered."""
    if not found:
        return (ok("local servers", "none answers on this machine"),)
    return tuple(
        ok("local server", f"{_place(server)}, registered")
        if is_known(server, known)
        else warn(
            "local server",
            f"{_place(server)}, not registered",
            "Register it: provider-runtime providers add --local",
        )
        for server in found
    )


def _place(server: LocalServer) -> str:
    count = len(server.health.models)
    models = "1 model" if count == 1 else f"{count} models"
    return f"{server.config.provider_id} at {server.config.base_url}, {models}"
