"""What the stand-in for GitHub remembers, and the faults that it was told to have."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.github.answers import app, comment, pull_request

APP_ID = "123456"
Json = Any
Headers = dict[str, str]


@dataclass
class Request:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    body: Json


@dataclass
class Fault:
    """What happens to the next requests instead of an answer. status: HTTP's; 0: nothing is answered for `stall_s`.

    after: whether the request is carried out all the same, as when an answer gets lost.
    """

    status: int
    times: int
    matching: str = ""
    headers: Headers = field(default_factory=dict)
    message: str = "a fault on command"
    stall_s: float = 0.0
    after: bool = False


class StandIn:
    """Hold one GitHub with one App: by "owner/repo" and number; comments and check runs by id, as GitHub shows them."""

    def __init__(self) -> None:
        self.url = ""
        self.pulls: dict[tuple[str, int], dict[str, Any]] = {}
        self.paths: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.permissions: dict[tuple[str, str], tuple[str, str]] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.merge_bases: dict[tuple[str, str, str], str] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.reactions: list[tuple[int, str]] = []
        self.check_runs: dict[int, dict[str, Any]] = {}
        self.minimized: list[str] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self._next = 1000

    def add_pull(self, repository: str, number: int, **changes: Any) -> None:
        """Open a pull request; changes: head_sha, head_ref, head_repo, base_sha, base_ref, state, author, labels."""
        self.pulls[repository, number] = pull_request(repository, number, **changes)

    def add_comment(
        self, repository: str, number: int, body: str, *, login: str = "someone", ours: bool = False
    ) -> int:
        """Write a comment as a person, or as the App; return its id."""
        with self.lock:
            self._next += 1
            made = comment(self._next, repository, number, body, login=login, written_by=app(APP_ID) if ours else None)
            self.comments[self._next] = made
            return self._next

    def comments_on(self, repository: str, number: int) -> list[dict[str, Any]]:
        """Return the comments of a pull request, the oldest first."""
        return [one for one in self.comments.values() if one["issue_url"].endswith(f"/{repository}/issues/{number}")]

    def checks_of(self, head_sha: str) -> list[dict[str, Any]]:
        """Return the check runs of a commit, the oldest first."""
        return [one for one in self.check_runs.values() if one["head_sha"] == head_sha]

    def fail(self, status: int, *, times: int = 1, **more: Any) -> None:
        """Answer the next requests (that match a regular expression of "METHOD path") with a fault; see Fault."""
        self.faults.append(Fault(status=status, times=times, **more))

    def mend(self) -> None:
        """End all faults."""
        self.faults.clear()

    def made_by_app(self, repository: str, number: int, body: str) -> dict[str, Any]:
        """Write a comment as the App and return it."""
        return self.comments[self.add_comment(repository, number, body, login="plumbline[bot]", ours=True)]

    def new_id(self) -> int:
        """Return an id that nothing has."""
        self._next += 1
        return self._next

    def due_fault(self, request: Request) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.matching, f"{request.method} {request.path}"):
                    fault.times -= 1
                    return fault
        return None
