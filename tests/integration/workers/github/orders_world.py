"""Short ways to follow what a command brought about."""

from __future__ import annotations

from db.claims import claim_job, end_job
from db.jobs import jobs_of
from db.runs import RunRecord, finish_run, lock_run
from db.session import transaction
from db.states import JobState, RunState
from db.tables import Run


def ended(run: RunRecord, verdict: str = "pass", state: JobState = JobState.SUCCEEDED) -> None:
    """Let a run end as its worker and its report would."""
    with transaction() as session:
        for job in jobs_of(session, run.id):
            claim = claim_job(
                session, job.id, worker="h/1", host="h", lease_s=60, choose=lambda job, held: [f"cpu:{len(held)}"]
            )
            assert claim is not None
            lock_run(session, run.id)
            end_job(session, claim.lease, state, error=None)
        finish_run(session, run.id)
        row = session.get_one(Run, run.id)
        row.state, row.verdict, row.headline = RunState.FINISHED, verdict, "as told"
        row.finished_at = row.created_at
