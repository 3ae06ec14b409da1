"""Runs of a pull request: made once for what is asked, cancelled when they have become pointless, repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from db.baseline_choice import settled
from db.commit_baselines import against_commit
from db.github_pulls import Asked, PullRecord, add_evaluation, evaluations_of, open_runs, touch
from db.jobs import get_job, jobs_of
from db.runs import NothingToRetryError, RunRecord, create_run, finish_run, lock_run, request_cancel, retry_run
from db.states import RunState
from evals.baseline import BaselineKind
from evals.errors import PolicyError
from evals.plan import plan_jobs
from evals.result import Verdict
from evals.spec import Submission

MOST_OPEN = 20
"""Runs of one pull request that may wait or run at once."""


@dataclass
class Wake:
    """Collect what must be woken once the transaction is over: jobs with their queues, runs without a report, pulls."""

    jobs: list[tuple[str, str]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    pulls: list[str] = field(default_factory=list)


def make_run(session: Session, pull: PullRecord, submission: Submission, asked: Asked, wake: Wake) -> RunRecord | None:
    """Make a run of a head, unless one for the same is open already, which is returned as None.

    Raises PolicyError when too many are open, NoBaselineError.
    """
    waiting = open_runs(evaluations_of(session, pull.id))
    if any(_same(one, asked) for one, _ in waiting):
        return None
    if len(waiting) >= MOST_OPEN:
        raise PolicyError(
            f"{len(waiting)} runs of this pull request are waiting or running", remedy="wait, or cancel them first"
        )
    chosen = _settled(session, submission)
    run, _ = create_run(session, submission=chosen, jobs=plan_jobs(chosen), token_id=None)
    add_evaluation(session, pull.id, run.id, asked)
    wake.jobs += [(job.id, job.queue) for job in jobs_of(session, run.id)]
    return run


def has_run(session: Session, pull: PullRecord, asked: Asked) -> bool:
    """Tell whether a head was evaluated in this way before, however it ended."""
    return any(_same(one, asked) for one, _ in evaluations_of(session, pull.id, asked.head_sha))


def cancel_pointless(session: Session, pull: PullRecord, wake: Wake) -> int:
    """Cancel the open runs of earlier heads, and of a closed pull request all; return how many."""
    waiting = open_runs(evaluations_of(session, pull.id))
    return cancel(
        [run for asked, run in waiting if pull.state != "open" or asked.head_sha != pull.head_sha], session, wake
    )


def cancel_all(session: Session, pull: PullRecord, wake: Wake) -> int:
    """Cancel all open runs of a pull request; return how many."""
    return cancel([run for _, run in open_runs(evaluations_of(session, pull.id))], session, wake)


def cancel(runs: Iterable[RunRecord], session: Session, wake: Wake) -> int:
    """Cancel runs that are not over; return how many."""
    count = 0
    for run in runs:
        if lock_run(session, run.id).state in (RunState.QUEUED, RunState.RUNNING):
            request_cancel(session, run.id)
            count += 1
            if finish_run(session, run.id):
                wake.reports.append(run.id)
    return count


def rerun_failed(session: Session, pull: PullRecord, asked_by: str, comment_id: int | None, wake: Wake) -> int:
    """Repeat the failed and cancelled jobs of the head's runs, and make those that failed anew; return how many.

    Of several runs for the same only the latest counts. A run whose verdict is fail has no failed job: it is made
    anew, without earlier answers.
    """
    count = 0
    for asked, run in _latest(evaluations_of(session, pull.id, pull.head_sha)):
        if run.state is not RunState.FINISHED:
            continue
        again = _retried(session, run)
        if again:
            wake.jobs += [(job_id, get_job(session, job_id).queue) for job_id in again]
            touch(session, pull.id, pull.head_sha)
        elif run.verdict is not Verdict.FAIL or not _made_anew(session, pull, asked, run, asked_by, comment_id, wake):
            continue
        count += 1
    return count


def rerun_all(session: Session, pull: PullRecord, asked_by: str, wake: Wake) -> int:
    """Make the latest runs of the head anew, without earlier answers; return how many."""
    latest = _latest(evaluations_of(session, pull.id, pull.head_sha))
    done = [(asked, run) for asked, run in latest if run.state is RunState.FINISHED]
    return sum(_made_anew(session, pull, asked, run, asked_by, None, wake) for asked, run in done)


def _made_anew(
    session: Session, pull: PullRecord, asked: Asked, run: RunRecord, by: str, comment_id: int | None, wake: Wake
) -> bool:
    submission = replace(run.submission, use_cache=False)
    if run.submission.pull_request is not None:
        submission = replace(submission, pull_request=replace(run.submission.pull_request, comment_id=comment_id))
    again = replace(asked, asked_by=by, comment_id=comment_id, why="rerun")
    return make_run(session, pull, submission, again, wake) is not None


def _retried(session: Session, run: RunRecord) -> Sequence[str]:
    try:
        return retry_run(session, run.id)
    except NothingToRetryError:
        return ()


def _latest(found: Sequence[tuple[Asked, RunRecord]]) -> list[tuple[Asked, RunRecord]]:
    """Return the newest run of each evaluation; they come newest first."""
    return list({asked.evaluation: (asked, run) for asked, run in reversed(found)}.values())


def _same(one: Asked, other: Asked) -> bool:
    return (one.head_sha, one.evaluation) == (other.head_sha, other.evaluation)


def _settled(session: Session, submission: Submission) -> Submission:
    """Choose what a run is held against; a run that is made anew stays held against what it was."""
    source = submission.baseline_from
    if source is not None and source.results:
        return submission
    if source is not None and source.kind is BaselineKind.BACKFILL:
        return against_commit(session, submission)
    return settled(session, submission)
