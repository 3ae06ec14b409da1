"""The jobs that parity workloads bring along: a float32 reference, and the candidate with small prefill chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.errors import InvalidSubmissionError
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
    jobs: list[JobSpec] = []
    if parity:
        _require_one_dtype(submission.candidate, submission.baseline)
    if calibrated and submission.baseline.kind == "hf" and served_dtype(submission.baseline) != "float32":
        engine = replace(submission.baseline, dtype="float32")
        jobs.append(_job(Role.REFERENCE, submission, engine, calibrated))
    # One launch serves all of them: the smallest chunk divides every prompt that a larger one does.
    chunk = min((parity_settings(workload).chunk_tokens for workload in checked), default=0)
    if checked and submission.candidate.kind == "sglang" and not _is_in_chunks(submission.candidate, chunk):
        engine = replace(submission.candidate, args={**submission.candidate.args, CHUNK_ARGUMENT: chunk})
        jobs.append(_job(Role.CHUNKED, submission, engine, checked))
    return tuple(jobs)


def _is_in_chunks(engine: EngineSpec, chunk: int) -> bool:
    """Tell whether an engine prefills in chunks no larger than these by itself."""
    own = engine.args.get(CHUNK_ARGUMENT)
    return isinstance(own, int) and 0 < own <= chunk


def _require_one_dtype(candidate: EngineSpec, baseline: EngineSpec) -> None:
    """Refuse two dtypes: the noise floor of one says nothing about the other."""
    ours, theirs = served_dtype(candidate), served_dtype(baseline)
    if "remote" not in (candidate.kind, baseline.kind) and ours != theirs:
        raise InvalidSubmissionError(
            f"parity cannot compare {ours} with {theirs}: the noise floor of one says nothing about the other",
            remedy="serve both sides in one dtype; the float32 reference is launched beside them",
            field="baseline.dtype",
        )


def _job(role: Role, submission: Submission, engine: EngineSpec, workloads: tuple[Workload, ...]) -> JobSpec:
    return JobSpec(role=role, model=submission.model, engine=engine, workloads=workloads, use_cache=False)
