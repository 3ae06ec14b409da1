"""Early stopping with real engines: equal sides pass and a damaged model fails, each after a part of the items."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engines.service import ROOT, Service, done

pytestmark = [pytest.mark.engines, pytest.mark.slow]

DAMAGED = {
    "engine": "sglang",
    "external_package": str(ROOT / "demo" / "damaged_model"),
    "architectures": ["SlightlyDamagedLlama"],
}


def gated(service: Service, candidate: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    run = service.submit(candidate=candidate, suite="demo", early_stop=True, use_cache=True)
    finished = service.finished(run["id"], timeout_s=900)
    return finished, service.report(run["id"])


def test_a_gate_asks_no_more_than_its_verdict_takes(service: Service) -> None:
    finished, report = gated(service, {"engine": "sglang"})
    [row] = [row for row in report["comparisons"] if row["decides"]]
    assert report["verdict"] == "pass", report["reasons"]
    assert row["decided_after"] == row["candidate"]["n"] < 200
    assert min(done(finished, "candidate"), done(finished, "baseline")) < 300
    assert "of 300 items" in report["reasons"][0]
    damaged, report = gated(service, DAMAGED)
    [row] = [row for row in report["comparisons"] if row["decides"]]
    assert report["verdict"] == "fail", report["reasons"]
    assert row["decided_after"] < 300
    assert done(damaged, "candidate") < 300
