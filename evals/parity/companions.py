"""The jobs that parity workloads bring along: a float32 reference, and the candidate with small prefill chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.parity.settings import is_parity, parity_settings
from evals.spec import EngineSpec, JobSpec, Role, Submission, Workload

CHUNK_ARGUMENT = "chunked-prefill-size"


def served_dtype(engine: EngineSpec) -> str:
    """Return the dtype that an engine serves in, as far as a submission tells; "auto" where it does not."""
    if engine.dtype == "auto" and engine.device == "cpu" and engine.kind != "remote":
        return "float32"
    return engine.dtype


def companions(submission: Submission, workloads: Sequence[Workload]) -> tuple[JobSpec, ...]:
    """Return the further jobs that a submission's parity workloads need; none without such workloads."""
    parity = [workload for workload in workloads if is_parity(workload.benchmark)]
    calibrated = tuple(workload for workload in parity if parity_settings(workload).calibrate)
    checked = tuple(workload for workload in parity if parity_settings(workload).self_checks)
    jobs = []
    if calibrated and submission.baseline.kind == "hf" and served_dtype(submission.baseline) != "float32":
        engine = replace(submission.baseline, dtype="float32")
        jobs.append(_job(Role.REFERENCE, submission, engine, calibrated))
    if checked and submission.candidate.kind == "sglang":
        # One launch serves all of them: the smallest chunk divides every prompt that a larger one does.
        chunk = min(parity_settings(workload).chunk_tokens for workload in checked)
        engine = replace(submission.candidate, args={**submission.candidate.args, CHUNK_ARGUMENT: chunk})
        jobs.append(_job(Role.CHUNKED, submission, engine, checked))
    return tuple(jobs)


def _job(role: Role, submission: Submission, engine: EngineSpec, workloads: tuple[Workload, ...]) -> JobSpec:
    return JobSpec(role=role, model=submission.model, engine=engine, workloads=workloads, use_cache=False)
