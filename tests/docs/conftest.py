"""What the tests of the documentation share."""

import sys
from pathlib import Path

# doc_pages.py stands beside this file, the scripts in a folder of their own; neither is a package.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[2] / "scripts")]
