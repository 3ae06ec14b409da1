"""Points on a real Postgres: written with their report, replaced by a newer one, filled in from stored reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

import db.history
from db.codec import to_json
from db.history import (
    UnknownLineageError,
    backfill_points,
    lineages,
    lineages_to_analyse,
    points_in,
    points_to_read,
    save_points,
)
from db.jobs import jobs_of, workloads_in
from db.reports import latest_report
from db.series import series_of
from db.session import transaction
from db.tables import Run
from db.tables_baselines import LineageResult, Promotion
from db.tables_history import StoredPoint
from evals.history.points import RunKind, kind_of, points_of
from evals.spec import PullRequest, Role
from tests.integration.api.world import SUBMISSION, failed_run, finished_run
from tests.integration.db.history_world import LINEAGE, METRIC, START, add_nights, add_point, the_series

pytestmark = pytest.mark.usefixtures("database")


def count() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(StoredPoint)) or 0


def test_a_report_is_saved_with_a_point_for_each_side_that_was_measured() -> None:
    run_id = finished_run([True] * 30 + [False] * 10, [True] * 36 + [False] * 4)
    with transaction() as session:
        found = lineages(session)
        expected = {("sglang", "2 cores", 1), ("hf", "2 cores", 1)}
        assert {(lineage.engine, lineage.hardware, runs) for lineage, runs, _ in found} == expected
        keys = {lineage.engine: lineage.key for lineage, _, _ in found}
        (ours,) = points_in(session, keys["sglang"])
        (theirs,) = points_in(session, keys["hf"])
        assert lineages_to_analyse(session, run_id=run_id) == sorted(keys.values())
        assert lineages_to_analyse(session, since=datetime.now(UTC) + timedelta(days=1)) == []
    assert (ours.run_id, ours.kind, ours.counted) == (run_id, RunKind.NIGHTLY, True)
    assert (ours.point.value, ours.point.n, ours.point.unit) == (0.75, 40, "share")
    assert ours.point.low is not None
    assert ours.point.low < 0.75
    assert ours.point.metric == "exact_match,strict-match"
    assert ours.point.version == "0.5.23"
    assert (theirs.point.side, theirs.point.value, theirs.counted) == (Role.BASELINE, 0.9, False)


def test_a_newer_report_replaces_its_runs_points_and_an_error_leaves_none() -> None:
    run_id = finished_run([True, False], [True, True])
    with transaction() as session:
        report = latest_report(session, run_id)
        assert save_points(session, report) == 2
    assert count() == 2
    with transaction() as session:
        assert save_points(session, replace(report, comparisons=())) == 0
    assert count() == 0
    failed_run({"code": "engine_died", "message": "it died", "remedy": "look"})
    assert count() == 0


def test_stored_reports_fill_in_points_at_the_times_of_their_runs() -> None:
    runs = [finished_run([True, False], [True, True]) for _ in range(3)]
    failed_run({"code": "engine_died", "message": "it died", "remedy": "look"})
    with transaction() as session:
        session.execute(delete(StoredPoint).where(StoredPoint.run_id != runs[2]))
        session.execute(update(Run).where(Run.id == runs[0]).values(finished_at=START))
    written, before = 0, None
    while True:
        with transaction() as session:
            more, before = backfill_points(session, before=before, limit=1)
        written += more
        if before is None:
            break
    assert written == 2
    assert count() == 6
    with transaction() as session:
        session.execute(delete(StoredPoint).where(StoredPoint.run_id == runs[1]))
        gone = to_json(replace(SUBMISSION, suite="a suite of the past"))
        session.execute(update(Run).where(Run.id == runs[1]).values(submission=gone))
        assert backfill_points(session) == (1, None)  # the jobs know what they were asked
    with transaction() as session:
        kept = select(StoredPoint.finished_at).where(StoredPoint.run_id == runs[0])
        assert set(session.scalars(kept)) == {START}


def test_why_a_run_was_made() -> None:
    pull = PullRequest(repository="a/b", number=1)
    assert kind_of(SUBMISSION) is RunKind.NIGHTLY
    assert kind_of(replace(SUBMISSION, tags=("x", "main"))) is RunKind.MAIN
    assert kind_of(replace(SUBMISSION, tags=())) is RunKind.OTHER
    assert kind_of(replace(SUBMISSION, tags=("main",), pull_request=pull)) is RunKind.PULL_REQUEST


def test_parts_of_a_benchmark_and_answers_of_other_runs_are_no_points_of_a_series() -> None:
    run_id = finished_run([True, False], [True, True])
    with transaction() as session:
        report, workloads = latest_report(session, run_id), workloads_in(jobs_of(session, run_id))
    cut = {name: replace(workload, limit=2) for name, workload in workloads.items()}
    (ours, _) = points_of(report, SUBMISSION, cut)
    assert ours.partial == "only the first 2 items of each task were asked"
    assert ours.setup == points_of(report, SUBMISSION, workloads)[0].setup
    early = replace(report, comparisons=(replace(report.comparisons[0], decided_after=2),))
    assert "stopped early" in str(points_of(early, SUBMISSION, workloads)[0].partial)
    reused = replace(report, candidate=replace(report.candidate, reused={"j1": 2}))
    assert [point.reused for point in points_of(reused, SUBMISSION, workloads)] == [True, False]


def test_a_series_reads_nights_and_accepted_mains_of_the_candidate_alone() -> None:
    add_nights([100.0] * 3)
    for kind in ("main", "pull_request", "other"):
        add_nights([200.0], first=10, kind=kind)
    add_point(300.0, 11, side="baseline")
    add_point(300.0, 12, partial="only the first 10 items")
    add_point(300.0, 13, reused=True)
    assert [round(point.value) for point in the_series().points] == [100, 100, 100]
    with transaction() as session:
        assert len(points_in(session, LINEAGE.key, metric=METRIC)) == 9
        assert len(points_in(session, LINEAGE.key, limit=2)) == 2
        with pytest.raises(UnknownLineageError):
            points_in(session, LINEAGE.key, metric="acc")


def test_an_accepted_main_is_a_point_of_the_series_and_one_that_was_not_is_none() -> None:
    accepted, _, backfilled = add_nights([100.0] * 3, kind="main")
    said = {"actor": "main passed", "reason": "it passed", "by": "rule"}
    with transaction() as session:
        for run_id, role in ((backfilled, "baseline"), (accepted, "candidate")):
            result = LineageResult(
                lineage=LINEAGE.key, model="m", workload_key="w", engine="sglang", hardware="h", run_id=run_id,
                job_id=jobs_of(session, run_id)[0].id, workload="serving", role=role, metrics={}, fingerprint={},
                fingerprint_sha256="f", tags=["main"], finished_at=START,
            )  # fmt: skip
            session.add(result)
            session.flush()
            session.add(Promotion(lineage=LINEAGE.key, result_id=result.id, action="promoted", **said))
    assert [point.run_id for point in the_series().points] == [accepted]
    with transaction() as session:
        session.add(Promotion(lineage=LINEAGE.key, result_id=result.id, action="demoted", **said))
    assert the_series().points == ()


def test_pull_requests_push_no_night_out(monkeypatch: pytest.MonkeyPatch) -> None:
    add_nights([100.0] * 3)
    add_nights([200.0] * 5, first=10, kind="pull_request")
    monkeypatch.setattr(db.history, "_MOST_NIGHTS", 3)
    monkeypatch.setattr(db.history, "_MOST_OTHERS", 2)
    with transaction() as session:
        found = points_to_read(session, LINEAGE.key)
    assert [round(record.point.value) for record in found] == [100, 100, 100, 200, 200]
    assert len(the_series().points) == 3


def test_other_settings_are_another_series() -> None:
    add_nights([100.0] * 2)
    add_nights([200.0] * 2, first=2, setup="t")
    with transaction() as session:
        series = series_of(points_in(session, LINEAGE.key))
    assert [(one.setup, len(one.points)) for one in series] == [("s", 2), ("t", 2)]


def test_the_noise_floor_comes_from_repeats_of_the_same_code() -> None:
    add_nights([100.0] * 12)
    assert the_series().noise is None
    for night in range(9):
        add_point(100.0 + 2 * (night % 3), night, kind="other")
    noise = the_series().noise
    assert noise is not None
    assert noise.repeats == 9
    assert 0.005 < noise.deviation < 0.05
