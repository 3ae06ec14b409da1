"""Commands in comments: who gives them, what GitHub must be asked first, and what is written then."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from db.github_messages import MessageKind, add_message
from db.github_pulls import PullRecord, note_order, note_pull, was_obeyed, was_refused
from evals.errors import PlumblineError
from evals.spec import Submission
from workers.github.calls import GitHubAwayError, GitHubRefusedError
from workers.github.commands import Command, Misread, commands_in
from workers.github.obeying import Answer, Given, obey
from workers.github.outcome import Effects, Outcome, ignored
from workers.github.permissions import Person
from workers.github.running import Wake, cancel_pointless
from workers.github.scene import Scene
from workers.github.wanted import Wanted, head_named, wanted_by
from workers.github.words import REACTIONS, misread, refusal, shortened, stranger

STRANGER = "a stranger"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on a pull request."""

    id: int
    login: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A command with all that GitHub had to be asked for it, or why it cannot be obeyed."""

    command: Command
    submissions: tuple[tuple[Wanted, Submission], ...] = field(default=())
    head: str | None = None
    problem: PlumblineError | None = None


def effects_of_comment(scene: Scene, comment: Comment) -> Effects:
    """Return what a comment brings about; GitHub is asked for everything before anything is written."""
    found = commands_in(comment.body)
    if not found:
        return ignored("the comment holds no command")
    person = scene.person(comment.login)
    if not person.may_ask(scene.settings):
        return lambda session: _refuse_stranger(session, scene, comment, len(found))
    with suppress(GitHubAwayError, GitHubRefusedError):
        scene.github.react(*scene.owner_and_name, comment.id, "eyes")
    prepared = [one if isinstance(one, Misread) else _prepared(scene, one, comment) for one in found]
    return lambda session: _obey_all(session, scene, person, comment, prepared)


def _prepared(scene: Scene, command: Command, comment: Comment) -> Prepared:
    if command.verb != "run":
        return Prepared(command=command)
    try:
        head = head_named(command)
        wanted = wanted_by(command, scene.file)
        asked = tuple((one, scene.submission(one, comment.id)) for one in wanted)
    except GitHubAwayError:
        raise
    except PlumblineError as error:
        return Prepared(command=command, problem=error)
    return Prepared(command=command, submissions=asked, head=head)


def _obey_all(
    session: Session, scene: Scene, person: Person, comment: Comment, prepared: Sequence[Prepared | Misread]
) -> Outcome:
    pull = note_pull(session, scene.pull_state)
    wake = Wake(pulls=[pull.id])
    cancel_pointless(session, pull, wake)
    if was_obeyed(session, pull.id, comment.id):
        return Outcome(words="its commands were obeyed before", wake=wake)
    answers = [_answer(session, scene, pull, person, comment, one, wake) for one in prepared]
    for place, (one, answer) in enumerate(zip(prepared, answers, strict=True)):
        verb = "misread" if isinstance(one, Misread) else one.command.verb
        note_order(
            session,
            pull.id,
            comment_id=comment.id,
            place=place,
            verb=verb,
            asked_by=comment.login,
            outcome=answer.words,
        )
    _tell(session, pull, comment, answers)
    return Outcome(words="; ".join(answer.words for answer in answers), wake=wake)


def _answer(
    session: Session,
    scene: Scene,
    pull: PullRecord,
    person: Person,
    comment: Comment,
    one: Prepared | Misread,
    wake: Wake,
) -> Answer:
    if isinstance(one, Misread):
        return Answer(kind="misread", words=f"misread: {one.problem}", reply=misread(one))
    if one.problem is not None:
        return Answer(kind="refused", words=one.problem.message, reply=refusal(one.problem))
    given = Given(
        pull=pull,
        person=person,
        comment_id=comment.id,
        command=one.command,
        submissions=one.submissions,
        head=one.head,
        settings=scene.settings,
    )
    try:
        with session.begin_nested():
            return obey(session, given, wake)
    except PlumblineError as error:
        return Answer(kind="refused", words=error.message, reply=refusal(error))


def _refuse_stranger(session: Session, scene: Scene, comment: Comment, count: int) -> Outcome:
    """Answer a stranger once on each pull request, so that nobody makes the bot talk."""
    pull = note_pull(session, scene.pull_state)
    wake = Wake(pulls=[pull.id])
    cancel_pointless(session, pull, wake)
    was_told = was_refused(session, pull.id, comment.login, STRANGER)
    if note_order(
        session, pull.id, comment_id=comment.id, place=0, verb="refused", asked_by=comment.login, outcome=STRANGER
    ):
        reply = None if was_told else stranger(scene.settings.github_permission)
        _tell(session, pull, comment, [Answer(kind="refused", words=STRANGER, reply=reply)])
    return Outcome(words=f"{count} command(s) of {STRANGER} were refused", wake=wake)


def _tell(session: Session, pull: PullRecord, comment: Comment, answers: Sequence[Answer]) -> None:
    for kind in dict.fromkeys(answer.kind for answer in answers):
        add_message(session, pull.id, MessageKind.REACTION, REACTIONS[kind], about_comment_id=comment.id)
    replies = [answer.reply for answer in answers if answer.reply]
    if replies:
        add_message(session, pull.id, MessageKind.REPLY, shortened(replies))
