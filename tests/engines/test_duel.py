"""A serving duel on real engines through the whole service: measured, interrupted, cancelled, judged and shown."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from db.settings import Settings
from db.tables import DeviceHold, StoredPass
from tests.engines.service import Service, done, job_of
from workers.gpus import list_gpus

pytestmark = [pytest.mark.engines, pytest.mark.alone]

ROUNDS = 4
OPTIONS: dict[str, Any] = {
    "concurrency": "4", "requests": 24, "input_len": "128", "output_len": "16", "min_rounds": ROUNDS,
    "max_rounds": ROUNDS, "max_warmups": 2,
}  # fmt: skip
SMALL: dict[str, Any] = {"benchmark": "serving", "margin": 0.5, "options": OPTIONS}
LONG = {**SMALL, "options": {**OPTIONS, "min_rounds": 20, "max_rounds": 20}}


def stored(service: Service, job_id: str) -> dict[int, int]:
    """Return how many passes each attempt at a job has stored."""
    query = sa.select(StoredPass.attempt).where(StoredPass.job_id == job_id)
    with service.connected() as connection:
        return dict(Counter(connection.scalars(query)))


def held(service: Service) -> list[str]:
    with service.connected() as connection:
        return sorted(connection.scalars(sa.select(DeviceHold.device)))


def engines(service: Service, kind: str = "hf_server") -> list[psutil.Process]:
    return [one for one in service.processes(kind, str(service.home)) if "keeper.py" not in " ".join(one.cmdline())]


def measuring(run: dict[str, Any]) -> bool:
    return done(run, "duel") >= 2


def deciding(report: dict[str, Any]) -> list[dict[str, Any]]:
    (result,) = report["serving"]
    return [ratio for ratio in result["ratios"] if ratio["decides"]]


def test_sglang_is_held_against_transformers_round_by_round(service: Service) -> None:
    run = service.submit(candidate={"engine": "sglang"}, suite=None, workloads=[SMALL])
    assert [job["role"] for job in run["jobs"]] == ["duel"]
    service.wait(run["id"], measuring, timeout_s=200)
    slots = Settings(home=service.home)
    everything = slots.cpu_slots + slots.remote_slots + len(list_gpus())
    assert len(held(service)) == everything, "a duel has the host for itself"
    states = Counter(one.status() for one in [*engines(service), *engines(service, "sglang.launch_server")])
    assert states[psutil.STATUS_STOPPED], "one of the two rests whenever a pass is measured"
    finished = service.finished(run["id"], timeout_s=400)
    duel, report = job_of(finished, "duel"), service.report(run["id"])
    assert duel["state"] == "succeeded", duel["error"]
    assert {ratio["name"] for ratio in deciding(report)} == {"ttft_p50", "output_tokens_per_s"}
    for ratio in deciding(report):
        assert len(ratio["rounds"]) >= ROUNDS, report["serving"][0]["notes"]
        assert ratio["low"] < ratio["value"] < ratio["high"]
    assert stored(service, duel["id"]) == {1: len(report["serving"][0]["passes"])}
    assert report["verdict"] in ("pass", "fail", "inconclusive")
    assert report["candidate"]["versions"]["sglang"]
    assert report["baseline"]["versions"]["transformers"]
    assert report["candidate"]["hardware"] == report["baseline"]["hardware"]
    assert service.engines() == []
    assert held(service) == []


@pytest.mark.slow
def test_launching_in_turn_measures_each_side_with_the_other_gone(service: Service) -> None:
    run = service.submit(suite=None, workloads=[{**SMALL, "options": {**OPTIONS, "launch": "alternate"}}])
    most = 0

    def ended(now: dict[str, Any]) -> bool:
        nonlocal most
        most = max(most, len(engines(service)))
        return bool(now["state"] == "finished")

    duel = job_of(service.wait(run["id"], ended, timeout_s=580), "duel")
    assert duel["state"] == "succeeded", duel["error"]
    assert most == 1
    launches = {side: len(facts["launches_s"]) for side, facts in duel["facts"]["sides"].items()}
    assert min(launches.values()) >= ROUNDS
    assert all(len(ratio["rounds"]) >= ROUNDS for ratio in deciding(service.report(run["id"])))
    assert service.engines() == []


@pytest.mark.slow
def test_a_cancelled_duel_ends_within_seconds_and_leaves_nothing(service: Service) -> None:
    run = service.submit(suite=None, workloads=[LONG])
    service.wait(run["id"], measuring)
    began = time.monotonic()
    assert service.command("cancel", run["id"]).returncode == 0
    finished = service.finished(run["id"], timeout_s=60)
    assert job_of(finished, "duel")["state"] == "cancelled"
    assert time.monotonic() - began < 20
    assert service.engines() == []
    assert not [one for one in service.worker().children(recursive=True) if "evals.duel.apart" in one.cmdline()]
    assert stored(service, job_of(finished, "duel")["id"])[1] >= 2


@pytest.mark.slow
def test_a_killed_worker_leaves_no_resting_engine_and_the_next_attempt_begins_anew(service: Service) -> None:
    run = service.submit(suite=None, workloads=[SMALL])
    before = job_of(service.wait(run["id"], measuring), "duel")["id"]
    old = {one.pid for one in engines(service)}
    assert len(old) == 2
    service.worker().kill()
    finished = service.finished(run["id"], timeout_s=300)
    duel, report = job_of(finished, "duel"), service.report(run["id"])
    assert (duel["state"], duel["attempt"]) == ("succeeded", 2)
    assert not any(psutil.pid_exists(pid) for pid in old)
    found = stored(service, before)
    assert found[1] >= 2
    assert found[2] == len(report["serving"][0]["passes"])
    assert {one["round"] for one in report["serving"][0]["passes"]} >= set(range(ROUNDS))


@pytest.mark.slow
@pytest.mark.parametrize("status", [psutil.STATUS_STOPPED, psutil.STATUS_SLEEPING])
def test_an_engine_that_dies_at_rest_or_at_work_is_named_and_the_duel_is_tried_again(
    service: Service, status: str
) -> None:
    run = service.submit(suite=None, workloads=[SMALL])
    service.wait(run["id"], measuring)

    def kill_one() -> bool:
        for one in engines(service):
            if (one.status() == psutil.STATUS_STOPPED) == (status == psutil.STATUS_STOPPED):
                one.send_signal(signal.SIGKILL)
                return True
        return False

    while not kill_one():
        time.sleep(0.01)
    error = job_of(service.wait(run["id"], lambda now: job_of(now, "duel")["error"] is not None), "duel")["error"]
    assert error["details"]["side"] in ("candidate", "baseline")
    assert error["message"].startswith(f"the {error['details']['side']} (hf): ")
    finished = service.finished(run["id"], timeout_s=300)
    assert job_of(finished, "duel")["state"] == "succeeded"
    assert finished["verdict"] != "error"
    assert service.engines() == []


@pytest.mark.slow
def test_an_engine_that_cannot_start_ends_the_duel_and_the_report_says_which(service: Service) -> None:
    baseline = {"engine": "hf", "args": {"no-such-argument": 1}}
    run = service.submit(suite=None, workloads=[SMALL], baseline=baseline)
    finished = service.finished(run["id"], timeout_s=120)
    assert finished["verdict"] == "error"
    assert "the baseline (hf): " in service.report(run["id"])["headline"]
    assert job_of(finished, "duel")["attempt"] == 1
    assert service.engines() == []
