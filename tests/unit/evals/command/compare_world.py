"""`python -m evals compare` called with files of scores."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import main

Rows = Iterable[dict[str, Any]]


def written(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def command(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    folder: Path,
    sides: tuple[Rows, Rows],
    *more: str,
    margin: str = "0.03",
) -> tuple[int, dict[str, Any], str]:
    candidate, baseline = written(folder / "a.jsonl", sides[0]), written(folder / "b.jsonl", sides[1])
    words = ["compare", "--candidate", str(candidate), "--baseline", str(baseline), "--margin", margin, *more]
    monkeypatch.setattr(sys, "argv", ["evals", *words])
    status = main()
    out, err = capfd.readouterr()
    return status, json.loads(out) if out else {}, err


def rows(both: int, won: int, lost: int, neither: int, **fields: Any) -> tuple[list[dict[str, Any]], ...]:
    outcomes = [(1, 1)] * both + [(1, 0)] * won + [(0, 1)] * lost + [(0, 0)] * neither
    random.Random(3).shuffle(outcomes)
    return tuple([{"id": f"q{n}", "score": pair[side], **fields} for n, pair in enumerate(outcomes)] for side in (0, 1))
