"""What the bot does without a command: when a label or a path asks for it, and when somebody repeats a check run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from db.github_messages import MessageKind, add_message
from db.github_pulls import Asked, PullRecord, find_pull, is_approved, note_pull, pulls_of_installation
from evals.errors import PlumblineError
from evals.spec import Submission
from workers.github.calls import GitHubAwayError
from workers.github.outcome import Effects, Outcome
from workers.github.running import Wake, cancel_all, cancel_pointless, has_run, make_run, rerun_all, rerun_failed
from workers.github.scene import Scene
from workers.github.wanted import Triggered, triggered_by
from workers.github.words import fork_waits, refusal

log = logging.getLogger(__name__)

Asks = Sequence[tuple[Triggered, Submission]]


def effects_of_pull_request(scene: Scene, action: str, label: str | None, sender: str) -> Effects:
    """Return what a change of a pull request brings about: pointless runs end, and what a trigger names begins.

    What the webhook tells is only a hint; the pull request is judged as it is now. A label counts if whoever put it on
    may give commands.
    """
    asks: Asks = ()
    problem: PlumblineError | None = None
    if scene.now.state == "open" and action != "closed" and _may_trigger(scene, label, sender):
        try:
            asks = _asks(scene, label)
        except GitHubAwayError:
            raise
        except PlumblineError as error:
            problem = error
    return lambda session: _start(session, scene, asks, problem, is_labeled=label is not None, sender=sender)


def effects_of_rerun(scene: Scene, head_sha: str, sender: str) -> Effects:
    """Return what a click on "re-run" brings about: what failed is repeated, or all of it where nothing has failed."""
    may = scene.person(sender).may_ask(scene.settings)
    return lambda session: _rerun(session, scene, head_sha, sender, may)


def effects_of_installation(installation_id: int | None, action: str) -> Effects:
    """Return what becomes of an installation: where the App was taken away, its open runs end."""
    if action not in ("deleted", "suspend") or installation_id is None:
        return lambda _session: Outcome(words=f"the App's installation: {action}")
    return lambda session: _leave(session, installation_id)


def _may_trigger(scene: Scene, label: str | None, sender: str) -> bool:
    return label is None or (label in scene.now.labels and scene.person(sender).may_ask(scene.settings))


def _asks(scene: Scene, label: str | None) -> Asks:
    """Return what the label that was put on asks for; of a new head, what all labels and paths do."""
    file = scene.file
    if file is None:
        return ()
    if label is not None:
        found = triggered_by(file, labels=[label], paths=())
    else:
        by_path = any(one.when.paths for one in file.evaluations)
        paths = scene.github.changed_paths(*scene.owner_and_name, scene.number) if by_path else ()
        found = triggered_by(file, labels=scene.now.labels, paths=paths)
    return tuple((one, scene.submission(one.wanted)) for one in found)


def _start(
    session: Session, scene: Scene, asks: Asks, problem: PlumblineError | None, *, is_labeled: bool, sender: str
) -> Outcome:
    if not asks and problem is None and find_pull(session, scene.repository, scene.number) is None:
        return Outcome(words="nothing to do")
    pull = note_pull(session, scene.pull_state)
    wake = Wake(pulls=[pull.id])
    cancelled = cancel_pointless(session, pull, wake)
    said = [f"cancelled {cancelled} run(s)"] if cancelled else []
    if problem is not None:
        said.append(f"nothing is triggered: {problem.message}")
        if is_labeled:
            add_message(session, pull.id, MessageKind.REPLY, refusal(problem))
    elif asks and pull.is_fork and not is_approved(session, pull.id, pull.head_sha):
        said.append("a fork's head waits for a maintainer")
        if is_labeled:
            add_message(session, pull.id, MessageKind.REPLY, fork_waits(pull.head_sha, asks[0][0].wanted.suite))
    else:
        said += [_started(session, pull, one, submission, sender, wake) for one, submission in asks]
    return Outcome(words="; ".join(said) or "nothing to do", wake=wake)


def _started(
    session: Session, pull: PullRecord, one: Triggered, submission: Submission, sender: str, wake: Wake
) -> str:
    asked = Asked(head_sha=pull.head_sha, evaluation=one.wanted.key, asked_by=sender, comment_id=None, why=one.why)
    if has_run(session, pull, asked):
        return f"{one.why}: evaluated before"
    try:
        with session.begin_nested():
            run = make_run(session, pull, submission, asked, wake)
    except PlumblineError as error:
        log.warning("%s#%d, %s: no run: %s", pull.repository, pull.number, one.why, error)
        return f"{one.why}: {error.message}"
    return f"{one.why}: started {run.id if run else 'nothing'}"


def _rerun(session: Session, scene: Scene, head_sha: str, sender: str, may: bool) -> Outcome:
    pull = note_pull(session, scene.pull_state)
    wake = Wake(pulls=[pull.id])
    cancel_pointless(session, pull, wake)
    if not may:
        return Outcome(words="re-run asked for by a stranger", wake=wake)
    if head_sha != pull.head_sha or pull.state != "open":
        return Outcome(words="re-run of what is no longer the head", wake=wake)
    if pull.is_fork and not is_approved(session, pull.id, pull.head_sha):
        return Outcome(words="re-run of a fork's head that is not approved", wake=wake)
    count = rerun_failed(session, pull, sender, None, wake) or rerun_all(session, pull, sender, wake)
    return Outcome(words=f"repeated {count} run(s)", wake=wake)


def _leave(session: Session, installation_id: int) -> Outcome:
    wake = Wake()
    count = sum(cancel_all(session, pull, wake) for pull in pulls_of_installation(session, installation_id))
    return Outcome(words=f"the App is gone: cancelled {count} run(s)", wake=wake)


def label_of(payload: Mapping[str, Any]) -> str | None:
    """Return the label that a webhook is about."""
    label = payload.get("label")
    name = label.get("name") if isinstance(label, dict) else None
    return name if isinstance(name, str) else None
