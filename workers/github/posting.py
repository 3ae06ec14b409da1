"""Bring a pull request's comment and check runs up to date with what the database says now."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime

from db.github_posting import (
    Head,
    Posting,
    claim_posting,
    finish_posting,
    note_check_run,
    note_comment,
    put_off_posting,
)
from db.run_views import run_view
from db.session import transaction
from db.settings import settings
from evals.errors import PlumblineError
from evals.render.pull_request.check_run import CheckText, render_check
from evals.render.pull_request.comment import marker, render_comment
from evals.render.pull_request.standing import standing_of
from evals.render.pull_request.views import PullView, RunView
from workers.github.calls import GitHubAwayError
from workers.github.client import installation
from workers.github.publishing import Publisher

log = logging.getLogger(__name__)

FOLDED = "This comment of Plumbline was replaced by another one on this pull request."
_SOONEST_S, _LATEST_S, _SHARE = 15.0, 120.0, 0.05
"""A live comment is edited after a twentieth of the time that has passed: GitHub allows 500 such writes an hour."""


def post_pull(pull_id: str) -> None:
    """Post what a pull request does not show yet; whatever GitHub does, what is to be told stays in the database."""
    with transaction() as session:
        posting = claim_posting(session, pull_id)
    if posting is None:
        return
    try:
        views = {head.head_sha: _view(posting, head) for head in posting.heads}
        _post(posting, views)
    except Exception as error:
        if not isinstance(error, PlumblineError):
            log.exception("the comment on %s#%d cannot be written", posting.repository, posting.number)
        _put_off(posting, error)
        return
    runs = [run for view in views.values() for run in view.runs]
    is_settled = not any(standing_of(run).is_live for run in runs)
    with transaction() as session:
        finish_posting(session, pull_id, is_settled=is_settled, again_in_s=_again_in_s(posting))


def _post(posting: Posting, views: dict[str, PullView]) -> None:
    owner, _, repo = posting.repository.partition("/")
    publisher = Publisher(installation(posting.installation_id), owner, repo)
    # The check runs first: branch protection waits for them.
    for head in posting.heads:
        _post_check_run(publisher, posting, head, views[head.head_sha])
    _post_comment(publisher, posting, views[posting.heads[0].head_sha])


def _post_check_run(publisher: Publisher, posting: Posting, head: Head, view: PullView) -> None:
    text = render_check(view)
    completed, sha256 = text.status == "completed", _digest(_said(text))
    if head.check_sha256 == sha256 and head.check_run_id is not None:
        return
    known = head.check_run_id
    if known is None or (head.is_settled and not completed):
        # A run that was tried again gets a new check run, because a completed one does not open again.
        known = publisher.find_check_run(head.head_sha, posting.pull_id, may_be_completed=completed)
    if known is None:
        known = publisher.create_check_run(head.head_sha, posting.pull_id, text)
    else:
        publisher.update_check_run(known, text)
    with transaction() as session:
        note_check_run(
            session,
            posting.pull_id,
            head_sha=head.head_sha,
            check_run_id=known,
            sha256=sha256,
            is_settled=completed,
        )


def _post_comment(publisher: Publisher, posting: Posting, view: PullView) -> None:
    body = render_comment(view)
    sha256 = _digest(body)
    if posting.comment_id is not None and posting.comment_sha256 == sha256:
        return
    if posting.comment_id is None or not publisher.edit_comment(posting.comment_id, body):
        comment_id = _found_or_created(publisher, posting, view, body)
    else:
        comment_id = posting.comment_id
    with transaction() as session:
        note_comment(session, posting.pull_id, comment_id=comment_id, sha256=sha256)


def _found_or_created(publisher: Publisher, posting: Posting, view: PullView, body: str) -> int:
    """Edit the comment that an earlier try left behind, or write one; further ones of ours are folded away."""
    known = publisher.own_comments(posting.number, marker(view.name))
    for old in known[:-1]:
        publisher.fold_away(old, FOLDED)
    if known and publisher.edit_comment(known[-1].id, body):
        return known[-1].id
    return publisher.create_comment(posting.number, body)


def _view(posting: Posting, head: Head) -> PullView:
    config = settings()
    commit = f"{config.github_web_url.rstrip('/')}/{posting.repository}/commit/{head.head_sha}"
    return PullView(
        runs=tuple(_run(one.run_id, one.asked_by, one.why) for one in head.evaluations),
        head_sha=head.head_sha,
        head_url=commit,
        current_sha=posting.head_sha,
    )


def _run(run_id: str, asked_by: str, why: str) -> RunView:
    config = settings()
    url = f"{config.public_url.rstrip('/')}/runs/{run_id}" if config.public_url else None
    plots_url = f"{url}/plots" if url and config.public_read else None
    with transaction() as session:
        return run_view(session, run_id, url=url, plots_url=plots_url, asked_by=asked_by, why=why)


def _put_off(posting: Posting, error: Exception) -> None:
    wait = error.retry_after_s if isinstance(error, GitHubAwayError) else None
    said = error.message if isinstance(error, PlumblineError) else type(error).__name__
    log.warning("%s#%d is told later: %s", posting.repository, posting.number, said)
    with transaction() as session:
        put_off_posting(session, posting.pull_id, error=said, retry_after_s=wait)


def _again_in_s(posting: Posting) -> float:
    newest = max(one.created_at for head in posting.heads for one in head.evaluations)
    passed = (datetime.now(UTC) - newest).total_seconds()
    return min(_LATEST_S, max(_SOONEST_S, _SHARE * passed))


def _said(text: CheckText) -> str:
    return "\n".join((text.status, text.conclusion or "", text.title, text.summary, text.details_url or ""))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
