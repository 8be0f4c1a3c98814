"""What the tests of event sinks share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # exported.py stands beside this file; tests are no package
