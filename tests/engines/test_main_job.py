"""The main job on real engines: submitted, interrupted, cancelled, damaged, and judged."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from db.addresses import database_url
from db.session import engine_for
from db.settings import Settings
from db.tables import StoredResponse, StoredScore
from tests.engines.service import DEMO_MODEL, ROOT, Service, done, job_of

pytestmark = pytest.mark.engines


def stored(service: Service, job_id: str) -> tuple[int, int]:
    """Return (responses, scores under the deciding metric) that the database holds for a job."""
    with engine_for(database_url(Settings(home=service.home))).connect() as connection:
        responses = sa.select(sa.func.count()).where(StoredResponse.job_id == job_id)
        scores = sa.select(sa.func.count()).where(
            StoredScore.job_id == job_id, StoredScore.metric == "exact_match,strict-match"
        )
        return connection.scalar(responses) or 0, connection.scalar(scores) or 0


def test_sglang_and_transformers_agree_on_the_demo_model(service: Service) -> None:
    run = service.submit(candidate={"engine": "sglang"}, limit=60)
    finished = service.finished(run["id"])
    report = service.report(run["id"])
    deciding = next(row for row in report["comparisons"] if row["decides"])
    assert finished["verdict"] == report["verdict"] != "error"
    assert deciding["pairs"] is not None
    assert sum(deciding["pairs"].values()) == 60
    assert abs(deciding["difference"]) <= 1 / 60
    assert deciding["candidate"]["value"] > 0.6
    assert report["candidate"]["versions"]["sglang"]
    assert report["baseline"]["versions"]["transformers"]


def test_a_worker_killed_in_the_middle_goes_on_and_asks_nothing_twice(service: Service) -> None:
    run = service.submit(limit=150)
    service.wait(run["id"], lambda now: done(now, "candidate") >= 10)
    before = stored(service, job_of(run, "candidate")["id"])[0]
    engines = service.engines()
    assert engines
    service.worker().kill()
    deadline = time.monotonic() + 10
    while any(engine.is_running() and engine.status() != "zombie" for engine in engines):
        assert time.monotonic() < deadline, "engines outlived their worker"
        time.sleep(0.1)
    finished = service.finished(run["id"])
    candidate = job_of(finished, "candidate")
    assert candidate["attempt"] >= 2
    assert candidate["state"] == "succeeded"
    assert before >= 1
    assert stored(service, candidate["id"]) == (150, 150)
    assert first_attempt_answers(service, candidate["id"]) >= before


def first_attempt_answers(service: Service, job_id: str) -> int:
    with engine_for(database_url(Settings(home=service.home))).connect() as connection:
        first = StoredResponse.job_id == job_id, StoredResponse.attempt == 1
        return connection.scalar(sa.select(sa.func.count()).where(*first)) or 0


def test_cancelling_stops_the_engines(service: Service) -> None:
    run = service.submit(limit=300)
    service.wait(run["id"], lambda now: done(now, "candidate") > 0)
    assert service.command("cancel", run["id"]).returncode == 0
    finished = service.finished(run["id"], timeout_s=30)
    assert {job["state"] for job in finished["jobs"]} == {"cancelled"}
    assert finished["verdict"] == "error"
    assert service.engines() == []


@pytest.mark.slow
def test_an_engine_passes_against_its_stored_answers_and_another_token_limit_is_not_comparable(
    service: Service,
) -> None:
    published = {"published": {"value": 0.85, "n": 300, "source": "demo/README.md"}}
    first, report = alone(service, baseline=published)
    assert report["comparisons"][0]["baseline"]["value"] == 0.85
    promoted = service.command("baselines", "promote", first["id"], "--reason", "a test", "--despite-verdict")
    assert promoted.returncode == 0, promoted.stderr

    _, again = alone(service, baseline={"stored": True})
    assert again["verdict"] == "pass", again["reasons"]
    assert again["baseline"]["origin"].startswith(f"stored, run {first['id']} of ")
    held = again["fingerprints"][0]
    assert held["candidate_sha256"] == held["baseline_sha256"]

    workload = {"benchmark": "gsm8k", "data": "demo", "margin": 0.05, "max_tokens": 16}
    _, other = alone(service, suite=None, workloads=[workload], baseline={"run": first["id"]})
    differs = "max_tokens differs: 16 for the candidate, 256 for the baseline"
    assert (other["verdict"], other["headline"]) == ("incomparable", f"gsm8k cannot be compared: {differs}")
    assert other["comparisons"][0]["difference"] is None


def alone(service: Service, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a run whose candidate alone was launched, and its report; 80 equal pairs decide about 5 points."""
    run = service.finished(service.submit(limit=80, **changes)["id"], timeout_s=540)
    assert [(job["role"], job["state"]) for job in run["jobs"]] == [("candidate", "succeeded")], run["jobs"]
    return run, service.report(run["id"])


@pytest.mark.slow
def test_a_cancelled_run_can_be_retried_and_keeps_its_answers(service: Service) -> None:
    run = service.submit(limit=100)
    service.wait(run["id"], lambda now: done(now, "candidate") > 5)
    service.command("cancel", run["id"])
    service.finished(run["id"], timeout_s=30)
    candidate = job_of(run, "candidate")["id"]
    kept = stored(service, candidate)[0]
    assert kept > 0
    assert service.command("retry", run["id"]).returncode == 0
    service.finished(run["id"])
    assert stored(service, candidate) == (100, 100)
    assert service.report(run["id"])["verdict"] != "error"


@pytest.mark.slow
def test_two_submissions_at_once_do_not_disturb_each_other(service: Service) -> None:
    runs = [service.submit(limit=40), service.submit(limit=40)]
    finished = [service.finished(run["id"]) for run in runs]
    reports = [service.report(run["id"]) for run in runs]
    values = [report["comparisons"][0]["candidate"]["value"] for report in reports]
    assert values[0] == values[1]
    for run in finished:
        assert [stored(service, job["id"]) for job in run["jobs"]] == [(40, 40), (40, 40)]


def test_a_model_that_is_not_there_is_an_error_with_a_remedy(service: Service, tmp_path: Path) -> None:
    run = service.submit(model=str(tmp_path / "nowhere"), limit=5)
    finished = service.finished(run["id"], timeout_s=60)
    error = job_of(finished, "candidate")["error"]
    assert (error["code"], finished["verdict"]) == ("model_not_found", "error")
    assert error["remedy"]
    assert job_of(finished, "candidate")["attempt"] == 1


def test_a_broken_config_is_an_error_that_names_the_file(service: Service, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(DEMO_MODEL, broken)
    (broken / "config.json").write_text('{"architectures": [')
    run = service.submit(model=str(broken), limit=5)
    error = job_of(service.finished(run["id"], timeout_s=60), "baseline")["error"]
    assert error["code"] == "model_broken"
    assert "config.json" in error["message"]


@pytest.mark.slow
def test_an_architecture_nobody_knows_is_an_error_of_its_own(service: Service, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(DEMO_MODEL, odd)
    config = json.loads((odd / "config.json").read_text())
    (odd / "config.json").write_text(json.dumps(config | {"architectures": ["Nonesuch"], "model_type": "nonesuch"}))
    run = service.submit(model=str(odd), candidate={"engine": "sglang"}, limit=5)
    finished = service.finished(run["id"], timeout_s=180)
    assert job_of(finished, "candidate")["error"]["code"] == "architecture_unsupported"


@pytest.mark.slow
def test_an_unknown_engine_argument_is_named(service: Service) -> None:
    run = service.submit(candidate={"engine": "sglang", "args": {"mem-fraction-statik": 0.5}}, limit=5)
    error = job_of(service.finished(run["id"], timeout_s=120), "candidate")["error"]
    assert error["code"] == "engine_argument"
    assert "mem-fraction-statik" in error["message"]
    assert "mem-fraction-static" in error["remedy"] + error["message"]


@pytest.mark.slow  # the pages are tested on such a run (tests/browser)
def test_a_damaged_model_class_fails_with_the_questions_that_flipped(service: Service) -> None:
    candidate = {
        "engine": "sglang",
        "external_package": str(ROOT / "demo" / "damaged_model"),
        "architectures": ["SlightlyDamagedLlama"],
    }
    run = service.submit(candidate=candidate)
    assert service.finished(run["id"])["verdict"] == "fail"
    deciding = next(row for row in service.report(run["id"])["comparisons"] if row["decides"])
    assert deciding["high"] < -deciding["margin"]
    assert len([flip for flip in deciding["flips"] if flip["right"] == "baseline"]) >= 15
