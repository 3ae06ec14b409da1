"""What the stand-in for GitHub does on each request that the bot makes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.github.answers import check_run, comparison, content, installation_token, permission, reaction
from tests.github.standin_state import Json, Request, StandIn

Answer = tuple[int, Json]
Route = tuple[str, str, Callable[..., Answer]]
_REPO = r"/repos/([^/]+/[^/]+)"


def _token(github: StandIn, request: Request, installation: str) -> Answer:
    return 201, installation_token(f"ghs_standin{installation}")


def _permission(github: StandIn, request: Request, repo: str, login: str) -> Answer:
    role, legacy = github.permissions.get((repo, login), ("", ""))
    return (200, permission(login, role, legacy)) if role else (404, {"message": "Not Found"})


def _pull(github: StandIn, request: Request, repo: str, number: str) -> Answer:
    found = github.pulls.get((repo, int(number)))
    return (200, found) if found else (404, {"message": "Not Found"})


def _paths(github: StandIn, request: Request, repo: str, number: str) -> Answer:
    return 200, _page(request, github.paths.get((repo, int(number)), []))


def _file(github: StandIn, request: Request, repo: str, path: str) -> Answer:
    found = github.files.get((repo, path, request.query["ref"]))
    return (404, {"message": "Not Found"}) if found is None else (200, content(path, base64.b64encode, found))


def _compare(github: StandIn, request: Request, repo: str, base: str, head: str) -> Answer:
    found = github.merge_bases.get((repo, base, head))
    return (200, comparison(found)) if found else (404, {"message": "Not Found"})


def _react(github: StandIn, request: Request, repo: str, comment_id: str) -> Answer:
    known = (int(comment_id), request.body["content"])
    status = 200 if known in github.reactions else 201
    if status == 201:
        github.reactions.append(known)
    return status, reaction(1 + github.reactions.index(known), request.body["content"])


def _comments(github: StandIn, request: Request, repo: str, number: str) -> Answer:
    return 200, _page(request, github.comments_on(repo, int(number)))


def _create_comment(github: StandIn, request: Request, repo: str, number: str) -> Answer:
    if len(request.body["body"]) > 65_536:
        return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
    return 201, github.made_by_app(repo, int(number), request.body["body"])


def _edit_comment(github: StandIn, request: Request, repo: str, comment_id: str) -> Answer:
    found = github.comments.get(int(comment_id))
    if found is None:
        return 404, {"message": "Not Found"}
    found["body"] = request.body["body"]
    return 200, found


def _check_runs(github: StandIn, request: Request, repo: str, ref: str) -> Answer:
    found = [one for one in github.checks_of(ref) if one["name"] == request.query.get("check_name", one["name"])]
    return 200, {"total_count": len(found), "check_runs": _page(request, found)}


def _create_check_run(github: StandIn, request: Request, repo: str) -> Answer:
    made = check_run(github.new_id(), **_of_check_run(request.body))
    github.check_runs[made["id"]] = made
    return 201, made


def _edit_check_run(github: StandIn, request: Request, repo: str, check_run_id: str) -> Answer:
    found = github.check_runs.get(int(check_run_id))
    if found is None:
        return 404, {"message": "Not Found"}
    found.update(check_run(found["id"], **{**found, **_of_check_run(request.body)}))
    return 200, found


def _graphql(github: StandIn, request: Request) -> Answer:
    if "minimizeComment" not in request.body["query"]:
        return 200, {"data": None, "errors": [{"message": "unknown query"}]}
    github.minimized.append(request.body["variables"]["id"])
    return 200, {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}


def _of_check_run(body: Json) -> dict[str, Any]:
    """Return a check run's fields; like GitHub, complete whatever has a conclusion."""
    output = {
        "annotations_count": 0,
        "annotations_url": "https://example.org/x",
        "text": None,
        **body.get("output", {}),
    }
    return {**body, "output": output, **({"status": "completed"} if body.get("conclusion") else {})}


def _page(request: Request, items: list[Any]) -> list[Any]:
    size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    return items[(page - 1) * size : page * size]


ROUTES: list[Route] = [
    ("POST", r"/app/installations/(\d+)/access_tokens", _token),
    ("GET", rf"{_REPO}/collaborators/([^/]+)/permission", _permission),
    ("GET", rf"{_REPO}/pulls/(\d+)", _pull),
    ("GET", rf"{_REPO}/pulls/(\d+)/files", _paths),
    ("GET", rf"{_REPO}/contents/(.+)", _file),
    ("GET", rf"{_REPO}/compare/(.+)\.\.\.(.+)", _compare),
    ("POST", rf"{_REPO}/issues/comments/(\d+)/reactions", _react),
    ("GET", rf"{_REPO}/issues/(\d+)/comments", _comments),
    ("POST", rf"{_REPO}/issues/(\d+)/comments", _create_comment),
    ("PATCH", rf"{_REPO}/issues/comments/(\d+)", _edit_comment),
    ("GET", rf"{_REPO}/commits/([^/]+)/check-runs", _check_runs),
    ("POST", rf"{_REPO}/check-runs", _create_check_run),
    ("PATCH", rf"{_REPO}/check-runs/(\d+)", _edit_check_run),
    ("POST", r"/graphql", _graphql),
]


def answer(github: StandIn, request: Request) -> Answer:
    """Carry a request out and return status and body."""
    signed = request.headers.get("authorization", "")
    if not re.match(
        r"Bearer \S+\.\S+\.\S+$" if request.path.startswith("/app/") else r"(token|Bearer) gh[sp]_", signed
    ):
        return 401, {"message": "Bad credentials"}
    for method, pattern, act in ROUTES:
        found = re.fullmatch(pattern, request.path) if method == request.method else None
        if found:
            with github.lock:
                return act(github, request, *(unquote(part) for part in found.groups()))
    return 404, {"message": "Not Found"}
