"""What the tests of this wire share stands in ``ollama_wire.py`` beside this file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
