"""SGLang's own benchmark clients beside ours on a real SGLang server, in a duel's job, up to the report."""

from __future__ import annotations

from typing import Any

import pytest

from evals.duel.cross_causes import CLIENTS, FIGURES
from tests.engines.service import Service, job_of

pytestmark = [pytest.mark.engines, pytest.mark.slow]

OPTIONS: dict[str, Any] = {
    "concurrency": "4", "requests": 24, "input_len": "64:128", "output_len": "16", "min_rounds": 4, "max_rounds": 4,
    "max_warmups": 2, "cross_check": True,
}  # fmt: skip


def test_both_clients_and_ours_stand_side_by_side_in_the_report(service: Service) -> None:
    workload = {"benchmark": "serving", "margin": 0.5, "options": OPTIONS}
    run = service.submit(candidate={"engine": "sglang"}, suite=None, workloads=[workload])
    finished = service.finished(run["id"], timeout_s=580)
    duel = job_of(finished, "duel")
    assert duel["state"] == "succeeded", duel["error"]
    (result,) = service.report(run["id"])["serving"]
    checks = result["cross_checks"]
    assert [(check["client"], check["level"], check["error"]) for check in checks] == [
        (one, 4, None) for one in CLIENTS
    ]
    for check in checks:
        assert list(check["figures"]) == list(FIGURES)
        theirs, ours = zip(*check["figures"].values(), strict=True)
        assert all(value > 0 for value in ours)
        assert all(value is not None and value >= 0 for value in theirs)
        assert any("96 in, 16 out" in one for one in check["differences"])
    assert service.engines() == []
