"""What these tests share stands in ``leakage_credentials.py`` and ``leakage_benign.py`` beside this file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
