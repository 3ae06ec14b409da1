"""Write a finished run into the store with its own verbs, as its two workers and the report's task would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from db.claims import Claim, claim_job, end_job
from db.history import save_points
from db.jobs import JobRecord, enter_phase, jobs_of, note_facts, renew_lease
from db.reports import save_report
from db.runs import create_run, finish_run
from db.samples import save_responses, save_scores
from db.session import transaction
from db.states import JobState, Phase
from db.tables import Job, Run
from evals.plan import plan_jobs
from evals.result import Response, SampleKey, Score
from evals.spec import Submission
from workers.reporting import report_of

GOLD = "42"
_HOST = "night-host"
_FACTS: dict[str, Any] = {
    "versions": {"torch": "2.13.0", "sglang": "0.5.23", "transformers": "5.19.0"}, "driver": "none",
    "model_files": "5" * 64, "dtype": "float32", "client_version": "plumbline 0.1.0",
}  # fmt: skip

_PHASES = (("preparing", 0), ("launching", 2), ("evaluating", 24), ("stopping", 71))
"""Of a backdated job: which phases began how many seconds after its begin."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one side answered, right or wrong by question. wrong: the wrong result.

    texts: the answers; likelihoods: each choice's log-probability instead. Both empty where no answers are kept.
    """

    verdicts: Sequence[bool]
    texts: Sequence[str] = ()
    likelihoods: Sequence[tuple[float, ...]] = ()
    wrong: str = "41"
    error: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """A run to write. metric: "metric,filter" of its only workload. commit: of the candidate's engine."""

    submission: Submission
    workload: str
    metric: str
    questions: Sequence[str]
    sides: tuple[Side, Side]
    hardware: str
    commit: str
    ended: datetime | None = None
    gold: str = GOLD


def write(run: Written) -> str:
    """Write a run with its jobs, scores, answers and report; return its id."""
    with transaction() as session:  # one alone: no worker sees the jobs before they have ended
        stored, _ = create_run(session, submission=run.submission, jobs=plan_jobs(run.submission), token_id=None)
        for job, side in zip(jobs_of(session, stored.id), run.sides, strict=True):
            claim = claim_job(session, job.id, worker=f"{_HOST}/1/1", host=_HOST, lease_s=60, choose=_any_slot)
            assert claim is not None
            _answer(session, run, claim, side)
            state = JobState.FAILED if side.error else JobState.SUCCEEDED
            assert end_job(session, claim.lease, state, error=side.error)
        assert finish_run(session, stored.id)
        if run.ended is not None:
            _backdate(session, stored.id, run.ended)
        report = report_of(session, stored.id)
        assert save_report(session, report)
        if run.ended is not None:
            _backdate(session, stored.id, run.ended)
            save_points(session, report, finished_at=run.ended)
    return stored.id


def _any_slot(job: JobRecord, held: frozenset[str]) -> Sequence[str]:
    return [f"cpu:{len(held)}"]


def _answer(session: Session, run: Written, claim: Claim, side: Side) -> None:
    """Save what a job noted, its scores and the texts that are kept."""
    right, n = sum(side.verdicts), len(side.verdicts)
    place = {"hardware": run.hardware, "hardware_class": run.hardware}
    facts = _FACTS | place | {f"workload:{run.workload}": {"items": n, "few_shot": 5}}
    if claim.job.spec.engine.kind == "sglang":
        facts["source_commit"] = run.commit
    for phase in (Phase.PREPARING, Phase.LAUNCHING, Phase.EVALUATING):
        enter_phase(session, claim.lease, phase)
    progress = {run.workload: {"done": n, "total": n, "right": right, "scored": n}}
    renew_lease(session, claim.lease, lease_s=60, progress=progress)
    note_facts(session, claim.lease, facts)
    save_scores(session, claim.lease, run.workload, _scores(run, side))
    if side.texts or side.likelihoods:
        prompts = {_sha(question): question for question in run.questions}
        responses = [(run.workload, _response(run, item, side)) for item in range(n)]
        save_responses(session, claim.lease, responses, prompts)


def _scores(run: Written, side: Side) -> list[Score]:
    return [
        Score(
            task=run.workload, doc_id=item, metric=run.metric, value=float(right), parsed=right or item % 40 != 39,
            extracted=run.gold if right else None if item % 40 == 39 else side.wrong, gold=run.gold,
            prompt_sha256=_sha(run.questions[item]),
        )
        for item, right in enumerate(side.verdicts)
    ]  # fmt: skip


def _response(run: Written, item: int, side: Side) -> Response:
    chosen = side.likelihoods[item] if side.likelihoods else None
    return Response(
        key=SampleKey(task=run.workload, doc_id=item), prompt_sha256=_sha(run.questions[item]),
        text=side.texts[item] if side.texts else "", finish_reason=None if chosen else "stop", prompt_tokens=300,
        completion_tokens=None if chosen else 40, sent_at=100.0 + item, ended_at=100.25 + item,
        log_probabilities=chosen,
    )  # fmt: skip


def _sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _backdate(session: Session, run_id: str, ended: datetime) -> None:
    """Move a run and its jobs to the night on which they shall have ended."""
    begun = ended - timedelta(seconds=_PHASES[-1][1] + 20)
    moved = {"created_at": begun, "started_at": begun, "finished_at": ended}
    session.execute(sa.update(Run).where(Run.id == run_id).values(**moved))
    timeline = [{"phase": name, "attempt": 1, "at": begun.timestamp() + after} for name, after in _PHASES]
    session.execute(sa.update(Job).where(Job.run_id == run_id).values(timeline=timeline, **moved))
