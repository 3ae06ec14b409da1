"""Jobs whose work is scripted, run by the Celery tasks."""

from __future__ import annotations

import pytest

from db.claims import Claim
from db.jobs import JobRecord, get_job, note_facts
from db.samples import save_scores
from db.session import transaction
from tests.integration.db.builders import score
from workers import tasks

Messages = list[tuple[str, str]]


def work(monkeypatch: pytest.MonkeyPatch, *, raises: BaseException | None = None, value: float = 1.0) -> None:
    """Let a job's work score 300 items, or end with an error."""

    def execute(held: Claim, settings: object) -> None:
        if raises is not None:
            raise raises
        with transaction() as session:
            save_scores(session, held.lease, "gsm8k", [score(n, value if n < 30 else 1.0) for n in range(300)])
            note_facts(session, held.lease, {"workload:gsm8k": {"harness": "h"}, "model_files": "m"})

    monkeypatch.setattr(tasks, "execute", execute)


def job(job_id: str) -> JobRecord:
    with transaction() as session:
        return get_job(session, job_id)


def run_all(jobs: list[JobRecord]) -> None:
    for one in jobs:
        tasks.run_job(one.id)
