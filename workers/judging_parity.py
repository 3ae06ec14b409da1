"""Judge what the jobs of a run have heard for one parity workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from db.jobs import JobRecord
from db.observations import observation_of
from db.states import JobState
from evals.compare import difference_of_settings
from evals.parity.asking.spelling import speller
from evals.parity.companions import CHUNK_ARGUMENT, served_dtype
from evals.parity.findings import ParityResult
from evals.parity.judging.dtypes import incomparable, no_reference, served
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
    # Other prompts are judged: where servers made them of the same texts, the tokens show how they differ.
    differing = _differences(candidate, baseline, heard, beside=("prompts_sha256",))
    if differing:
        return incomparable(workload.name, differing)
    reference, why_not = _companion(Role.REFERENCE, jobs, heard)
    chunked, why_no_chunks = _companion(Role.CHUNKED, jobs, heard)
    return judge_parity(
        workload.name,
        _as_launched(parity_settings(workload), jobs.get(Role.CHUNKED)),
        candidate=heard[Role.CANDIDATE],
        baseline=heard[Role.BASELINE],
        reference=reference,
        chunked=chunked,
        dtype=_served(jobs, heard),
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
    if role is Role.REFERENCE:
        differing += no_reference(heard[role])
    if differing:
        return None, tuple(f"{_WHAT[role]} cannot be used: {reason}" for reason in differing)
    return heard[role], ()


def _served(jobs: Mapping[Role, JobRecord], heard: Mapping[Role, Observation]) -> str:
    """Return the dtype that both sides served in: as a server says it, else as the submission asked for it."""
    sides = (Role.CANDIDATE, Role.BASELINE)
    asked = [served_dtype(jobs[role].spec.engine) for role in sides]
    return served(*(heard[role] for role in sides)) or next((dtype for dtype in asked if dtype != "auto"), "auto")


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


def _differences(
    candidate: JobRecord, other: JobRecord, heard: Mapping[Role, Observation], *, beside: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say in which facts two jobs differ that must be equal; beside: facts that are passed over."""
    ours, theirs = (
        {name: value for name, value in heard[job.role].facts.items() if name not in beside}
        | {name: job.facts[name] for name in ("model_files",) if name in job.facts}
        for job in (candidate, other)
    )
    if "model_files" not in ours or "model_files" not in theirs:
        # A hub name or a remote engine shows no files, so there is nothing to hold against the other side's.
        ours, theirs = ({**facts, "model_files": "not seen"} for facts in (ours, theirs))
    return tuple(
        reason.replace("for the baseline", f"for the {other.role}") for reason in difference_of_settings(ours, theirs)
    )
