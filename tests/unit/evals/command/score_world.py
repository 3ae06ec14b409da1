"""`python -m evals score` called with files of lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from evals import __main__

Lines = list[dict[str, Any]]


class Scorer:
    """Call the command as a person would, and read what it prints."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "responses.jsonl"
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def call(self, benchmark: str, content: bytes | Lines, *options: str) -> tuple[int, str, str]:
        if not isinstance(content, bytes):
            content = "".join(json.dumps(line) + "\n" for line in content).encode()
        self.file.write_bytes(content)
        argv = ["evals", "score", benchmark, "--responses", str(self.file), *options]
        self._monkeypatch.setattr(sys, "argv", argv)
        status = __main__.main()
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def scored(self, benchmark: str, lines: bytes | Lines, *options: str) -> tuple[Lines, dict[str, Any]]:
        status, out, err = self.call(benchmark, lines, *options)
        assert (status, err) == (0, "")
        *items, totals = (json.loads(line) for line in out.splitlines())
        return items, totals

    def refused(self, benchmark: str, lines: bytes | Lines, *options: str) -> str:
        status, out, err = self.call(benchmark, lines, *options)
        assert (status, out) == (2, "")
        assert err.startswith("error: ")
        assert "to mend it: " in err
        return err


OPTIONS = ["red", "green", "blue", "None"]


def choice(item_id: Any, response: Any, answer: str = "B", **more: Any) -> dict[str, Any]:
    return {"id": item_id, "response": response, "options": OPTIONS, "answer": answer} | more
