"""Pull requests that the bot serves: their heads, who let a fork's run, what was obeyed, and what is evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.ids import new_id
from db.runs import RunRecord, get_run
from db.states import RunState
from db.storable import storable
from db.tables import Run
from db.tables_github import Approval, Evaluation, Head, Order, Pull


@dataclass(frozen=True, kw_only=True)
class PullState:
    """What GitHub says of a pull request now."""

    installation_id: int
    repository: str
    number: int
    head_sha: str
    is_fork: bool
    state: str


@dataclass(frozen=True, kw_only=True)
class PullRecord:
    """A pull request that is known here; see db.tables_github.Pull."""

    id: str
    installation_id: int
    repository: str
    number: int
    head_sha: str
    is_fork: bool
    state: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Say for what a run was made: the head, the hash of what was asked for, by whom and why."""

    head_sha: str
    evaluation: str
    asked_by: str
    comment_id: int | None
    why: str


def note_pull(session: Session, now: PullState) -> PullRecord:
    """Keep what GitHub says of a pull request, and return it; its row stays locked until the transaction ends."""
    values = {**vars(now), "id": new_id("g")}
    same = {name: values[name] for name in ("installation_id", "head_sha", "is_fork", "state")}
    statement = insert(Pull).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository", "number"],
            set_=same | {"read_at": func.now(), "changed_at": func.clock_timestamp()},
        )
    )
    found = Pull.repository == now.repository, Pull.number == now.number
    row = session.scalars(select(Pull).where(*found).with_for_update().execution_options(populate_existing=True)).one()
    return _record(row)


def find_pull(session: Session, repository: str, number: int) -> PullRecord | None:
    """Return a pull request that is known here, or None."""
    row = session.scalar(select(Pull).where(Pull.repository == repository, Pull.number == number))
    return _record(row) if row else None


def pulls_of_check(session: Session, repository: str, *, check_run_id: int | None, head_sha: str) -> list[PullRecord]:
    """Return the pull requests whose check run it is; without an id, those that were evaluated at a head."""
    which = Head.head_sha == head_sha if check_run_id is None else Head.check_run_id == check_run_id
    query = select(Pull).join(Head, Head.pull_id == Pull.id).where(Pull.repository == repository, which)
    return [_record(row) for row in session.scalars(query.order_by(Pull.id))]


def pulls_of_installation(session: Session, installation_id: int) -> list[PullRecord]:
    """Return the pull requests of an installation that have a run which is not over."""
    query = select(Pull).where(Pull.installation_id == installation_id, _has_open_run())
    return [_record(row) for row in session.scalars(query)]


def pulls_to_read(session: Session, *, older_than_s: float, limit: int = 20) -> list[PullRecord]:
    """Return pull requests with a run which is not over, of which GitHub was last asked long ago."""
    old = func.extract("epoch", func.now() - Pull.read_at) > older_than_s
    query = select(Pull).where(Pull.state == "open", old, _has_open_run()).order_by(Pull.read_at).limit(limit)
    return [_record(row) for row in session.scalars(query)]


def note_reading(session: Session, pull_id: str) -> None:
    """Note that GitHub was asked for a pull request in vain, so that it is not asked again at once."""
    session.get_one(Pull, pull_id).read_at = func.now()


def approve(session: Session, pull_id: str, head_sha: str, *, by: str, comment_id: int) -> None:
    """Let a fork's commit run."""
    values = {"pull_id": pull_id, "head_sha": head_sha, "approved_by": by, "comment_id": comment_id}
    session.execute(insert(Approval).values(values).on_conflict_do_nothing())


def is_approved(session: Session, pull_id: str, head_sha: str) -> bool:
    """Tell whether a maintainer has let this very commit run."""
    return session.get(Approval, (pull_id, head_sha)) is not None


def note_order(
    session: Session, pull_id: str, *, comment_id: int, place: int, verb: str, asked_by: str, outcome: str
) -> bool:
    """Note that a command was obeyed or refused; return False when it was so before."""
    values = {"pull_id": pull_id, "comment_id": comment_id, "place": place, "verb": verb}
    values |= {"asked_by": storable(asked_by), "outcome": storable(outcome)[:1000]}
    noted = session.execute(insert(Order).values(values).on_conflict_do_nothing().returning(Order.place))
    return noted.first() is not None


def was_obeyed(session: Session, pull_id: str, comment_id: int) -> bool:
    """Tell whether the commands of a comment were obeyed before."""
    return bool(session.scalar(select(exists().where(Order.pull_id == pull_id, Order.comment_id == comment_id))))


def was_refused(session: Session, pull_id: str, login: str, outcome: str) -> bool:
    """Tell whether somebody was given this answer on a pull request before."""
    same = Order.pull_id == pull_id, Order.asked_by == storable(login), Order.outcome == outcome
    return bool(session.scalar(select(exists().where(*same))))


def cancelled_after(session: Session, pull_id: str, comment_id: int) -> bool:
    """Tell whether a later comment than this one has cancelled already, because deliveries came in another order."""
    later = Order.pull_id == pull_id, Order.verb == "cancel", Order.comment_id > comment_id
    return bool(session.scalar(select(exists().where(*later))))


def add_evaluation(session: Session, pull_id: str, run_id: str, asked: Asked) -> None:
    """Note for what a run was made; the pull request has something to tell again."""
    session.execute(insert(Head).values(pull_id=pull_id, head_sha=asked.head_sha).on_conflict_do_nothing())
    session.add(Evaluation(run_id=run_id, pull_id=pull_id, **vars(asked)))
    touch(session, pull_id, asked.head_sha)


def touch(session: Session, pull_id: str, head_sha: str | None = None) -> None:
    """Note that there is something to tell again; head_sha: of this head's check run too."""
    row = session.get_one(Pull, pull_id)
    row.changed_at = func.clock_timestamp()
    if row.tries == 0:
        row.next_try_at = func.now()
    head = session.get(Head, (pull_id, head_sha)) if head_sha else None
    if head is not None:
        head.is_settled = False
    session.flush()


def evaluations_of(session: Session, pull_id: str, head_sha: str | None = None) -> list[tuple[Asked, RunRecord]]:
    """Return what was asked for on a pull request (head_sha: at this head) with its runs, the newest first."""
    query = select(Evaluation).where(Evaluation.pull_id == pull_id)
    if head_sha is not None:
        query = query.where(Evaluation.head_sha == head_sha)
    rows = session.scalars(query.order_by(Evaluation.run_id.desc())).all()
    return [(_asked(row), get_run(session, row.run_id)) for row in rows]


def open_runs(found: Sequence[tuple[Asked, RunRecord]]) -> list[tuple[Asked, RunRecord]]:
    """Return those whose run is not over and was not cancelled."""
    return [(asked, run) for asked, run in found if run.state is not RunState.FINISHED and not run.cancel_requested]


def _has_open_run() -> ColumnElement[bool]:
    joined = Evaluation.pull_id == Pull.id, Run.id == Evaluation.run_id
    return exists().where(*joined, Run.state != RunState.FINISHED, ~Run.cancel_requested)


def _asked(row: Evaluation) -> Asked:
    return Asked(**{name: getattr(row, name) for name in Asked.__dataclass_fields__})


def _record(row: Pull) -> PullRecord:
    return PullRecord(**{name: getattr(row, name) for name in PullRecord.__dataclass_fields__})
