import sys
from pathlib import Path

# The sample products of the file tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reconstruction"))
