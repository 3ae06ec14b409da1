"""One installation's view of GitHub: who may what, what a pull request is, and a word in reply."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

from githubkit import AppInstallationAuthStrategy, TokenAuthStrategy
from githubkit import GitHub as Kit

from db.settings import settings
from evals.errors import PlumblineError
from workers.github.calls import TOKENS, GitHubRefusedError, calling, once_again

if TYPE_CHECKING:
    from githubkit_schemas.latest.models import DiffEntry

_Reaction = Literal["eyes", "rocket", "confused", "-1"]
TIMEOUT_S = 10.0
_PAGE, _MOST_PAGES = 100, 30
"""GitHub lists at most 3,000 files of a pull request."""

_ROLES = frozenset({"admin", "maintain", "write", "triage", "read", "none"})


class GitHubNotSetUpError(PlumblineError):
    """The operator has not named an App and its key, or the key cannot be read."""

    code = "github_not_set_up"


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """Describe a pull request as it is now; head_repo is empty when the fork is gone."""

    number: int
    head_sha: str
    head_repo: str
    base_sha: str
    is_fork: bool
    state: str
    author: str
    labels: tuple[str, ...]


class GitHub:
    """Ask GitHub as one installation of the App, or with one token; raises GitHubAwayError and GitHubRefusedError."""

    def __init__(self, kit: Kit[Any], *, app_id: str | None = None) -> None:
        self.kit = kit
        self.app_id = app_id

    def permission(self, owner: str, repo: str, login: str) -> str:
        """Return a user's role: admin, maintain, write, triage, read or none; of a custom role, what it is made of."""
        try:
            with calling("permission of a user"):
                name = quote(login, safe="")
                found = self.kit.rest.repos.get_collaborator_permission_level(owner, repo, name).parsed_data
        except GitHubRefusedError as error:
            if error.status == 404:
                return "none"
            raise
        return found.role_name if found.role_name in _ROLES else found.permission

    def pull_request(self, owner: str, repo: str, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        with calling(f"pull request {number}"):
            found = self.kit.rest.pulls.get(owner, repo, number).parsed_data
            head_repo = found.head.repo.full_name if found.head.repo else ""
            return PullRequest(
                number=found.number,
                head_sha=found.head.sha,
                head_repo=head_repo,
                base_sha=found.base.sha,
                is_fork=head_repo != found.base.repo.full_name,
                state=found.state,
                author=found.user.login,
                labels=tuple(label.name for label in found.labels),
            )

    def file(self, owner: str, repo: str, path: str, ref: str, limit_bytes: int) -> bytes | None:
        """Return a file's bytes, of a longer one the first `limit_bytes` + 1 or as many spaces; None: there is none."""
        try:
            with calling(f"file {path}"):
                found = self.kit.rest.repos.get_content(owner, repo, quote(path), ref=ref).parsed_data
        except GitHubRefusedError as error:
            if error.status == 404:
                return None
            raise
        if isinstance(found, list) or found.type != "file":
            return None
        # Beyond 1 MB GitHub sends no content; what counts then is that the file is longer than is read.
        content = base64.b64decode(found.content) if found.encoding == "base64" else b""
        return content[: limit_bytes + 1].ljust(min(found.size, limit_bytes + 1))

    def changed_paths(self, owner: str, repo: str, number: int) -> tuple[str, ...]:
        """Return the paths that a pull request touches, the names before a rename too; at most 3,000 files."""
        paths: dict[str, None] = {}
        for page in range(1, _MOST_PAGES + 1):
            with calling(f"files of pull request {number}"):
                answer = self.kit.rest.pulls.list_files(owner, repo, number, per_page=_PAGE, page=page)
                found: Sequence[DiffEntry] = answer.parsed_data
            for file in found:
                paths[file.filename] = None
                if isinstance(file.previous_filename, str):
                    paths[file.previous_filename] = None
            if len(found) < _PAGE:
                break
        return tuple(paths)

    def merge_base(self, owner: str, repo: str, base: str, head: str) -> str:
        """Return the commit at which two commits or branches part."""
        between = f"{quote(base, safe='')}...{quote(head, safe='')}"
        with calling("merge base"):
            found = self.kit.rest.repos.compare_commits(owner, repo, between, per_page=1).parsed_data
            return found.merge_base_commit.sha

    def react(self, owner: str, repo: str, comment_id: int, content: str) -> None:
        """Put a reaction on a comment (eyes, rocket, confused, -1); a second one of the kind changes nothing."""
        with calling("reaction"):
            self.kit.rest.reactions.create_for_issue_comment(owner, repo, comment_id, content=cast(_Reaction, content))

    def reply(self, owner: str, repo: str, number: int, body: str) -> int:
        """Write a comment on a pull request and return its id."""
        with calling("comment"):
            return self.kit.rest.issues.create_comment(owner, repo, number, body=body).parsed_data.id


def installation(installation_id: int) -> GitHub:
    """Return the client of one installation of the operator's App; raise GitHubNotSetUpError without one."""
    config = settings()
    app_id, path = config.github_app_id, config.github_private_key_path
    remedy = "set PLUMBLINE_GITHUB_APP_ID and PLUMBLINE_GITHUB_PRIVATE_KEY_PATH; see docs/github.md"
    if app_id is None or path is None:
        raise GitHubNotSetUpError("no GitHub App is set up", remedy=remedy)
    try:
        key = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise GitHubNotSetUpError(f"the App's private key at {path} cannot be read", remedy=remedy) from None
    return GitHub(_kit(AppInstallationAuthStrategy(app_id, key, installation_id), config.github_api_url), app_id=app_id)


def with_token(token: str, api_url: str) -> GitHub:
    """Return the client of a token, such as the one that a workflow has."""
    return GitHub(_kit(TokenAuthStrategy(token), api_url))


def _kit(auth: Any, api_url: str) -> Kit[Any]:
    return Kit(
        auth,
        base_url=api_url,
        user_agent="plumbline",
        timeout=TIMEOUT_S,
        http_cache=False,
        cache_strategy=TOKENS,
        follow_redirects=False,
        auto_retry=once_again,
    )
