"""The result cache on the whole service: the second submission runs no engine, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engines.service import Service, job_of

pytestmark = pytest.mark.engines

CANDIDATE = {"engine": "hf", "args": {"max-batch-size": 8}}
"""Not quite the baseline, so that this is no comparison of an engine with itself."""


def submitted(service: Service, **changes: Any) -> dict[str, Any]:
    run = service.submit(**{"candidate": CANDIDATE, "use_cache": True, **changes})
    return service.finished(run["id"])


def test_the_same_submission_again_launches_nothing_and_says_what_it_reused(service: Service) -> None:
    first = submitted(service, limit=30)
    second = submitted(service, limit=30)
    report, earlier = service.report(second["id"]), service.report(first["id"])
    for role in ("candidate", "baseline"):
        assert "launching" not in report[role]["timings_s"]
        assert sum(report[role]["reused"].values()) == 30
        assert report[role]["versions"]["transformers"] == earlier[role]["versions"]["transformers"]
        assert job_of(second, role)["log"] is None
    assert [row["candidate"]["value"] for row in report["comparisons"]] == [
        row["candidate"]["value"] for row in earlier["comparisons"]
    ]
    printed = service.command("report", second["id"]).stdout
    assert "no engine was launched" in printed


@pytest.mark.slow
def test_more_items_ask_only_what_is_new(service: Service) -> None:
    submitted(service, limit=30)
    run = submitted(service, limit=40)
    report = service.report(run["id"])
    # The candidate's batch size is this module's own; the baseline may have answers from any test before.
    assert sum(report["candidate"]["reused"].values()) == 30
    assert "launching" in report["candidate"]["timings_s"]
    assert report["comparisons"][0]["candidate"]["n"] == 40


@pytest.mark.slow
def test_no_cache_asks_everything_anew(service: Service) -> None:
    submitted(service, limit=5)
    run = submitted(service, limit=5, use_cache=False)
    report = service.report(run["id"])
    assert report["candidate"]["reused"] == report["baseline"]["reused"] == {}
    assert "launching" in report["candidate"]["timings_s"]


@pytest.mark.slow
def test_another_dtype_reuses_nothing(service: Service) -> None:
    submitted(service, limit=5)
    run = submitted(service, limit=5, candidate=CANDIDATE | {"dtype": "bfloat16"})
    # As above: the baseline may have been asked in bfloat16 by another test.
    assert service.report(run["id"])["candidate"]["reused"] == {}


@pytest.mark.slow
def test_an_engine_compared_with_itself_is_asked_anew_on_one_side(service: Service) -> None:
    same = {"engine": "hf"}
    submitted(service, limit=5, candidate=same)
    report = service.report(submitted(service, limit=5, candidate=same)["id"])
    assert report["candidate"]["reused"] == {}
    assert sum(report["baseline"]["reused"].values()) == 5


@pytest.mark.slow
def test_a_run_is_rescored_without_a_model_and_keeps_its_own_verdict(service: Service) -> None:
    run = submitted(service, limit=30)
    before = service.report(run["id"])
    rescored = service.command("rescore", run["id"], "--scorer", "flexible-extract", "--json")
    assert rescored.returncode == 0, rescored.stderr
    assert '"scorer": "flexible-extract"' in rescored.stdout
    assert service.report(run["id"]) == before
    refused = service.command("rescore", run["id"], "--scorer", "nonsense")
    assert "there are flexible-extract, strict-match" in refused.stdout


@pytest.mark.slow
def test_repeats_count_every_item_once(service: Service) -> None:
    workload = {"benchmark": "gsm8k", "data": "demo", "temperature": 0.8, "repeats": 3, "limit": 6, "margin": 0.5}
    run = service.finished(service.submit(suite=None, workloads=[workload])["id"])
    rows = {f"{row['metric']['name']},{row['filter']}": row for row in service.report(run["id"])["comparisons"]}
    assert rows["exact_match,strict-match"]["candidate"]["n"] == 6
    assert rows["exact_match_pass_at_all,strict-match"]["candidate"]["n"] == 6
    strict = rows["exact_match,strict-match"]["candidate"]["value"]
    assert rows["exact_match_pass_at_all,strict-match"]["candidate"]["value"] >= strict
    assert (strict * 18) == pytest.approx(round(strict * 18))
