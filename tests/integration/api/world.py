"""Runs in any state, made with the store's own verbs, as a worker would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.claims import Claim, claim_job, end_job
from db.jobs import JobRecord, enter_phase, jobs_of, note_facts, renew_lease
from db.reports import save_report
from db.runs import create_run, finish_run
from db.samples import save_responses, save_scores
from db.session import transaction
from db.states import JobState, Phase
from db.tokens import TokenRole, create_token
from evals.compare import compare_workload
from evals.plan import plan_jobs
from evals.result import Response, SampleKey, Score, SideSummary
from evals.spec import EngineSpec, ModelSpec, Submission
from evals.verdict import build_report

PATH = "/api/v1/submissions"
BODY = {"model": "/models/demo", "candidate": {"engine": "sglang"}, "suite": "demo", "limit": 10}
METRIC = "exact_match,strict-match"
PATTERN_CANDIDATE = [True] * 6 + [False] * 4
PATTERN_BASELINE = [False] + [True] * 7 + [False] * 2
HOSTILE = '<script>alert("answer")</script><img src=x onerror=alert(1)>'
SUBMISSION = Submission(
    model=ModelSpec(path="/models/demo-text"),
    candidate=EngineSpec(kind="sglang", args={"mem-fraction-static": 0.5}),
    baseline=EngineSpec(kind="hf"),
    suite="demo",
    tags=("nightly",),
)


def token_of(role: TokenRole) -> str:
    with transaction() as session:
        return create_token(session, name=f"a {role.value}", role=role)[1]


def queued_run(submission: Submission = SUBMISSION) -> tuple[str, list[JobRecord]]:
    with transaction() as session:
        run, _ = create_run(session, submission=submission, jobs=plan_jobs(submission), token_id=None)
        return run.id, jobs_of(session, run.id)


def claim(job: JobRecord) -> Claim:
    with transaction() as session:
        found = claim_job(
            session, job.id, worker="h/1", host="h", lease_s=60, choose=lambda job, held: [f"cpu:{len(held)}"]
        )
    assert found is not None
    return found


def evaluating(found: Claim, done: int, right: int, total: int = 40) -> None:
    progress = {"gsm8k": {"done": done, "total": total, "right": right, "scored": done}}
    with transaction() as session:
        for phase in (Phase.PREPARING, Phase.LAUNCHING, Phase.EVALUATING):
            enter_phase(session, found.lease, phase)
        renew_lease(session, found.lease, lease_s=60, progress=progress)


def answer(found: Claim, verdicts: Sequence[bool], text: str) -> list[Score]:
    """Save an answer and a score for each item, with a few-shot prompt."""
    responses, prompts, scores = [], {}, []
    for doc_id, right in enumerate(verdicts):
        sha = f"{doc_id:064x}"
        prompts[sha] = f"Question: an example?\nAnswer: #### 1\n\nQuestion: {doc_id} & {HOSTILE}?\nAnswer:"
        key = SampleKey(task="gsm8k", doc_id=doc_id)
        extracted = "42" if right else "41"
        responses.append(("gsm8k", _response(key, sha, f"{text} #### {extracted}")))
        scores.append(
            Score(
                task="gsm8k",
                doc_id=doc_id,
                metric=METRIC,
                value=float(right),
                parsed=doc_id != 7,
                extracted=None if doc_id == 7 else extracted,
                gold="42",
                prompt_sha256=sha,
            )
        )
    with transaction() as session:
        save_responses(session, found.lease, responses, prompts)
        save_scores(session, found.lease, "gsm8k", scores)
    return scores


def _response(key: SampleKey, sha: str, text: str) -> Response:
    return Response(
        key=key,
        prompt_sha256=sha,
        text=text,
        finish_reason="stop",
        prompt_tokens=300,
        completion_tokens=40,
        sent_at=100.0,
        ended_at=100.25,
    )


def finished_run(
    candidate: Sequence[bool], baseline: Sequence[bool], *, text: str = "So", submission: Submission = SUBMISSION
) -> str:
    """Return a run whose sides answered, right or wrong, as given, and whose report is saved."""
    run_id, jobs = queued_run(submission)
    scores = {}
    for job, verdicts in zip(jobs, (candidate, baseline), strict=True):
        found = claim(job)
        evaluating(found, len(verdicts), sum(verdicts), len(verdicts))
        scores[job.role] = answer(found, verdicts, text)
        with transaction() as session:
            note_facts(
                session, found.lease, {"versions": {"torch": "2.13.0", "sglang": "0.5.23"}, "hardware": "2 cores"}
            )
            end_job(session, found.lease, JobState.SUCCEEDED)
    rows = compare_workload(
        workload=jobs[0].spec.workloads[0], candidate=scores["candidate"], baseline=scores["baseline"]
    )
    _save(run_id, rows, [_side(job, "succeeded") for job in jobs])
    return run_id


def failed_run(error: dict[str, Any]) -> str:
    """Return a run whose candidate failed and whose report says so."""
    run_id, jobs = queued_run()
    for job, state in zip(jobs, (JobState.FAILED, JobState.SUCCEEDED), strict=True):
        found = claim(job)
        with transaction() as session:
            enter_phase(session, found.lease, Phase.PREPARING)
            end_job(session, found.lease, state, error=error if state == JobState.FAILED else None)
    _save(run_id, (), [_side(jobs[0], "failed", error), _side(jobs[1], "succeeded")])
    return run_id


def _save(run_id: str, rows: Any, sides: list[SideSummary]) -> None:
    with transaction() as session:
        assert finish_run(session, run_id)
        report = build_report(
            run_id=run_id,
            suite="demo",
            comparisons=rows,
            candidate=sides[0],
            baseline=sides[1],
            created_at="2026-01-31T12:00:00+00:00",
            plumbline_version="0.1.0",
        )
        assert save_report(session, report)


def _side(job: JobRecord, state: str, error: dict[str, Any] | None = None) -> SideSummary:
    kind = job.spec.engine.kind
    version = {"sglang": {"sglang": "0.5.23"}, "hf": {"transformers": "5.19.0"}}[kind]
    return SideSummary(
        role=job.role,
        engine=kind,
        model=job.spec.model.path,
        state=state,
        versions={"torch": "2.13.0", **version},
        hardware="2 cores",
        settings={"dtype": job.spec.engine.dtype},
        timings_s={"launching": 12.0, "evaluating": 20.0},
        error=error,
    )
