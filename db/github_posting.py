"""What is to be told on pull requests: one comment for each, a check run for each head, and when to try next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.github_backoff import delay_s
from db.states import RunState
from db.storable import storable
from db.tables import Run
from db.tables_github import Evaluation as StoredEvaluation
from db.tables_github import Head as StoredHead
from db.tables_github import Pull


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A run for a pull request's head; why: "comment", "label NAME" or "path PATTERN"."""

    run_id: str
    head_sha: str
    name: str
    model: str
    asked_by: str
    comment_id: int | None
    why: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Head:
    """A commit that was evaluated, with its check run as it was posted last; evaluations: the newest first."""

    head_sha: str
    check_run_id: int | None
    check_sha256: str | None
    is_current: bool
    is_settled: bool
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True, kw_only=True)
class Posting:
    """A pull request whose comment and check runs are to be brought up to date; heads: the current, then the newest."""

    pull_id: str
    installation_id: int
    repository: str
    number: int
    head_sha: str
    is_fork: bool
    state: str
    comment_id: int | None
    comment_sha256: str | None
    old_comment_ids: tuple[int, ...]
    tries: int
    heads: tuple[Head, ...]


def due_pulls(session: Session, *, limit: int = 100) -> list[str]:
    """Return the ids of the pull requests that have something to tell now, those that wait longest first."""
    of_pull = exists().where(StoredEvaluation.pull_id == Pull.id, StoredEvaluation.run_id == Run.id)
    untold = of_pull.where(or_(Run.state != RunState.FINISHED, Run.finished_at > Pull.told_at))
    changed = or_(Pull.told_at.is_(None), Pull.changed_at > Pull.told_at)
    query = select(Pull.id).where(_may_be_posted(), of_pull, or_(changed, untold))
    return list(session.scalars(query.order_by(Pull.next_try_at).limit(limit)))


def pull_of_run(session: Session, run_id: str) -> str | None:
    """Return the id of the pull request for which a run was made, and let it be posted at once; else None."""
    pull_id = session.scalar(select(StoredEvaluation.pull_id).where(StoredEvaluation.run_id == run_id))
    if pull_id is not None:
        session.execute(update(Pull).where(Pull.id == pull_id, Pull.tries == 0).values(next_try_at=func.now()))
    return pull_id


def claim_posting(session: Session, pull_id: str, *, lease_s: float = 120.0) -> Posting | None:
    """Take a pull request to post it; None while somebody else does, before it is due, and without an evaluation."""
    row = session.scalar(select(Pull).where(Pull.id == pull_id, _may_be_posted()).with_for_update(skip_locked=True))
    heads = _heads(session, row) if row is not None else ()
    if row is None or not heads:
        return None
    row.posting_since, row.posting_until = func.now(), func.now() + timedelta(seconds=lease_s)
    return Posting(
        pull_id=row.id,
        installation_id=row.installation_id,
        repository=row.repository,
        number=row.number,
        head_sha=row.head_sha,
        is_fork=row.is_fork,
        state=row.state,
        comment_id=row.comment_id,
        comment_sha256=row.comment_sha256,
        old_comment_ids=tuple(row.old_comment_ids),
        tries=row.tries,
        heads=heads,
    )


def note_comment(session: Session, pull_id: str, *, comment_id: int, sha256: str) -> None:
    """Note the comment that was created or edited; another one before it is an old one from now on."""
    row = session.get_one(Pull, pull_id, with_for_update=True)
    if row.comment_id not in (None, comment_id):
        row.old_comment_ids = [*row.old_comment_ids, row.comment_id]
    row.comment_id, row.comment_sha256 = comment_id, sha256


def note_check_run(
    session: Session, pull_id: str, *, head_sha: str, check_run_id: int, sha256: str, is_settled: bool
) -> None:
    """Note a head's check run as it was posted; is_settled: it is completed, and nothing more is to be said."""
    row = session.get_one(StoredHead, (pull_id, head_sha), with_for_update=True)
    row.check_run_id, row.check_sha256, row.is_settled = check_run_id, sha256, is_settled


def finish_posting(session: Session, pull_id: str, *, is_settled: bool, again_in_s: float = 10.0) -> None:
    """Note that everything was told as it is now; is_settled: all runs of all heads had finished by then."""
    row = session.get_one(Pull, pull_id, with_for_update=True)
    if is_settled:
        row.told_at = row.posting_since  # what has changed since then is told next time
    row.posting_until, row.tries, row.last_error = None, 0, None
    row.next_try_at = func.now() + timedelta(seconds=again_in_s)


def put_off_posting(session: Session, pull_id: str, *, error: str, retry_after_s: float | None = None) -> None:
    """Note why something could not be told, and try again later; what is to be told stays."""
    row = session.get_one(Pull, pull_id, with_for_update=True)
    wait = delay_s(row.tries) if retry_after_s is None else retry_after_s
    row.posting_until, row.tries, row.last_error = None, row.tries + 1, storable(error)[:1000]
    row.next_try_at = func.now() + timedelta(seconds=wait)


def is_put_off(session: Session, pull_id: str) -> bool:
    """Tell whether the last try to post failed."""
    return bool(session.scalar(select(Pull.tries > 0).where(Pull.id == pull_id)))


def _may_be_posted() -> ColumnElement[bool]:
    free = or_(Pull.posting_until.is_(None), Pull.posting_until < func.now())
    return and_(free, Pull.next_try_at <= func.now())


def _heads(session: Session, row: Pull) -> tuple[Head, ...]:
    found: dict[str, list[Evaluation]] = {}
    query = select(StoredEvaluation, Run.submission).join(Run, Run.id == StoredEvaluation.run_id)
    for one, asked in session.execute(query.where(StoredEvaluation.pull_id == row.id).order_by(Run.id.desc())):
        evaluation = Evaluation(
            run_id=one.run_id,
            head_sha=one.head_sha,
            name=asked["suite"],
            model=asked["model"]["path"],
            asked_by=one.asked_by,
            comment_id=one.comment_id,
            why=one.why,
            created_at=one.created_at,
        )
        found.setdefault(one.head_sha, []).append(evaluation)
    is_current = StoredHead.head_sha == row.head_sha  # after a push back to an earlier head, that one counts
    heads = select(StoredHead).where(StoredHead.pull_id == row.id)
    return tuple(
        Head(
            head_sha=head.head_sha,
            check_run_id=head.check_run_id,
            check_sha256=head.check_sha256,
            is_current=head.head_sha == row.head_sha,
            is_settled=head.is_settled,
            evaluations=tuple(found[head.head_sha]),
        )
        for head in session.scalars(heads.order_by(is_current.desc(), StoredHead.created_at.desc()))
        if head.head_sha in found
    )
