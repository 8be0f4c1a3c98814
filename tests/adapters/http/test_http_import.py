"""What importing the transport costs: not aiohttp."""

import subprocess
import sys

_PROGRAM = """
import sys
from provider_runtime.adapters.http.transport import AiohttpTransport
AiohttpTransport()
print(sorted(name for name in sys.modules if name.partition(".")[0] in {"aiohttp", "yarl", "multidict"}))
"""


def test_neither_importing_nor_building_a_transport_imports_aiohttp() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
