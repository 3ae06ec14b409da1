"""A run's report of a duel on a real Postgres: what counts, and who is described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from db.codec import to_json
from db.lineages import record_results, results_of
from db.session import transaction
from db.tables import Job
from evals.duel.results import GpuUse
from evals.plan import load_suite
from evals.result import Verdict
from evals.spec import EngineSpec, Role
from tests.integration.workers.duel_world import (
    ROUNDS,
    SIDES,
    SUBMISSION,
    WITH_GSM8K,
    answer,
    break_off,
    duel_run,
    finish,
    measure,
    passes,
    report_of_run,
)
from tests.unit.evals.serving_values import GPU
from workers.judging_duel import unwatched
from workers.reporting import report_of

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def changed(side: str, **facts: Any) -> dict[str, dict[str, Any]]:
    return {**SIDES, side: {**SIDES[side], **facts}}


def test_a_run_with_nothing_but_a_duel_gets_its_verdict_and_both_engines_are_described() -> None:
    run_id, jobs = duel_run()
    assert list(jobs) == [Role.DUEL]
    measure(jobs[Role.DUEL], passes(1.0))
    report = report_of_run(run_id)
    (result,) = report.serving
    assert report.verdict is Verdict.PASS
    assert report.headline == result.headline
    assert [(row.metric.name, row.verdict) for row in report.comparisons] == [
        ("ttft_p50", Verdict.PASS),
        ("output_tokens_per_s", Verdict.PASS),
    ]
    assert all(len(ratio.rounds) == ROUNDS for ratio in result.ratios)
    assert "a note" in result.notes
    assert list(result.facts.items())[:2] == [("output lengths", "forced"), ("load", "16 requests")]
    ours, theirs = report.candidate, report.baseline
    assert (ours.engine, ours.versions, ours.hardware) == ("sglang", {"sglang": "0.5.23"}, "2 cores")
    assert ours.settings["--mem-fraction-static"] == 0.5
    assert (theirs.engine, theirs.versions, theirs.timings_s) == ("hf", {"torch": "2.13"}, {"launching": 17.0})
    assert [(side.role, side.engine) for side in report.companions] == [("duel", "sglang against hf")]


def test_a_slower_candidate_fails_the_run() -> None:
    run_id, jobs = duel_run()
    measure(jobs[Role.DUEL], passes(1.3))
    report = report_of_run(run_id)
    assert report.verdict is Verdict.FAIL
    assert {row.verdict for row in report.comparisons} == {Verdict.FAIL}


def test_what_an_earlier_attempt_measured_does_not_count() -> None:
    run_id, jobs = duel_run()
    break_off(jobs[Role.DUEL], passes(1.3))
    measure(jobs[Role.DUEL], passes(1.0))
    report = report_of_run(run_id)
    assert report.verdict is Verdict.PASS
    assert len(report.serving[0].passes) == 2 * ROUNDS
    assert report.candidate.settings["attempts"] == 2


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"model_files": "other"}, "weights differ: other for the candidate, m for the baseline"),
        ({"hardware_class": "96 cores"}, "hardware differs: 96 cores for the candidate, 2 cores for the baseline"),
        ({"driver": "570"}, "driver differs: 570 for the candidate, none for the baseline"),
        ({"client_version": "plumbline 9"}, "client differs: plumbline 9 for the candidate"),
    ],
)
def test_other_model_files_or_hardware_are_never_compared(facts: dict[str, str], words: str) -> None:
    run_id, jobs = duel_run()
    measure(jobs[Role.DUEL], passes(1.0), changed("candidate", **facts))
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCOMPARABLE
    assert words in report.headline
    assert report.serving[0].verdict is Verdict.INCOMPARABLE
    assert len(report.serving[0].passes) == 2 * ROUNDS


def with_engines(**engines: EngineSpec) -> tuple[str, dict[Role, Any]]:
    return duel_run(replace(SUBMISSION, **engines))  # type: ignore[arg-type]  # by name


REMOTE = EngineSpec(kind="remote", base_url="http://127.0.0.1:1")
UNSEEN = {"hardware": "not known: a remote engine"}


@pytest.mark.parametrize("side", ["candidate", "baseline"])
@pytest.mark.parametrize("slowdown", [1.0, 1.3])
def test_one_remote_side_is_neither_pass_nor_fail_and_says_why(side: str, slowdown: float) -> None:
    run_id, jobs = with_engines(**{side: REMOTE})
    measure(jobs[Role.DUEL], passes(slowdown), {**SIDES, side: UNSEEN})
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert f"the {side} is a remote engine: its hardware is not known, and it did not rest" in report.headline
    assert {row.verdict for row in report.comparisons} == {Verdict.INCONCLUSIVE}
    assert all(ratio.value is not None for ratio in report.serving[0].ratios if ratio.decides)


def test_two_remote_sides_are_judged_and_it_is_said_that_neither_rested() -> None:
    run_id, jobs = with_engines(candidate=REMOTE, baseline=replace(REMOTE, base_url="http://127.0.0.1:2"))
    measure(jobs[Role.DUEL], passes(1.3), {"candidate": UNSEEN, "baseline": UNSEEN})
    report = report_of_run(run_id)
    assert report.verdict is Verdict.FAIL
    assert "neither rested; the hardware of remote engines is not known" in report.serving[0].notes


@pytest.mark.parametrize("gpus", [(), (GPU,)])
def test_gpus_that_nobody_watched_are_a_note(gpus: tuple[GpuUse, ...]) -> None:
    on_gpu = EngineSpec(kind="sglang", device="cuda", gpus=1)
    run_id, jobs = with_engines(candidate=on_gpu, baseline=on_gpu)
    measure(jobs[Role.DUEL], [replace(one, gpus=gpus) for one in passes(1.0)])
    notes = " ".join(report_of_run(run_id).serving[0].notes)
    assert ("the GPUs were not watched: " in notes) == (not gpus)


def test_passes_without_a_look_at_the_gpus_are_counted_and_a_cpu_has_none() -> None:
    measured = passes(1.0)
    assert unwatched(0, measured) == ()
    (note,) = unwatched(1, [replace(measured[0], gpus=(GPU,)), *measured[1:]])
    assert f"not watched in {2 * ROUNDS - 1} of {2 * ROUNDS} passes" in note
    assert unwatched(1, [replace(measured[0], round=-1)]) == ()


def test_accuracy_and_serving_decide_together_and_a_further_report_keeps_what_the_duel_found() -> None:
    run_id, jobs = duel_run(WITH_GSM8K)
    answer(Role.CANDIDATE, jobs, value=0.0)
    answer(Role.BASELINE, jobs)
    measure(jobs[Role.DUEL], passes(1.0))
    report = report_of_run(run_id)
    assert report.verdict is Verdict.FAIL
    assert [row.workload for row in report.comparisons if row.decides] == ["gsm8k", "serving", "serving"]
    assert "gsm8k" in report.headline
    kept = replace(report, serving=(replace(report.serving[0], headline="as it was found"),))
    with transaction() as session:
        again = report_of(session, run_id, kept=kept)
    assert again.serving == kept.serving
    assert again.comparisons == report.comparisons


def test_parity_beside_a_duel_is_no_result_of_the_duel_and_values_without_a_number_are_stored() -> None:
    run_id, jobs = duel_run()
    measure(jobs[Role.DUEL], passes(1.0))
    finish(run_id)
    with transaction() as session:
        report = report_of(session, run_id)
    held, row = report.fingerprints[0], report.comparisons[0]
    parity = replace(load_suite("demo-parity")[0], name="parity")
    spec = replace(jobs[Role.DUEL].spec, workloads=(*jobs[Role.DUEL].spec.workloads, parity))
    report = replace(
        report,
        fingerprints=(held, replace(held, workload="parity")),
        comparisons=(
            replace(row, difference=float("nan")), *report.comparisons[1:], replace(row, workload="parity")
        ),
    )  # fmt: skip
    with transaction() as session:
        session.execute(sa.update(Job).where(Job.id == jobs[Role.DUEL].id).values(spec=to_json(spec)))
        record_results(session, report)
        (result,) = results_of(session, run_id)
    assert result.workload == "serving"
    assert [value["difference"] is None for value in result.metrics.values()].count(True) == 1
