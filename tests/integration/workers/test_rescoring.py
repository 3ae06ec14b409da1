"""Rescoring a run against a stored baseline on a real Postgres: only what the run itself compares is judged again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.claims import end_job
from db.jobs import JobRecord, note_facts
from db.samples import save_responses
from db.session import transaction
from db.settings import settings
from db.states import JobState
from evals.plan import load_suite
from evals.result import Verdict
from evals.spec import CUSTOM_SUITE, Role
from tests.integration.db.builders import claimed
from tests.integration.workers.baseline_world import DEMO, FACTS, PLAIN, against_run, reported, submitted
from tests.unit.evals.accuracy.gate_world import answers, benchmark, every
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")

OTHER = replace(DEMO, name="another", metric="exact_match,flexible-extract")


def answer(job: JobRecord, wrong: frozenset[int] = frozenset()) -> None:
    """Let a job answer the demo's items and succeed; what it noted of the workload "another" is none of today's."""
    held = claimed(job.id)
    with transaction() as session:
        save_responses(session, held.lease, [("gsm8k", one) for one in answers(wrong).values()], {})
        told = {"workload:gsm8k": {**benchmark().facts, "items": "300"}, "workload:another": {"items_sha256": "gone"}}
        note_facts(session, held.lease, {**FACTS, **told})
        end_job(session, held.lease, JobState.SUCCEEDED)


def test_workloads_of_the_other_run_that_this_one_has_not_are_left_alone() -> None:
    both = replace(PLAIN, suite=CUSTOM_SUITE, workloads=(*load_suite("demo"), OTHER))
    stored, jobs = submitted(both)
    for role in (Role.CANDIDATE, Role.BASELINE):
        answer(jobs[role])
    reported(stored)
    run_id, jobs = submitted(against_run(stored))
    answer(jobs[Role.CANDIDATE], every(3))
    reported(run_id)
    report = rescore_run(run_id, "flexible-extract", settings())
    assert report.verdict is Verdict.FAIL
    assert [(row.workload, row.filter) for row in report.comparisons if row.decides] == [("gsm8k", "flexible-extract")]
