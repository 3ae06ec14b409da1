"""GitHub's answers, whole, as the stand-in gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from githubkit_schemas.latest import models

from tests.github.filled import filled

Json = dict[str, Any]
_HTML = "https://github.com"
_URL = "https://example.org/x"
_SHA = "1" * 40


def user(login: str) -> Json:
    return filled(models.SimpleUser, login=login, type="Bot" if login.endswith("[bot]") else "User")


def app(app_id: str) -> Json:
    made = filled(models.Integration, id=int(app_id), slug="plumbline", name="Plumbline", client_id="Iv23standin")
    return {**made, "owner": user("plumbline")}


def installation_token(token: str) -> Json:
    return filled(models.InstallationToken, token=token, expires_at="2099-01-01T00:00:00Z")


def permission(login: str, role: str, legacy: str) -> Json:
    return filled(models.RepositoryCollaboratorPermission, permission=legacy, role_name=role, user=None)


def repository(name: str) -> Json:
    owner, _, short = name.partition("/")
    made = filled(models.Repository, full_name=name, name=short, owner=user(owner), private=False, archived=False)
    return made | dict.fromkeys(("has_downloads", "has_issues", "has_projects", "has_wiki"), True)


def pull_request(
    name: str,
    number: int,
    *,
    head_sha: str = _SHA,
    head_ref: str = "feature",
    head_repo: str | None = "",
    base_sha: str = "2" * 40,
    base_ref: str = "main",
    state: str = "open",
    author: str = "author",
    labels: tuple[str, ...] = (),
) -> Json:
    made = filled(models.PullRequest, number=number, state=state, user=user(author))
    made |= {
        "assignee": None,
        "merge_commit_sha": None,
    }  # of the older version of the API, which Prism's file describes
    head = None if head_repo is None else repository(head_repo or name)
    made["head"] = {**made["head"], "sha": head_sha, "ref": head_ref, "repo": head, "user": user(author), "label": "x"}
    made["base"] = {
        **made["base"],
        "sha": base_sha,
        "ref": base_ref,
        "repo": repository(name),
        "user": user("owner"),
        "label": "x",
    }
    named = [filled(models.PullRequestPropLabelsItems, name=label) for label in labels]
    return {**made, "labels": named, "html_url": f"{_HTML}/{name}/pull/{number}"}


def changed_file(path: str, previous: str | None = None) -> Json:
    made = filled(
        models.DiffEntry, filename=path, status="renamed" if previous else "modified", raw_url=_URL, blob_url=_URL
    )
    return made | ({"previous_filename": previous} if previous else {})


def content(path: str, encode: Callable[[bytes], bytes], found: bytes) -> Json:
    small = len(found) <= 1_000_000
    return filled(
        models.ContentFile,
        type="file",
        path=path,
        name=path.rpartition("/")[2],
        size=len(found),
        encoding="base64" if small else "none",
        content=encode(found).decode() if small else "",
        _links={"self": _URL, "git": None, "html": None},
    )


def comparison(merge_base: str) -> Json:
    commit = filled(models.Commit, sha=merge_base)
    return filled(models.CommitComparison, merge_base_commit=commit, base_commit=commit)


def reaction(number: int, kind: str) -> Json:
    return filled(models.Reaction, id=number, content=kind, user=user("plumbline[bot]"))


def comment(number: int, name: str, issue: int, body: str, *, login: str, written_by: Json | None) -> Json:
    return filled(
        models.IssueComment,
        id=number,
        node_id=f"IC_{number}",
        body=body,
        user=user(login),
        issue_url=f"https://api.github.com/repos/{name}/issues/{issue}",
        html_url=f"{_HTML}/{name}/pull/{issue}#issuecomment-{number}",
        author_association="NONE",
        performed_via_github_app=written_by,
    )


def check_run(number: int, **known: Any) -> Json:
    made = filled(models.CheckRun, id=number, conclusion=None, status="queued", external_id=None, details_url=None)
    return {**made, **known, "id": number}
