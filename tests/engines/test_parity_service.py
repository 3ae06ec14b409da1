"""Parity on real engines through the whole service: planned, heard, interrupted, judged and shown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from db.tables import StoredObservation
from tests.engines.service import Service, done, job_of

pytestmark = pytest.mark.engines

SMALL: dict[str, Any] = {"benchmark": "parity", "options": {"decode_tokens": 8, "top_k": 5}}
GSM8K = {"benchmark": "gsm8k", "data": "demo", "limit": 6}


def heard(service: Service, job_id: str, attempt: int | None = None) -> int:
    """Return how many records and token lists the database holds for a job, of one attempt or of all."""
    wanted = [StoredObservation.job_id == job_id, StoredObservation.kind != "end"]
    wanted += [StoredObservation.attempt == attempt] if attempt is not None else []
    with service.connected() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(*wanted)) or 0


def checks(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (result,) = report["parity"]
    return {check["name"]: check for check in result["checks"]}


def test_a_short_parity_of_both_engines_passes(service: Service) -> None:
    short = {**SMALL, "options": {**SMALL["options"], "self_checks": False}}
    run = service.submit(candidate={"engine": "sglang"}, suite=None, workloads=[short])
    finished = service.finished(run["id"], timeout_s=600)
    found = checks(service.report(run["id"]))
    assert {"tokens", "prefill", "decode"} <= found.keys()
    assert found["prefill"]["value"] < 1e-4
    assert finished["verdict"] == "pass"


@pytest.mark.slow
def test_sglang_serves_the_same_model_as_transformers(service: Service) -> None:
    run = service.submit(candidate={"engine": "sglang"}, suite="demo-parity")
    assert [job["role"] for job in run["jobs"]] == ["candidate", "baseline", "chunked"]
    finished = service.finished(run["id"], timeout_s=600)
    report = service.report(run["id"])
    found = checks(report)
    assert list(found) == ["tokens", "prefill", "decode", "output", "batch", "cache", "chunk"]
    assert found["prefill"]["value"] < 1e-4
    assert {check["verdict"] for check in found.values()} == {"pass"}
    assert finished["verdict"] == "pass"
    assert job_of(finished, "chunked")["facts"]["command"].count("--chunked-prefill-size=128") == 1
    told = {job["role"]: job["facts"]["workload:parity"]["served dtype"] for job in finished["jobs"]}
    assert told == {"candidate": "float32", "baseline": "float32", "chunked": "float32"}
    assert (
        "scored" not in str(job_of(finished, "candidate")["progress"]["parity"])
        or not job_of(finished, "candidate")["progress"]["parity"]["scored"]
    )


@pytest.mark.slow
def test_bfloat16_is_held_against_float32_beside_an_accuracy_benchmark_and_rescoring_keeps_what_was_found(
    service: Service,
) -> None:
    engine = {"engine": "hf", "dtype": "bfloat16"}
    run = service.submit(candidate=engine, baseline=engine, suite=None, workloads=[SMALL, GSM8K])
    assert [job["role"] for job in run["jobs"]] == ["candidate", "baseline", "reference"]
    finished = service.finished(run["id"], timeout_s=600)
    report = service.report(run["id"])
    prefill = checks(report)["prefill"]
    assert prefill["verdict"] == "pass"
    assert prefill["floor"] > 1e-4
    assert "chunk" not in checks(report)
    (reference,) = report["companions"]
    assert (reference["engine"], reference["settings"]["dtype"], reference["error"]) == ("hf", "float32", None)
    assert list(job_of(finished, "reference")["progress"]) == ["parity"]
    assert sum(row["workload"] == "gsm8k" and row["decides"] for row in report["comparisons"]) == 1
    page = httpx.get(
        finished["links"]["page"], headers={"Authorization": f"Bearer {(service.home / 'token').read_text().strip()}"}
    )
    assert "Further jobs" in page.text
    rescored = service.command("rescore", run["id"], "--scorer", "flexible-extract")
    assert "rescored with flexible-extract" in rescored.stdout, rescored.stdout + rescored.stderr
    with service.http as client:
        again = client.get(f"/submissions/{run['id']}/report", params={"scorer": "flexible-extract"}).json()
    assert again["parity"] == report["parity"]
    assert again["companions"] == report["companions"]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_asks_only_what_was_not_heard(service: Service) -> None:
    alone = {**SMALL, "options": {**SMALL["options"], "self_checks": False}}
    run = service.submit(suite=None, workloads=[alone])
    service.wait(run["id"], lambda now: done(now, "candidate") >= 10)
    candidate = job_of(run, "candidate")["id"]
    before = heard(service, candidate)
    assert before >= 5
    service.worker().kill()
    finished = service.finished(run["id"], timeout_s=600)
    job = job_of(finished, "candidate")
    assert (job["state"], job["attempt"] >= 2) == ("succeeded", True)
    assert heard(service, candidate, 1) >= before
    assert heard(service, candidate, 1) < heard(service, candidate)
    report = service.report(run["id"])
    assert report["verdict"] == "pass", report["reasons"]


@pytest.mark.slow
def test_there_are_no_samples_and_the_command_line_says_so(service: Service) -> None:
    run = service.submit(suite=None, workloads=[SMALL], model="/nowhere")
    told = service.command("samples", run["id"])
    assert told.returncode != 0
    assert "has no dataset" in told.stderr + told.stdout
    error = job_of(service.finished(run["id"], timeout_s=60), "candidate")["error"]
    assert error["code"] == "model_not_found"
