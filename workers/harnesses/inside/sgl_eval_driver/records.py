"""Write records, a line of JSON each, which the worker reads while they are written."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any, NoReturn

from sgl_eval.types import Example, Sample

from .conversion import Items

BROKEN_OFF = ("abort", "error")
HIDDEN = "[hidden]"


class Records:
    """Append records to a file; `hidden` appears in none of them that tells of a fault."""

    def __init__(self, path: Path, *, hidden: str) -> None:
        self._file = path.open("a", encoding="ascii")
        self._hidden = hidden
        self._judged = 0
        self._writing = threading.Lock()

    def start(self, origin: dict[str, str], generation: dict[str, Any], items: Items) -> None:
        """Say which versions do what with which items."""
        skipped = {str(doc_id): reason for doc_id, reason in items.skipped.items()}
        self._write(kind="start", **origin, generation=generation, asked=list(items.examples), skipped=skipped)

    def judged(self, example: Example, repeat: int, sample: Sample, score: float, extracted: str | None) -> bool:
        """Write down an answer and its judgement; tell whether it counts, which a stale one does not.

        sgl-eval judges what could not be asked as an empty answer; here it ends the run.
        """
        if getattr(sample, "is_stale", False):
            return False
        fault = _fault(sample)
        if fault is not None:
            self.fail("unreachable", fault, sample.heard.status)
        self._judged += 1
        self._write(
            kind="judged",
            doc_id=int(example.id),
            repeat=repeat,
            prompt=sample.heard.prompt,
            score=score,
            extracted=extracted,
            gold=str(example.target),
            answer=None if hasattr(sample, "is_stale") else _answer(sample),
        )
        return True

    def refuse(self, message: str, status: int) -> NoReturn:
        """Say that the engine refuses a request, and end the process."""
        self.fail("refused", message, status)

    def fail(self, cause: str, message: str, status: int | None = None) -> NoReturn:
        """Say why this cannot go on, and end the process with all its threads."""
        self._write(kind="failed", cause=cause, message=message.replace(self._hidden, HIDDEN), status=status)
        os._exit(1)

    def done(self) -> None:
        """Say that all answers were judged, and how many that were."""
        self._write(kind="done", judged=self._judged)

    def _write(self, **record: Any) -> None:
        line = json.dumps(record) + "\n"
        with self._writing:
            self._file.write(line)
            self._file.flush()


class HidingFormatter(logging.Formatter):
    """Format log lines without the key."""

    def __init__(self, form: str, *, hidden: str) -> None:
        super().__init__(form)
        self._hidden = hidden

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with the key hidden."""
        return super().format(record).replace(self._hidden, HIDDEN)


def _fault(sample: Sample) -> str | None:
    """Return why a sample is no answer, or None."""
    if sample.finish_reason in BROKEN_OFF:
        return sample.heard.fault or f"it ended an answer with {sample.finish_reason}"
    if not isinstance(sample.text, str) or not isinstance(sample.finish_reason, str | None):
        return "its answer is no text"
    return None


def _answer(sample: Sample) -> dict[str, Any]:
    return {
        "text": sample.text,
        "reasoning": sample.reasoning_content if isinstance(sample.reasoning_content, str) else None,
        "finish_reason": sample.finish_reason,
        "prompt_tokens": sample.prompt_tokens,
        "completion_tokens": sample.completion_tokens,
        "sent_at": sample.generation_start_time,
        "ended_at": sample.generation_end_time,
        "attempts": sample.heard.attempts,
        "request_sha256": sample.heard.request_sha256,
    }
