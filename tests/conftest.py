"""What every test may use."""

import sys
from pathlib import Path

# shared_data.py stands beside this file; tests are no package.
sys.path.insert(0, str(Path(__file__).parent))
