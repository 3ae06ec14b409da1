"""The result cache on the whole service: the second submission runs no engine, and says so."""

from __future__ import annotations

import pytest

from tests.engines.service import Service, job_of

pytestmark = pytest.mark.engines


def test_the_same_submission_again_launches_nothing_and_says_what_it_reused(service: Service) -> None:
    first = service.finished(service.submit(limit=30, use_cache=True)["id"])
    second = service.finished(service.submit(limit=30, use_cache=True)["id"])
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


def test_more_items_ask_only_what_is_new(service: Service) -> None:
    service.finished(service.submit(limit=30, use_cache=True)["id"])
    run = service.finished(service.submit(limit=40, use_cache=True)["id"])
    report = service.report(run["id"])
    assert sum(report["baseline"]["reused"].values()) == 30
    assert "launching" in report["baseline"]["timings_s"]
    assert report["comparisons"][0]["candidate"]["n"] == 40


def test_no_cache_asks_everything_anew(service: Service) -> None:
    service.finished(service.submit(limit=5, use_cache=True)["id"])
    run = service.finished(service.submit(limit=5, use_cache=False)["id"])
    report = service.report(run["id"])
    assert report["candidate"]["reused"] == report["baseline"]["reused"] == {}
    assert "launching" in report["candidate"]["timings_s"]


def test_another_dtype_reuses_nothing(service: Service) -> None:
    service.finished(service.submit(limit=5, use_cache=True)["id"])
    bf16 = {"engine": "hf", "dtype": "bfloat16"}
    run = service.finished(service.submit(limit=5, use_cache=True, candidate=bf16, baseline=bf16)["id"])
    assert service.report(run["id"])["candidate"]["reused"] == {}


def test_a_run_is_rescored_without_a_model_and_keeps_its_own_verdict(service: Service) -> None:
    run = service.finished(service.submit(limit=30, use_cache=True)["id"])
    before = service.report(run["id"])
    rescored = service.command("rescore", run["id"], "--scorer", "flexible-extract", "--json")
    assert rescored.returncode == 0, rescored.stderr
    assert '"scorer": "flexible-extract"' in rescored.stdout
    assert service.report(run["id"]) == before
    refused = service.command("rescore", run["id"], "--scorer", "nonsense")
    assert "it has flexible-extract, strict-match" in refused.stdout


def test_repeats_count_every_item_once(service: Service) -> None:
    workload = {"benchmark": "gsm8k", "data": "demo", "temperature": 0.8, "repeats": 3, "limit": 6, "margin": 0.5}
    run = service.finished(service.submit(suite=None, workloads=[workload])["id"])
    rows = {f"{row['metric']['name']},{row['filter']}": row for row in service.report(run["id"])["comparisons"]}
    assert rows["exact_match,strict-match"]["candidate"]["n"] == 6
    assert rows["exact_match_pass_at_all,strict-match"]["candidate"]["n"] == 6
    strict = rows["exact_match,strict-match"]["candidate"]["value"]
    assert rows["exact_match_pass_at_all,strict-match"]["candidate"]["value"] >= strict
    assert (strict * 18) == pytest.approx(round(strict * 18))
