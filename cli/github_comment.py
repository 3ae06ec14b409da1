"""`plumbline github comment`: a run as a pull request's comment, printed, or posted with a workflow's token."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import ValidationError

from cli.client import ROOT
from cli.errors import readable
from cli.options import Server, client_of
from db.codec import from_json
from evals.errors import InvalidSubmissionError, PlumblineError
from evals.render.pull_request.check_run import render_check
from evals.render.pull_request.comment import marker, render_comment
from evals.render.pull_request.views import PullView, RunView
from evals.result import Report

if TYPE_CHECKING:
    from workers.github.publishing import Publisher

T = TypeVar("T")
DEFAULT_API = "https://api.github.com"
_WAITS_S = (5.0, 20.0, 60.0)
_LONGEST_WAIT_S = 300.0
_MOST_BYTES = 64 * 2**20


class StaleHeadError(PlumblineError):
    """The pull request is at another commit than the one that was evaluated."""

    code = "stale_head"


@dataclass(frozen=True, kw_only=True)
class _Told:
    """Hold the comment's text and, where the run has ended, its report."""

    text: str
    report: Report | None


@readable
def comment(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run's id.")] = None,
    result: Annotated[Path | None, typer.Option(help="What `plumbline submit --wait --json` printed.")] = None,
    repository: Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="Where, as owner/name.")] = "",
    pull: Annotated[int | None, typer.Option(min=1, help="Post on this pull request; otherwise print.")] = None,
    head: Annotated[str, typer.Option(help="The commit that was evaluated; any other head is refused.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Set a check run on the head too.")] = False,
    name: Annotated[str, typer.Option(help="Tells several comments on one pull request apart.")] = "pull-request",
    author: Annotated[
        str, typer.Option(help="Whose comment is edited: the login of the token.")
    ] = "github-actions[bot]",
    server: Server = None,
) -> None:
    """Print a run as the comment on a pull request, or post it: GITHUB_TOKEN is the token, one comment is kept."""
    if head and not re.fullmatch(r"[0-9a-f]{40}", head):
        raise InvalidSubmissionError(f"{head[:60]!r} is no full commit", remedy="give all its 40 digits", field="head")
    if (run is None) == (result is None):
        raise InvalidSubmissionError(
            "either a run's id or --result is needed", remedy="plumbline github comment RUN", field="run"
        )
    told = _from_service(server, run, head, name) if run is not None else _from_file(result, head, name)
    if pull is None:
        print(told.text)
        return
    _post(told, repository, pull, head=head, check=check, name=name, author=author)


def _from_service(server: str | None, run: str, head: str, name: str) -> _Told:
    client = client_of(server)
    text, _ = client.get_text(f"{ROOT}/submissions/{run}/comment", head_sha=head, name=name)
    ended = client.get(f"{ROOT}/submissions/{run}")["state"] == "finished"
    report = from_json(Report, client.get(f"{ROOT}/submissions/{run}/report")) if ended else None
    return _Told(text=text, report=report)


def _from_file(file: Path | None, head: str, name: str) -> _Told:
    """Read a result that may come from anybody: all of it is shown as text, and nothing in it is followed."""
    assert file is not None
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError
        report = from_json(Report, json.loads(file.read_bytes())["report"])
    except (OSError, ValueError, ValidationError, KeyError, TypeError, RecursionError):
        raise InvalidSubmissionError(
            f"{file} holds no result", remedy="write it by `plumbline submit --wait --json`", field="result"
        ) from None
    view = _view(report, head, name)
    return _Told(text=render_comment(view), report=report)


def _view(report: Report, head: str, name: str) -> PullView:
    run = RunView(
        run_id=report.run_id, suite=report.suite, model=report.candidate.model, state="finished", report=report
    )
    return PullView(runs=(run,), head_sha=head, commands=False, name=name)


def _post(told: _Told, repository: str, pull: int, *, head: str, check: bool, name: str, author: str) -> None:
    from workers.github.client import with_token
    from workers.github.publishing import Publisher

    owner, _, repo = repository.partition("/")
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or ""
    if not repo or not token:
        raise InvalidSubmissionError(
            "--repository owner/name or GITHUB_TOKEN is missing", remedy="set both; see docs/github.md", field="pull"
        )
    github = with_token(token, os.environ.get("GITHUB_API_URL") or DEFAULT_API)
    publisher = Publisher(github, owner, repo, author=author)
    now = _patiently(lambda: github.pull_request(owner, repo, pull)).head_sha
    if head and now != head:
        raise StaleHeadError(
            f"pull request {pull} is at {now[:10]}, not at {head[:10]}",
            remedy="evaluate its new head; an outdated result is not posted",
        )
    _patiently(lambda: _keep_one(publisher, pull, told.text, name))
    if check and told.report is not None:
        view = _view(told.report, now, name)
        _patiently(lambda: publisher.create_check_run(now, name, render_check(view)))


def _keep_one(publisher: Publisher, pull: int, text: str, name: str) -> None:
    known = publisher.own_comments(pull, marker(name))
    if not (known and publisher.edit_comment(known[-1].id, text)):
        publisher.create_comment(pull, text)


def _patiently(act: Callable[[], T]) -> T:
    """Try again a few times while GitHub does not answer, as long as it asks to wait."""
    from workers.github.calls import GitHubAwayError

    for wait_s in _WAITS_S:
        try:
            return act()
        except GitHubAwayError as error:
            time.sleep(min(error.retry_after_s if error.retry_after_s is not None else wait_s, _LONGEST_WAIT_S))
    return act()
