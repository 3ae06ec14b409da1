"""What each command writes, in the transaction that also notes that it was obeyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from db.baselines import promote
from db.github_pulls import Asked, PullRecord, approve, cancelled_after, evaluations_of, is_approved, touch
from db.settings import Settings
from db.states import RunState
from evals.spec import Submission
from workers.github import words
from workers.github.commands import Command
from workers.github.permissions import Person
from workers.github.running import Wake, cancel_all, make_run, rerun_failed
from workers.github.wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Say what became of a command. words: for our own records. reply: for the pull request."""

    kind: Literal["obeyed", "misread", "refused"]
    words: str
    reply: str | None = None


@dataclass(frozen=True, kw_only=True)
class Given:
    """A command with who gave it, on which pull request; head: the commit that it names."""

    pull: PullRecord
    person: Person
    comment_id: int
    command: Command
    submissions: tuple[tuple[Wanted, Submission], ...]
    head: str | None
    settings: Settings


def obey(session: Session, given: Given, wake: Wake) -> Answer:
    """Do what a command says; raises PlumblineErrors of what it asks for."""
    return _VERBS[given.command.verb](session, given, wake)


def _run(session: Session, given: Given, wake: Wake) -> Answer:
    pull = given.pull
    if pull.state != "open":
        return _refused("the pull request is closed", words.not_on_head("The pull request is closed"))
    if given.head is not None and given.head != pull.head_sha:
        return _refused(f"{given.head} is not the head", words.other_head(given.head, pull.head_sha))
    if cancelled_after(session, pull.id, given.comment_id):
        return _refused("cancelled by a later comment", None)
    waiting = _approval(session, given)
    if waiting is not None:
        return waiting
    made = [_made(session, given, wanted, submission, wake) for wanted, submission in given.submissions]
    started = [run_id for run_id in made if run_id is not None]
    if not started:
        return Answer(kind="obeyed", words="it was running already")
    return Answer(kind="obeyed", words=f"started {', '.join(started)}")


def _made(session: Session, given: Given, wanted: Wanted, submission: Submission, wake: Wake) -> str | None:
    asked = Asked(
        head_sha=given.pull.head_sha,
        evaluation=wanted.key,
        asked_by=given.person.login,
        comment_id=given.comment_id,
        why="comment",
    )
    run = make_run(session, given.pull, submission, asked, wake)
    return run.id if run else None


def _approval(session: Session, given: Given) -> Answer | None:
    """Let a fork's head pass that a maintainer names now, or has named; None when it may run."""
    pull = given.pull
    if not pull.is_fork:
        return None
    if given.head is not None and given.person.is_maintainer(given.settings):
        approve(session, pull.id, pull.head_sha, by=given.person.login, comment_id=given.comment_id)
    if is_approved(session, pull.id, pull.head_sha):
        return None
    return _refused("the fork's head is not approved", words.fork_waits(pull.head_sha, given.command.suite))


def _cancel(session: Session, given: Given, wake: Wake) -> Answer:
    count = cancel_all(session, given.pull, wake)
    touch(session, given.pull.id, given.pull.head_sha)
    return Answer(kind="obeyed", words=f"cancelled {count} run(s)", reply=None if count else "Nothing is running.")


def _status(session: Session, given: Given, wake: Wake) -> Answer:
    pull = given.pull
    touch(session, pull.id, pull.head_sha)
    found = evaluations_of(session, pull.id, pull.head_sha)
    if not found:
        return Answer(
            kind="obeyed", words="nothing to show", reply=words.not_on_head("Nothing was evaluated at this head")
        )
    return Answer(
        kind="obeyed", words="showed", reply=words.status_text(pull.head_sha, found, given.settings.public_url)
    )


def _rerun(session: Session, given: Given, wake: Wake) -> Answer:
    pull = given.pull
    if pull.is_fork and not is_approved(session, pull.id, pull.head_sha):
        return _refused("the fork's head is not approved", words.fork_waits(pull.head_sha, None))
    count = rerun_failed(session, pull, given.person.login, given.comment_id, wake)
    if not count:
        return _refused("nothing has failed", words.not_on_head("Nothing has failed at this head"))
    return Answer(kind="obeyed", words=f"repeated {count} run(s)")


def _promote(session: Session, given: Given, wake: Wake) -> Answer:
    pull = given.pull
    needed = given.settings.github_maintainer_permission
    if not given.person.is_maintainer(given.settings):
        return _refused("no maintainer", words.no_maintainer(needed))
    found = evaluations_of(session, pull.id, pull.head_sha)
    finished = list(
        {asked.evaluation: run for asked, run in reversed(found) if run.state is RunState.FINISHED}.values()
    )
    if not finished:
        return _refused("nothing to promote", words.not_on_head("No run of this head has finished"))
    reason = given.command.values.get("reason") or f"asked for on {pull.repository}#{pull.number}"
    replies = []
    for run in finished:
        added = promote(session, run.id, actor=f"github:{given.person.login}", reason=reason)
        replies.append(words.promoted([one.result.workload for one in added], run.id))
    return Answer(
        kind="obeyed", words=f"promoted {', '.join(run.id for run in finished)}", reply=words.shortened(replies)
    )


def _help(session: Session, given: Given, wake: Wake) -> Answer:
    return Answer(kind="obeyed", words="helped", reply=words.help_text())


def _refused(said: str, reply: str | None) -> Answer:
    return Answer(kind="refused", words=said, reply=reply)


_VERBS: Mapping[str, Callable[[Session, Given, Wake], Answer]] = {
    "run": _run,
    "cancel": _cancel,
    "status": _status,
    "rerun": _rerun,
    "promote": _promote,
    "help": _help,
}
