"""Short ways to make runs and claims for the tests of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from db.claims import Claim, claim_job, end_job
from db.jobs import JobRecord, get_job, jobs_of
from db.runs import RunRecord, create_run
from db.session import transaction
from db.states import JobState
from evals.plan import plan_jobs
from evals.result import Response, SampleKey, Score
from evals.spec import EngineSpec, ModelSpec, Submission


def submission() -> Submission:
    return Submission(
        model=ModelSpec(path="/models/tiny"),
        candidate=EngineSpec(kind="sglang"),
        baseline=EngineSpec(kind="hf"),
        suite="demo",
    )


def new_run(asked: Submission | None = None) -> tuple[RunRecord, list[JobRecord]]:
    asked = asked or submission()
    with transaction() as session:
        run, _ = create_run(session, submission=asked, jobs=plan_jobs(asked), token_id=None)
        return run, jobs_of(session, run.id)


def one_slot(job: JobRecord, held: frozenset[str]) -> Sequence[str] | None:
    return ["cpu:0"] if "cpu:0" not in held else None


def any_slot(job: JobRecord, held: frozenset[str]) -> Sequence[str] | None:
    return [f"cpu:{len(held)}"]


def claim(
    job_id: str,
    *,
    host: str = "host",
    lease_s: float = 30.0,
    choose: object = any_slot,
    queues: Collection[str] = (),
) -> Claim | None:
    with transaction() as session:
        return claim_job(
            session,
            job_id,
            worker=f"{host}/1/1",
            host=host,
            lease_s=lease_s,
            choose=choose,  # type: ignore[arg-type]  # tests pass functions
            queues=queues,
        )


def claimed(job_id: str, *, host: str = "host", lease_s: float = 30.0, choose: object = any_slot) -> Claim:
    """Claim a job that is there to be had."""
    held = claim(job_id, host=host, lease_s=lease_s, choose=choose)
    assert held is not None
    return held


def response(doc_id: int, text: str = "#### 4", prompt: str = "p") -> Response:
    return Response(
        key=SampleKey(task="gsm8k", doc_id=doc_id),
        prompt_sha256=prompt,
        text=text,
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=3,
        sent_at=1.0,
        ended_at=1.5,
    )


def score(doc_id: int, value: float, *, parsed: bool = True) -> Score:
    return Score(
        task="gsm8k",
        doc_id=doc_id,
        metric="exact_match,strict-match",
        value=value,
        parsed=parsed,
        extracted="4" if parsed else None,
        gold="4",
        prompt_sha256="p",
    )


def end(held: Claim | None) -> None:
    assert held is not None
    with transaction() as session:
        end_job(session, held.lease, JobState.SUCCEEDED)


def state_of(job_id: str) -> JobState:
    with transaction() as session:
        return get_job(session, job_id).state
