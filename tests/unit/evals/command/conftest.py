"""The commands of `python -m evals`, called with files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.evals.command.compare_world import command
from tests.unit.evals.command.score_world import Scorer


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Scorer:
    return Scorer(tmp_path, monkeypatch, capsys)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    return lambda sides, *more, **options: command(monkeypatch, capfd, tmp_path, sides, *more, **options)
