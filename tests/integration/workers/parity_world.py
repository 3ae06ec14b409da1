"""Runs with parity workloads whose jobs have heard something, without engines: what they heard is made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from db.claims import end_job
from db.jobs import JobRecord, get_job, jobs_of, note_facts
from db.observations import end_observation, save_observed
from db.reports import latest_report
from db.runs import create_run, finish_run, get_run
from db.session import transaction
from db.states import JobState, RunState
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.records import CHUNK, RUNNING, SERVED_DTYPE, Form, Mode, Observation, Record, Scored, Tokenized
from evals.plan import plan_jobs
from evals.result import Report
from evals.spec import EngineSpec, ModelSpec, Role, Submission
from tests.integration.db.builders import claimed
from workers import tasks

SUBMISSION = Submission(
    model=ModelSpec(path="/models/tiny"),
    candidate=EngineSpec(kind="sglang", dtype="bfloat16"),
    baseline=EngineSpec(kind="hf", dtype="bfloat16"),
    suite="parity",
)
FACTS = {"prompts_sha256": "p", "top_k": "2", "decode_tokens": "3"}
PROMPTS = tuple(f"length/{number}" for number in range(40))
LONG = 300  # tokens: more than a chunk


def scored(n: int, shift: float) -> Scored:
    """Return n tokens of which each is the most probable one."""
    logprobs = tuple(-0.5 - shift * (1 + index % 7) for index in range(n))
    return Scored(
        token_ids=tuple(index % 50 for index in range(n)),
        logprobs=logprobs,
        top_ids=tuple((index % 50, 77) for index in range(n)),
        top_logprobs=tuple((logprob, -2.0 - shift) for logprob in logprobs),
    )


def record(prompt: str, mode: Mode, shift: float) -> Record:
    ids = (49, *(index % 50 for index in range(LONG - 1)))
    return Record(
        prompt=prompt, mode=mode, prompt_ids=ids, start=1, prefill=scored(LONG - 1, shift), decode=scored(3, shift),
        text="abc", finish_reason="length", cached_tokens=200 if mode is Mode.CACHED else 0,
    )  # fmt: skip


def observation(
    shift: float, *, full: bool, facts: dict[str, str] | None = None, dtype: str | None = None
) -> Observation:
    """Return what a server says whose log-probabilities are off by `shift` times 1 to 7 nats; dtype: if it tells."""
    modes = tuple(Mode) if full else (Mode.ALONE,)
    return Observation(
        records=tuple(record(prompt, mode, shift) for mode in modes for prompt in PROMPTS),
        tokenized=tuple(Tokenized(prompt=prompt, form=Form.TEXT, token_ids=(1, 2)) for prompt in PROMPTS),
        facts=FACTS if facts is None else facts,
        notes={} if dtype is None else {SERVED_DTYPE: dtype},
        limits={CHUNK: 2048 if full else 128, RUNNING: 64},
    )


def parity_run(submission: Submission = SUBMISSION) -> tuple[str, dict[Role, JobRecord]]:
    with transaction() as session:
        run, _ = create_run(session, submission=submission, jobs=plan_jobs(submission), token_id=None)
        return run.id, {job.role: job for job in jobs_of(session, run.id)}


def hear(job: JobRecord, heard: Observation, *, model_files: str = "m") -> None:
    """Let a job hear something and succeed."""
    held = claimed(job.id)
    with transaction() as session:
        note_facts(session, held.lease, {"model_files": model_files})
        save_observed(session, held.lease, "parity", [*heard.records, *heard.tokenized])
        end_observation(session, held.lease, "parity", heard)
        end_job(session, held.lease, JobState.SUCCEEDED)


def fail(job: JobRecord, message: str, state: JobState = JobState.FAILED) -> None:
    """Let a job end without success."""
    held = claimed(job.id)
    error: dict[str, Any] = {"code": "out_of_memory", "message": message, "remedy": "take less", "details": {}}
    with transaction() as session:
        end_job(session, held.lease, state, error=error)


def finish(run_id: str) -> bool:
    with transaction() as session:
        return finish_run(session, run_id)


def again(job: JobRecord) -> JobRecord:
    with transaction() as session:
        return get_job(session, job.id)


def with_options(submission: Submission, **options: Any) -> Submission:
    workload = replace(plan_jobs(submission)[0].workloads[0], options=options)
    return replace(submission, suite="custom", workloads=(workload,))


FLOOR, ERROR = 0.01, 0.012


def report_of_run(run_id: str) -> Report:
    tasks.write_report(run_id)
    with transaction() as session:
        assert get_run(session, run_id).state == RunState.FINISHED
        return latest_report(session, run_id)


def check(result: ParityResult, name: str) -> ParityCheck:
    return next(check for check in result.checks if check.name == name)


def heard_by_all(*, without: Role | None = None) -> tuple[str, dict[Role, JobRecord]]:
    run_id, jobs = parity_run()
    shifts = {Role.CANDIDATE: ERROR, Role.BASELINE: FLOOR, Role.REFERENCE: 0.0, Role.CHUNKED: ERROR}
    for role, job in jobs.items():
        if role is not without:
            hear(job, observation(shifts[role], full=role is Role.CANDIDATE))
    return run_id, jobs


AUTO = replace(SUBMISSION, candidate=EngineSpec(kind="sglang", device="cuda", gpus=1),
               baseline=EngineSpec(kind="hf", device="cuda", gpus=1))  # fmt: skip
