"""What every test may use."""

import gc
import os
import signal
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# shared_data.py stands beside this file, all_wires.py beside the tests of the wires, and what makes the reference
# pages in scripts; none of them is a package.
_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE / "adapters" / "wire"), str(_HERE.parent / "scripts")]

# Time limits of single examples say more about the machine than about the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
settings.register_profile("wide", settings.get_profile("house"), max_examples=100)  # what `make test-all` takes
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1000)  # --hypothesis-profile=thorough
settings.load_profile("house")

# A suite started in the background ignores Ctrl-C, and so would the programs that it starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The programs that tests start keep what they compile: else each would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's sight.

    A full collection would walk some 700,000 objects of twenty thousand tests, half a second with the
    event loop held, in the middle of whichever test is running.
    """
    gc.collect()
    gc.freeze()
