"""What the tests of calls may use."""

import sys
from pathlib import Path

# batch_runs.py, grants_runtimes.py and memo_runtimes.py stand beside this file, which is no package.
sys.path.insert(0, str(Path(__file__).parent))
