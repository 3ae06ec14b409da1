"""Points: which of a report's values belong to a series, and which are only a part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.fingerprint import Fingerprint, Fingerprints
from evals.history.points import points_of
from evals.spec import EngineSpec, ModelSpec, Submission
from tests.unit.evals.report_examples import WORKLOAD, report_of, two_sides

SUBMISSION = Submission(
    model=ModelSpec(path="/m"), candidate=EngineSpec(kind="sglang"), baseline=EngineSpec(kind="hf"), suite="smoke"
)
UNKNOWN = Fingerprint(
    model="m", weights=None, engine="sglang", engine_version=None, source=None, dtype=None, benchmark="gsm8k",
    hardware=None, driver=None, client=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("items", "partial"),
    [({"items": "10"}, None), ({}, None), ({"items": "12"}, "10 of 12 items have an answer")],
)
def test_fewer_answers_than_items_on_both_sides_are_a_part(items: dict[str, str], partial: str | None) -> None:
    own = replace(UNKNOWN, items=items)
    held = Fingerprints(workload="gsm8k", candidate=own, candidate_sha256="", baseline=own, baseline_sha256="")
    report = replace(report_of(*two_sides(8, 0, 1, 1)), fingerprints=(held,))
    found = points_of(report, SUBMISSION, {"gsm8k": WORKLOAD})
    assert [point.partial for point in found] == [partial, partial]
