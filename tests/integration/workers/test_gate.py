"""Early stopping on a real Postgres: what one job stores decides for the other, also after a worker was killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from db.baselines import list_baselines
from db.claims import Claim
from db.jobs import note_facts
from db.lineages import results_of
from db.reports import latest_report
from db.samples import responses_to, save_responses, save_scores
from db.session import transaction
from evals.accuracy.gate import Gate
from evals.result import Response, Verdict
from evals.spec import EngineSpec, ModelSpec, Submission
from tests.integration.db.builders import claim, new_run
from tests.unit.evals.accuracy.gate_world import answers, benchmark, every, only
from workers import tasks
from workers.gate import StoredAnswers, gate_of, order_fact

pytestmark = pytest.mark.usefixtures("database", "redis_url")

SUBMISSION = Submission(
    model=ModelSpec(path="/models/tiny"), candidate=EngineSpec(kind="sglang"), baseline=EngineSpec(kind="hf"),
    suite="demo",
)  # fmt: skip
GATE = replace(SUBMISSION, early_stop=True)
BAD = every(3)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("enqueue_job", "enqueue_report", "enqueue_analysis"):
        monkeypatch.setattr(tasks, name, lambda *_: None, raising=False)


def both(submission: Submission = GATE) -> tuple[str, Claim, Claim]:
    run, jobs = new_run(submission)
    ours, theirs = (claim(job.id) for job in jobs)
    assert ours is not None
    assert theirs is not None
    return run.id, ours, theirs


def save(held: Claim, found: Iterable[Response]) -> None:
    with transaction() as session:
        save_responses(session, held.lease, [("gsm8k", one) for one in found], {})


def opened(held: Claim) -> tuple[Gate, StoredAnswers]:
    found = gate_of(held, held.job.spec.workloads[0], benchmark())
    assert found is not None
    return found


def finish(held: Claim, kept: dict[Any, Response], gate: Gate) -> None:
    """End a job as its worker would, with the scores of what it has answered."""
    with transaction() as session:
        save_scores(session, held.lease, "gsm8k", benchmark().judge(kept))
        note_facts(session, held.lease, {order_fact(held.job.spec.workloads[0]): gate.order.as_json()})
        note_facts(session, held.lease, {"workload:gsm8k": {"items": "300"}, "model_files": "m", "hardware": "h"})
    tasks._end(held, tasks.JobState.SUCCEEDED, None)


@pytest.mark.parametrize(("wrong", "verdict"), [(frozenset(), Verdict.PASS), (BAD, Verdict.FAIL)])
def test_what_one_side_has_stored_ends_the_other_and_the_report_says_after_how_many(
    wrong: frozenset[int], verdict: Verdict
) -> None:
    run_id, ours, theirs = both()
    save(ours, answers(wrong).values())
    gate, _ = opened(theirs)
    assert gate.know(answers())
    assert gate.decided_at is not None
    beginning = {number for _, number in gate.order.items[: gate.decided_at]}
    save(theirs, only(answers(), beginning).values())
    back, _ = opened(ours)
    assert back.know(answers(wrong))
    assert back.decided_at == gate.decided_at
    finish(ours, answers(wrong), back)
    finish(theirs, only(answers(), beginning), gate)
    tasks.write_report(run_id)
    with transaction() as session:
        report = latest_report(session, run_id)
        assert results_of(session, run_id) == []
        assert list_baselines(session) == []
    assert report.verdict is verdict
    assert report.comparisons[0].decided_after == gate.decided_at < 200
    assert f"decided after {gate.decided_at:,} of 300 items" in report.reasons[0]


def test_a_killed_worker_s_job_goes_on_in_its_order_to_the_same_decision() -> None:
    _, ours, theirs = both()
    save(ours, answers().values())
    gate, _ = opened(theirs)
    half = {number for _, number in gate.order.items[:40]}
    save(theirs, only(answers(), half).values())
    assert not gate.know(only(answers(), half))
    again, _ = opened(theirs)
    assert again.order.items == gate.order.items
    assert again.know(answers())
    assert gate.know(answers())
    assert again.decided_at == gate.decided_at


def test_while_it_runs_the_other_side_is_read_by_a_thread_that_nobody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.gate._EVERY_S", 0.02)
    _, ours, theirs = both()
    _, other = opened(theirs)
    wanted = [("gsm8k", number) for number in range(5)]
    with other:
        assert other.answers(wanted) == []
        save(ours, only(answers(), {0, 1, 7}).values())
        found = until(lambda: other.answers(wanted))
    assert {one.key.doc_id for one in found} == {0, 1}
    with transaction() as session:
        assert responses_to(session, ours.job.id, "gsm8k", []) == []


def test_a_reader_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.gate._EVERY_S", 0.02)
    _, ours, theirs = both()
    _, other = opened(theirs)
    save(ours, only(answers(), {0}).values())
    read, failures = other._read, []

    def flaky(wanted: Any) -> list[Response]:
        if wanted and len(failures) < 2:
            failures.append(wanted)
            raise OSError("Postgres is away")
        return read(wanted)

    monkeypatch.setattr(other, "_read", flaky)
    with other:
        assert until(lambda: other.answers([("gsm8k", 0)]))
    assert len(failures) == 2


def test_only_workloads_that_may_stop_early_and_only_sides_have_a_gate() -> None:
    _, ours, _ = both(SUBMISSION)
    assert gate_of(ours, ours.job.spec.workloads[0], benchmark()) is None
    _, ours, theirs = both()
    assert ours.job.spec.workloads[0].early_stop
    orders = {opened(held)[0].order.items for held in (ours, theirs)}
    assert len(orders) == 1
    _, another, _ = both()
    assert opened(another)[0].order.items not in orders


def until(find: Callable[[], list[Response]]) -> list[Response]:
    deadline = time.monotonic() + 10
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found
