"""Where the tests at full size find their data, which are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FULL_DATA = Path(os.environ.get("PLUMBLINE_TEST_DATA", ROOT.parent / "shared" / "data"))


def full_data(*names: str) -> Path:
    """Return the folder with full-size data; skip the test, and say what is missing, where there is none."""
    missing = [name for name in names if not (FULL_DATA / name).is_dir()]
    if missing:
        pytest.skip(f"no {', '.join(missing)} in {FULL_DATA}: name a folder with them in PLUMBLINE_TEST_DATA")
    return FULL_DATA
