"""Describe a job, or one engine of a duel, for the report: which engine, which versions, on what, how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from db.jobs import JobRecord
from db.reuse import reused_by
from db.states import JobState
from db.timeline import phase_seconds
from evals.preflight.findings import PREFLIGHT
from evals.reproduce import submit_command
from evals.result import SideSummary
from evals.spec import EngineSpec, Role, Submission
from workers.duel_servers import SIDES
from workers.sources.fetching import PACKAGE_COMMIT, SOURCE_COMMIT, described

_TELLING_PACKAGES = frozenset(
    {"sglang", "sglang-kernel", "sgl-kernel", "flashinfer-python", "transformers", "tokenizers", "torch", "triton"}
)
"""The packages a report names; the job's facts keep them all."""


def summary_of(session: Session, job: JobRecord, submission: Submission) -> SideSummary:
    """Return a job in words and figures."""
    return SideSummary(
        role=job.role,
        engine=job.spec.engine.kind,
        model=job.spec.model.path,
        state=job.state,
        versions=_versions(job.facts),
        hardware=job.facts.get("hardware"),
        settings=_settings(job.spec.engine, job.facts, job.attempt, submission) | _workloads(job.facts),
        timings_s=_timings(job),
        reused=reused_by(session, job.id),
        error=job.error if job.state != JobState.SUCCEEDED else None,
    )


def side_of_duel(duel: JobRecord, role: Role, submission: Submission) -> SideSummary:
    """Return one side of a run that has no job of its own, out of what the duel noted of it.

    What went wrong stands with the duel alone, which says whose engine it was.
    """
    facts = duel.facts.get(SIDES, {}).get(role.value, {})
    engine = submission.candidate if role is Role.CANDIDATE else submission.baseline
    launches = facts.get("launches_s", [])
    return SideSummary(
        role=role,
        engine=engine.kind,
        model=duel.spec.model.path,
        state=duel.state if duel.state == JobState.SUCCEEDED else "not measured",
        versions=_versions(facts),
        hardware=facts.get("hardware"),
        settings=_settings(engine, facts, duel.attempt, submission),
        timings_s={"launching": sum(launches)} if launches else {},
    )


def summary_of_duel(duel: JobRecord, submission: Submission) -> SideSummary:
    """Return a duel's job itself: its engines are described as the run's sides."""
    opponent = duel.spec.opponent.kind if duel.spec.opponent else "nothing"
    return SideSummary(
        role=duel.role,
        engine=f"{duel.spec.engine.kind} against {opponent}",
        model=duel.spec.model.path,
        state=duel.state,
        hardware=next((side["hardware"] for side in duel.facts.get(SIDES, {}).values() if "hardware" in side), None),
        settings={"attempts": duel.attempt, "submit_command": submit_command(submission)},
        timings_s=_timings(duel),
        error=duel.error if duel.state != JobState.SUCCEEDED else None,
    )


def _versions(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: found for name, found in facts.get("versions", {}).items() if name in _TELLING_PACKAGES}


def _timings(job: JobRecord) -> dict[str, float]:
    return phase_seconds(job.timeline, ended_at=job.finished_at.timestamp() if job.finished_at else None)


def _settings(engine: EngineSpec, facts: Mapping[str, Any], attempts: int, submission: Submission) -> dict[str, Any]:
    told = {"dtype": engine.dtype, "device": engine.device, "gpus": engine.gpus}
    return {
        **told,
        "source": described(engine.source, facts, SOURCE_COMMIT),
        **{f"--{name}": value for name, value in engine.args.items()},
        **_external(engine, facts),
        **({PREFLIGHT: facts[PREFLIGHT]} if PREFLIGHT in facts else {}),
        "attempts": attempts,
        "command": " ".join(facts.get("command", [])),
        "submit_command": submit_command(submission),
    }


def _workloads(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{key.removeprefix('workload:')} {name}": value
        for key, found in facts.items()
        if key.startswith("workload:")
        for name, value in found.items()
    }


def _external(spec: EngineSpec, facts: Mapping[str, Any]) -> dict[str, Any]:
    if spec.external_package is None:
        return {}
    package = described(spec.external_package, facts, PACKAGE_COMMIT)
    return {"external_package": package, "architectures": ",".join(spec.architectures)}
