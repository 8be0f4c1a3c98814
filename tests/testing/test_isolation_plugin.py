"""The plugin as embedders use it: named in conftest.py or in a test module, with and without a seed."""

import re

import pytest

pytest_plugins = ["pytester"]

SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

SERVICE = """
import aiohttp

class Service:
    def __init__(self, tenants):
        self.tenants = {tenant.name: tenant for tenant in tenants}

    async def answer(self, name, prompt):
        tenant = self.tenants[name]
        headers = {"authorization": f"Bearer {self.key_of(tenant)}"}
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{tenant.base_url}/ask", json={"prompt": prompt}, headers=headers) as reply:
                return (await reply.json())["text"]

    def key_of(self, tenant):
        return tenant.key

class Leaky(Service):
    def key_of(self, tenant):
        return next(iter(self.tenants.values())).key

async def use(service_class, isolation, **options):
    async with isolation.tenants(3, calls=2, **options) as check:
        service = service_class(check.tenants)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
"""

CLEAN = """
async def test_no_tenant_sees_another(isolation):
    await use(Service, isolation)
"""

LEAKY = """
async def test_no_tenant_sees_another(isolation):
    await use(Leaky, isolation)
"""


def a_project(pytester: pytest.Pytester, test: str, *, conftest: bool = True) -> None:
    plugin = 'pytest_plugins = ["provider_runtime.testing.isolation"]\n'
    if conftest:
        pytester.makeconftest(plugin)
    pytester.makeini(SETTINGS)
    pytester.makepyfile((("" if conftest else plugin) + SERVICE) + test)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", *options)


def test_a_clean_service_passes(pytester: pytest.Pytester) -> None:
    a_project(pytester, CLEAN)
    run(pytester).assert_outcomes(passed=1)


def test_a_test_module_may_name_the_plugin_itself(pytester: pytest.Pytester) -> None:
    a_project(pytester, CLEAN, conftest=False)
    run(pytester).assert_outcomes(passed=1)


def test_a_leaky_service_fails_with_findings_and_a_seed_and_no_poison(pytester: pytest.Pytester) -> None:
    a_project(pytester, LEAKY)
    result = run(pytester, "--show-capture=no")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert re.search(
        r"IsolationBroken: \d+ finding\(s\); repeat with --isolation-seed=[0-9a-f]{8}$", text, re.MULTILINE
    )
    assert "(POST) to the address of tenant-0" in text
    assert "carries the key of tenant-00 in header Authorization" in text
    assert "sk-" not in text


def test_a_seed_repeats_the_values_and_tests_have_values_of_their_own(pytester: pytest.Pytester) -> None:
    tell = """
async def test_one(isolation):
    async with isolation.tenants(2, checks=()) as check:
        print("one", check.tenants[0].key)
    async with isolation.tenants(2, checks=()) as check:
        print("two", check.tenants[0].key)

async def test_other(isolation):
    async with isolation.tenants(2, checks=()) as check:
        print("other", check.tenants[0].key)
"""
    a_project(pytester, tell)
    runs = [run(pytester, "-s", f"--isolation-seed={seed}").stdout.str() for seed in ("7", "7", "8")]
    keys = [re.findall(r"(?:one|two|other) (sk-\w+)", text) for text in runs]
    assert keys[0] == keys[1]
    assert len(set(keys[0]) | set(keys[2])) == 6


def test_the_option_is_explained(pytester: pytest.Pytester) -> None:
    a_project(pytester, CLEAN)
    assert "--isolation-seed=SEED" in run(pytester, "--help").stdout.str()


def test_a_failing_test_keeps_its_own_failure_and_is_told_the_findings(pytester: pytest.Pytester) -> None:
    broken = """
async def test_breaks_off(isolation):
    async with isolation.tenants(3, calls=2) as check:
        service = Leaky(check.tenants)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
        assert 1 == 2
"""
    a_project(pytester, broken)
    text = run(pytester, "--show-capture=no").stdout.str()
    assert "assert 1 == 2" in text
    assert "[requests] request " in text
