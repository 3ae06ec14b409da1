"""One of two runs that are held against each other: which of its sides, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.run_reading import report_of
from dashboard.compare_view import RunSide, run_side
from db.jobs import JobRecord, jobs_of, workloads_in
from db.reports import count_reports
from db.runs import RunRecord, get_run
from db.side_jobs import side_jobs
from db.states import RunState
from evals.fingerprint import Fingerprint, allowed_differences, differences
from evals.metrics import Kind
from evals.result import Report
from evals.spec import Role, Workload


@dataclass(frozen=True, kw_only=True)
class HeldRun:
    """A run with what is read of it; role: which of its sides is compared; reports: how many it has."""

    run: RunRecord
    jobs: list[JobRecord]
    report: Report | None
    role: Role
    reports: int

    @property
    def workloads(self) -> dict[str, Workload]:
        """Return the workloads by name."""
        return workloads_in(self.jobs)

    @property
    def finished(self) -> bool:
        """Tell whether nothing more will be measured."""
        return self.run.state is RunState.FINISHED

    def job_of(self, workload: str) -> str:
        """Return the job that answered a workload for the compared side, "" for none."""
        ours, theirs = side_jobs(self.run.submission, self.jobs, workload)
        return ours if self.role is Role.CANDIDATE else theirs

    def version(self) -> tuple[str, ...]:
        """Return what changes whenever anything more may have been measured or judged."""
        return (str(self.reports), *(f"{job.id} {job.state} {job.attempt} {job.finished_at}" for job in self.jobs))

    def fingerprint(self, workload: str) -> Fingerprint | None:
        """Return what was true of the compared side, None where no report says it."""
        for one in self.report.fingerprints if self.report else ():
            if one.workload == workload:
                return one.candidate if self.role is Role.CANDIDATE else one.baseline
        return None

    def side(self) -> RunSide:
        """Return the run in words."""
        asked = self.run.submission
        kind = asked.candidate.kind if self.role is Role.CANDIDATE else asked.baseline_words
        return run_side(self.run, f"{self.role.value} {kind}")


def held_run(session: Session, run_id: str, role: Role = Role.CANDIDATE) -> HeldRun:
    """Read a run; raises UnknownRunError."""
    run = get_run(session, run_id)
    report = report_of(session, run)
    jobs, reports = jobs_of(session, run_id), count_reports(session, run_id)
    return HeldRun(run=run, jobs=jobs, report=report, role=role, reports=reports)


def held_pair(session: Session, left: str, right: str) -> tuple[HeldRun, HeldRun]:
    """Read both runs; of a run against itself the baseline is held against the candidate."""
    role = Role.BASELINE if left == right else Role.CANDIDATE
    return held_run(session, left, role), held_run(session, right)


def held_apart(left: HeldRun, right: HeldRun, workload: str, kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what forbids to hold both results against each other, and what differs without forbidding it."""
    theirs, ours = left.fingerprint(workload), right.fingerprint(workload)
    if ours is None or theirs is None:
        lacking = [word for word, one in (("left", theirs), ("right", ours)) if one is None]
        return (f"no report of the {' and the '.join(lacking)} run says what was true of it",), ()
    found = differences(kind, ours, theirs), allowed_differences(kind, ours, theirs)
    return tuple(by_run(said) for said in found[0]), tuple(by_run(said) for said in found[1])


def by_run(said: str) -> str:
    """Return a sentence about a candidate and a baseline as one about the right and the left run."""
    return said.replace("the candidate", "the right run").replace("the baseline", "the left run")
