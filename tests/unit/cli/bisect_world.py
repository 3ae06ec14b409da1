"""A small real repository, and a double of the service that judges its commits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from typer.testing import Result

from tests.unit.cli.commands_world import plumbline
from tests.unit.cli.service_double import ServiceDouble, run, stream

LENGTH, PLANTED = 16, 9


def subject_of(number: int) -> str:
    """Return a commit's subject; one holds what Python takes for ends of lines."""
    return f"Change [bold]{number}" + "\u2028\x0cend" * (number == 3)


class Bisected(ServiceDouble):
    """A service whose runs fail from a planted commit on; `others` gives the verdicts of single places."""

    def __init__(self, shas: list[str], planted: int, others: dict[int, str]) -> None:
        super().__init__()
        self.verdicts = {sha: others.get(n, "fail" if n >= planted else "pass") for n, sha in enumerate(shas)}
        self.shas = shas
        self.runs: dict[str, dict[str, Any]] = {}
        self.places: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.method == "POST" and request.url.path.endswith("/submissions"):
            made = self._submitted(request)
            return made if isinstance(made, httpx.Response) else httpx.Response(202, json=made)
        found = self.runs[request.url.path.split("/")[4]]
        if request.url.path.endswith("/events"):
            return stream(("end", {}))
        return httpx.Response(200, json=found)

    def _submitted(self, request: httpx.Request) -> Any:
        candidate = json.loads(request.content)["candidate"]
        code = candidate.get("source") or candidate["external_package"]
        [place] = [n for n, sha in enumerate(self.shas) if sha in code]
        self.places.append(place)
        verdict = self.verdicts[self.shas[place]]
        made = run("finished", verdict) | {"id": f"r{place}", "headline": f"commit {place} says {verdict}"}
        return self.runs.setdefault(request.headers["idempotency-key"], {}) or self._keep(request, made)

    def _keep(self, request: httpx.Request, made: dict[str, Any]) -> dict[str, Any]:
        self.runs[request.headers["idempotency-key"]] = self.runs[made["id"]] = made
        return made


def bisect(repository: Path, *arguments: str) -> Result:
    ends = ["--good", "main~15", "--bad", "main", "--model", "org/name"]
    return plumbline("bisect", "--repo", str(repository), *ends, *arguments)
