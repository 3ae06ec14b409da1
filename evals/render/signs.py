"""The sign and the word of a verdict in Markdown."""

from __future__ import annotations

from evals.result import Verdict
from evals.verdict import WORDS

SIGNS = {
    Verdict.PASS: "✅",
    Verdict.FAIL: "❌",
    Verdict.INCONCLUSIVE: "⚠️",
    Verdict.INCOMPARABLE: "🚫",
    Verdict.ERROR: "💥",
}


def verdict_cell(verdict: Verdict | None) -> str:
    """Return "✅ passed" for a table; what has no verdict is an error."""
    known = verdict or Verdict.ERROR
    return f"{SIGNS[known]} {WORDS[known].lower()}"
