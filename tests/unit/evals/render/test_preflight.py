"""What the preflight found stands in the report, each finding on a line of its own."""

from __future__ import annotations

from dataclasses import replace

from evals.preflight.findings import PREFLIGHT
from evals.render.provenance import provenance_folds
from evals.result import Report
from tests.unit.evals.report_examples import passed


def folds_with(report: Report, findings: list[str] | None) -> str:
    settings = dict(report.candidate.settings)
    if findings is not None:
        settings[PREFLIGHT] = findings
    candidate = replace(report.candidate, settings=settings)
    return "\n".join(provenance_folds(replace(report, candidate=candidate)))


def test_findings_are_listed_and_escaped() -> None:
    found = [f"model.py:{line}: warning [rms-norm] Norm <b>{'x' * 150}</b>" for line in (3, 4)]
    text = folds_with(passed(), found)
    assert "Preflight of the candidate's model code" in text
    lines = [line for line in text.splitlines() if line.startswith("- <code>model.py")]
    assert len(lines) == 2
    assert text.count("rms-norm") == 2
    assert all("rms-norm" in line and "<b>" not in line for line in lines)


def test_a_check_without_findings_is_told_and_no_check_is_not() -> None:
    assert "Nothing was found." in folds_with(passed(), [])
    assert "Preflight" not in folds_with(passed(), None)
