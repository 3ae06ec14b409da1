"""What the bot writes on GitHub: its one comment on a pull request, and a check run for a commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from githubkit_schemas.latest.models import Integration

from evals.render.pull_request.check_run import CheckText
from workers.github.calls import GitHubAwayError, GitHubRefusedError, calling
from workers.github.client import GitHub

if TYPE_CHECKING:
    from githubkit_schemas.latest.models import CheckRun, IssueComment

CHECK_NAME = "Plumbline"
_PAGE, _MOST_PAGES = 100, 30
_MINIMIZE = """mutation($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } }
}"""


@dataclass(frozen=True, kw_only=True)
class OwnComment:
    """A comment that we wrote on a pull request; node_id: its name in GraphQL."""

    id: int
    node_id: str


class Publisher:
    """Write on one repository. author: the login whose comments are ours where no App says so."""

    def __init__(self, github: GitHub, owner: str, repo: str, *, author: str | None = None) -> None:
        self._kit, self._app_id, self._author = github.kit, github.app_id, author
        self._owner, self._repo = owner, repo

    def own_comments(self, number: int, marker: str) -> list[OwnComment]:
        """Return our comments with the marker on a pull request, the oldest first; others' with it are not ours."""
        found = (one for one in self._comments(number) if marker in (one.body or "") and self._is_ours(one))
        return [OwnComment(id=one.id, node_id=one.node_id) for one in found]

    def create_comment(self, number: int, body: str) -> int:
        """Write a comment and return its id."""
        with calling("comment"):
            return self._kit.rest.issues.create_comment(self._owner, self._repo, number, body=body).parsed_data.id

    def edit_comment(self, comment_id: int, body: str) -> bool:
        """Replace a comment's text; False when there is no such comment any more."""
        try:
            with calling("edit of a comment"):
                self._kit.rest.issues.update_comment(self._owner, self._repo, comment_id, body=body)
        except GitHubRefusedError as error:
            if error.status in (404, 410):
                return False
            raise
        return True

    def fold_away(self, comment: OwnComment, short: str) -> None:
        """Let GitHub fold a comment as outdated; where it does not, replace its text by a short one."""
        try:
            with calling("folding of a comment"):
                self._kit.graphql(_MINIMIZE, variables={"id": comment.node_id})
        except GitHubRefusedError:
            self.edit_comment(comment.id, short)

    def find_check_run(self, head_sha: str, external_id: str, *, may_be_completed: bool) -> int | None:
        """Return the newest check run that was created for a commit under an id of ours; None without one."""
        with calling("check runs of a commit"):
            listed = self._kit.rest.checks.list_for_ref(
                self._owner, self._repo, head_sha, check_name=CHECK_NAME, per_page=_PAGE
            )
            ours = [one for one in listed.parsed_data.check_runs if one.external_id == external_id]
        return max((one.id for one in ours if may_be_completed or one.status != "completed"), default=None)

    def create_check_run(self, head_sha: str, external_id: str, text: CheckText) -> int:
        """Create a commit's check run and return its id."""
        body: Any = {"name": CHECK_NAME, "head_sha": head_sha, "external_id": external_id, **_body(text)}
        with calling("check run"):
            created: CheckRun = self._kit.rest.checks.create(self._owner, self._repo, data=body).parsed_data
            return created.id

    def update_check_run(self, check_run_id: int, text: CheckText) -> None:
        """Bring a check run up to date."""
        with calling("edit of a check run"):
            self._kit.rest.checks.update(self._owner, self._repo, check_run_id, data=_body(text))

    def _comments(self, number: int) -> Iterator[IssueComment]:
        for page in range(1, _MOST_PAGES + 1):
            with calling("comments"):
                listed = self._kit.rest.issues.list_comments(self._owner, self._repo, number, per_page=_PAGE, page=page)
                found: Sequence[IssueComment] = listed.parsed_data
            yield from found
            if len(found) < _PAGE:
                return
        raise GitHubAwayError(f"the pull request has more than {_PAGE * _MOST_PAGES} comments")

    def _is_ours(self, comment: IssueComment) -> bool:
        app, user = comment.performed_via_github_app, comment.user
        if self._app_id is not None:
            return isinstance(app, Integration) and self._app_id in (str(app.id), app.client_id)
        return user is not None and user.login == self._author


def _body(text: CheckText) -> Any:
    """Return a check run's fields; GitHub completes whatever has a conclusion, so that only ends have one."""
    body: dict[str, Any] = {"status": text.status, "output": {"title": text.title, "summary": text.summary}}
    if text.conclusion is not None:
        body["conclusion"] = text.conclusion
    if text.details_url is not None:
        body["details_url"] = text.details_url
    return body
