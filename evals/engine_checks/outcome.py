"""What came of an engine check, in the form in which a job keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.outcome import Verdict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold a check's verdict with its reasons; passed of n: texts or tests. notes: what else was seen, in words."""

    verdict: Verdict
    passed: int = 0
    n: int = 0
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_facts(self) -> dict[str, Any]:
        """Return the JSON form that a job stores."""
        return {
            "outcome": self.verdict.value,
            "passed": self.passed,
            "n": self.n,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }


def outcome_of(facts: Mapping[str, Any]) -> Outcome | None:
    """Return the outcome that a job stored, or None when it has none."""
    if facts.get("outcome") not in {verdict.value for verdict in Verdict}:
        return None
    return Outcome(
        verdict=Verdict(facts["outcome"]),
        passed=int(facts.get("passed", 0)),
        n=int(facts.get("n", 0)),
        reasons=tuple(map(str, facts.get("reasons", ()))),
        notes=tuple(map(str, facts.get("notes", ()))),
    )


def undecided(reason: str) -> Outcome:
    """Return the outcome of a check that could not be made."""
    return Outcome(verdict=Verdict.INCONCLUSIVE, reasons=(reason,))
