"""Judge what the jobs of a run have heard for one parity workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from db.jobs import JobRecord
from db.observations import observation_of
from db.states import JobState
from evals.compare import difference_of_settings
from evals.outcome import Verdict
from evals.parity.asking.spelling import speller
from evals.parity.companions import CHUNK_ARGUMENT, served_dtype
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.judge import judge_parity
from evals.parity.records import Observation
from evals.parity.settings import ParitySettings, parity_settings
from evals.spec import Role, Workload
from workers.model_files import known_folder

_CODE = ("versions", "source_commit", "source_sha256", "external_package_commit", "external_package_sha256")
"""The facts that say whether two launches of one engine ran the same code."""

_WHAT = {Role.REFERENCE: "the float32 reference", Role.CHUNKED: "the engine with small prefill chunks"}


def judged_parity(session: Session, workload: Workload, jobs: Mapping[Role, JobRecord]) -> ParityResult:
    """Return what a parity workload found; both sides' jobs have succeeded, their companions perhaps not.

    A companion that failed, or that heard another model, becomes a note.
    """
    candidate, baseline = jobs[Role.CANDIDATE], jobs[Role.BASELINE]
    asked = {role for role, job in jobs.items() if any(one.name == workload.name for one in job.spec.workloads)}
    heard = {role: observation_of(session, jobs[role].id, workload.name) for role in asked}
    differing = _differences(candidate, baseline, heard)
    if differing:
        return _incomparable(workload, differing)
    reference, why_not = _companion(Role.REFERENCE, jobs, heard)
    chunked, why_no_chunks = _companion(Role.CHUNKED, jobs, heard)
    return judge_parity(
        workload.name,
        _as_launched(parity_settings(workload), jobs.get(Role.CHUNKED)),
        candidate=heard[Role.CANDIDATE],
        baseline=heard[Role.BASELINE],
        reference=reference,
        chunked=chunked,
        dtype=served_dtype(candidate.spec.engine),
        notes=why_not,
        chunk_notes=why_no_chunks if Role.CHUNKED in heard else None,
        spell=speller(known_folder(candidate.spec.model)),
    )


def _companion(
    role: Role, jobs: Mapping[Role, JobRecord], heard: Mapping[Role, Observation]
) -> tuple[Observation | None, tuple[str, ...]]:
    """Return what a companion heard, or None and why there is nothing to use."""
    if role not in heard:
        return None, ()
    job = jobs[role]
    if job.state != JobState.SUCCEEDED:
        error = job.error or {"message": f"its job is {job.state}"}
        return None, (f"{_WHAT[role]} was not measured: {error['message']}",)
    differing = _differences(jobs[Role.CANDIDATE], job, heard) + _other_code(jobs, role)
    if differing:
        return None, tuple(f"{_WHAT[role]} cannot be used: {reason}" for reason in differing)
    return heard[role], ()


def _other_code(jobs: Mapping[Role, JobRecord], role: Role) -> tuple[str, ...]:
    """Name what a companion ran that the job whose engine it shares did not."""
    shared = jobs[Role.CANDIDATE if role is Role.CHUNKED else Role.BASELINE].facts
    other = jobs[role].facts
    return tuple(
        f"the {name.replace('_', ' ')} differ from its side's" for name in _CODE if shared.get(name) != other.get(name)
    )


def _as_launched(settings: ParitySettings, chunked: JobRecord | None) -> ParitySettings:
    """Return the settings with the chunk of the companion, which several workloads may share."""
    chunk = None if chunked is None else chunked.spec.engine.args.get(CHUNK_ARGUMENT)
    return replace(settings, chunk_tokens=int(chunk)) if chunk else settings


def _differences(candidate: JobRecord, other: JobRecord, heard: Mapping[Role, Observation]) -> tuple[str, ...]:
    ours, theirs = (
        {**heard[job.role].facts, **{name: job.facts[name] for name in ("model_files",) if name in job.facts}}
        for job in (candidate, other)
    )
    if "model_files" not in ours or "model_files" not in theirs:
        # A hub name or a remote engine shows no files, so there is nothing to hold against the other side's.
        ours, theirs = ({**facts, "model_files": "not seen"} for facts in (ours, theirs))
    return tuple(
        reason.replace("for the baseline", f"for the {other.role}") for reason in difference_of_settings(ours, theirs)
    )


def _incomparable(workload: Workload, reasons: tuple[str, ...]) -> ParityResult:
    check = ParityCheck(
        name="prefill",
        title="prefill",
        verdict=Verdict.INCOMPARABLE,
        value=None,
        unit="nats",
        n=0,
        reasons=reasons,
    )
    return ParityResult(
        workload=workload.name,
        verdict=Verdict.INCOMPARABLE,
        headline=f"{workload.name} cannot be compared: {reasons[0]}",
        calibration="nothing was compared",
        checks=(check,),
    )
