"""What is to be told on pull requests: due, taken, told, put off, and told again when something changes."""

from __future__ import annotations

from dataclasses import replace

from db.commit_baselines import against_commit
from db.github_posting import (
    claim_posting,
    due_pulls,
    finish_posting,
    note_check_run,
    note_comment,
    pull_of_run,
    put_off_posting,
)
from db.github_pulls import Asked, PullRecord, PullState, add_evaluation, note_pull, touch
from db.runs import create_run, retry_run
from db.session import transaction
from db.states import JobState, RunState
from db.tables import Job, Run
from db.tables_baselines import LineageResult
from db.tables_github import Pull
from evals.baseline import BaselineKind, BaselineSource
from evals.plan import plan_jobs
from evals.spec import EngineSpec, Submission
from tests.integration.db.builders import submission
from tests.integration.workers.baseline_world import finished

HEAD, NEXT = "a" * 40, "c" * 40
NOW = PullState(installation_id=9, repository="org/engine", number=12, head_sha=HEAD, is_fork=False, state="open")


def pull(**changes: object) -> PullRecord:
    with transaction() as session:
        return note_pull(session, replace(NOW, **changes))  # type: ignore[arg-type]


def evaluated(head: str = HEAD, evaluation: str = "e") -> str:
    asked = Asked(head_sha=head, evaluation=evaluation, asked_by="alice", comment_id=5, why="comment")
    with transaction() as session:
        run, _ = create_run(session, submission=submission(), jobs=plan_jobs(submission()), token_id=None)
        add_evaluation(session, pull().id, run.id, asked)
        return run.id


def ends(run_id: str, job_state: JobState = JobState.SUCCEEDED) -> None:
    with transaction() as session:
        row = session.get_one(Run, run_id)
        row.state, row.verdict = RunState.FINISHED, "pass"
        row.finished_at = session.connection().exec_driver_sql("SELECT clock_timestamp()").scalar()
        session.query(Job).filter(Job.run_id == run_id).update({"state": job_state})


def due() -> list[str]:
    with transaction() as session:
        return due_pulls(session)


def told(pull_id: str, *, is_settled: bool, again_in_s: float = 0.0) -> None:
    with transaction() as session:
        assert claim_posting(session, pull_id) is not None
    with transaction() as session:
        finish_posting(session, pull_id, is_settled=is_settled, again_in_s=again_in_s)


def test_a_pull_request_is_known_once_and_as_it_was_read_last(database: str) -> None:
    first, second = pull(), pull(head_sha=NEXT, state="closed")
    assert first.id == second.id
    assert (second.head_sha, second.state) == (NEXT, "closed")
    assert due() == [], "without an evaluation there is nothing to tell"


def test_an_evaluation_is_told_until_its_end_was_told(database: str) -> None:
    run_id, known = evaluated(), pull().id
    assert due() == [known]
    told(known, is_settled=False)
    assert due() == [known], "its run goes on"
    ends(run_id)
    told(known, is_settled=True)
    assert due() == []
    with transaction() as session:
        retry = session.get_one(Job, session.query(Job.id).filter(Job.run_id == run_id).first()[0])  # type: ignore[index]
        retry.state = JobState.FAILED
        session.flush()
        retry_run(session, run_id)
    assert due() == [known], "a run that is repeated is told again"


def test_what_ends_while_it_is_told_is_told_again(database: str) -> None:
    run_id, known = evaluated(), pull().id
    with transaction() as session:
        assert claim_posting(session, known) is not None
    ends(run_id)
    with transaction() as session:
        finish_posting(session, known, is_settled=True, again_in_s=0.0)
    assert due() == [known]
    told(known, is_settled=True)
    with transaction() as session:
        touch(session, known, HEAD)
    assert due() == [known]


def test_whoever_posts_has_it_for_himself_until_he_is_silent_for_too_long(database: str) -> None:
    evaluated()
    known = pull().id
    with transaction() as session:
        posting = claim_posting(session, known)
    assert posting is not None
    assert (posting.repository, posting.number, posting.heads[0].evaluations[0].asked_by) == ("org/engine", 12, "alice")
    with transaction() as session:
        assert claim_posting(session, known) is None
    assert due() == []
    with transaction() as session:
        row = session.get_one(Pull, known)
        row.posting_until = row.posting_since
    assert due() == [known]


def test_a_failed_post_waits_longer_each_time_and_as_long_as_github_says(database: str) -> None:
    run_id, known = evaluated(), pull().id
    waits = []
    for after in (None, None, 77.0):
        with transaction() as session:
            session.get_one(Pull, known).next_try_at = session.get_one(Pull, known).read_at
        with transaction() as session:
            assert claim_posting(session, known) is not None
        with transaction() as session:
            put_off_posting(session, known, error="GitHub is away\x00", retry_after_s=after)
        with transaction() as session:
            row = session.get_one(Pull, known)
            now = session.connection().exec_driver_sql("SELECT now()").scalar()
            assert now is not None
            waits.append(round((row.next_try_at - now).total_seconds(), -1 if after else 0))
            assert row.last_error == "GitHub is away\ufffd"
    assert waits == [5, 10, 80]
    assert due() == []
    with transaction() as session:
        assert pull_of_run(session, run_id) == known
    assert due() == [], "a wait that GitHub asks for is kept, whatever ends meanwhile"


def test_a_posted_comment_and_check_run_are_remembered(database: str) -> None:
    evaluated()
    evaluated(NEXT, "f")
    known = pull(head_sha=NEXT).id
    with transaction() as session:
        note_comment(session, known, comment_id=1, sha256="x")
        note_comment(session, known, comment_id=2, sha256="y")
        note_check_run(session, known, head_sha=HEAD, check_run_id=7, sha256="z", is_settled=True)
        posting = claim_posting(session, known)
    assert posting is not None
    assert (posting.comment_id, posting.comment_sha256, posting.old_comment_ids) == (2, "y", (1,))
    assert [(head.head_sha, head.is_current, head.check_run_id) for head in posting.heads] == [
        (NEXT, True, None),
        (HEAD, False, 7),
    ]
    back = pull(head_sha=HEAD).id
    with transaction() as session:
        session.get_one(Pull, back).posting_until = None
        posting = claim_posting(session, back)
    assert posting is not None
    assert posting.heads[0].head_sha == HEAD, "after a push back to an earlier head, that one counts"


COMMIT = "e" * 40
ENGINE = EngineSpec(kind="sglang", source=f"git:https://github.com/org/engine@{COMMIT}")


def _against_merge_base(**changes: object) -> Submission:
    asked = replace(submission(), baseline=ENGINE, baseline_from=BaselineSource(kind=BaselineKind.BACKFILL))
    return replace(asked, **changes)  # type: ignore[arg-type]


def test_a_merge_base_that_was_measured_before_is_not_launched_again(database: str, redis_url: str) -> None:
    with transaction() as session:
        first = against_commit(session, _against_merge_base())
    assert first.baseline_from is not None
    assert first.baseline_from.kind is BaselineKind.BACKFILL
    run_id, _ = finished(first)
    with transaction() as session:
        session.query(LineageResult).filter(LineageResult.role == "baseline").update({"source_commit": COMMIT})
    with transaction() as session:
        again = against_commit(session, _against_merge_base())
        other_engine = against_commit(
            session, _against_merge_base(baseline=replace(ENGINE, args={"mem-fraction-static": 0.5}))
        )
        other_items = against_commit(session, _against_merge_base(limit=10))
        other_commit = against_commit(
            session, _against_merge_base(baseline=replace(ENGINE, source=ENGINE.source.replace("e" * 40, "f" * 40)))
        )
        both_sides = against_commit(session, _against_merge_base(suite="parity"))
    assert again.baseline_from is not None
    assert (again.baseline_from.kind, again.baseline_from.results[0].run_id) == (BaselineKind.STORED, run_id)
    assert len(plan_jobs(again)) == 1
    for launched in (other_engine, other_items, other_commit, both_sides):
        assert launched.baseline_from is not None
        assert launched.baseline_from.kind is BaselineKind.BACKFILL
