"""`plumbline bisect` over a small real repository, against a double of the service."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

import cli.options
from cli.client import Client
from cli.commits import address_of, line_between
from cli.main import app
from evals.errors import CodeFetchError, InvalidSubmissionError
from tests.unit.cli.service_double import ServiceDouble, problem, run, stream

LENGTH, PLANTED = 16, 9


def subject_of(number: int) -> str:
    """Return a commit's subject; one holds what Python takes for ends of lines."""
    return f"Change [bold]{number}" + "\u2028\x0cend" * (number == 3)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository whose main has 16 commits; beside it a branch that was merged, and one that was not."""
    folder = tmp_path_factory.mktemp("repository") / "r.git"
    who = "Ann <a@example.org> 1767225600 +0000"
    script = ["reset refs/heads/main"]
    for number in range(LENGTH):
        subject = subject_of(number)
        script += ["commit refs/heads/main", f"committer {who}", f"data {len(subject.encode())}", subject]
        if number == 5:
            script.append("merge refs/heads/side")
        if number == 2:
            for branch in ("side", "other"):
                script += [f"commit refs/heads/{branch}", f"committer {who}", f"data {len(branch)}", branch]
                script.append("from refs/heads/main")
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    feed = "\n".join(script) + "\n"
    subprocess.run(["git", f"--git-dir={folder}", "fast-import", "--quiet"], input=feed, text=True, check=True)
    return folder


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


@pytest.fixture
def serve(home: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    shas = [commit.sha for commit in line_between(f"file://{repository}", "main~15", "main")]

    def start(planted: int = PLANTED, others: dict[int, str] | None = None) -> Bisected:
        double = Bisected(shas, planted, others or {})
        connect = lambda url, token: Client(url, token, transport=httpx.MockTransport(double))  # noqa: E731
        monkeypatch.setattr(cli.options, "Client", connect)
        monkeypatch.setenv("COLUMNS", "200")
        return double

    return start


def bisect(repository: Path, *arguments: str) -> Result:
    ends = ["--good", "main~15", "--bad", "main", "--model", "org/name"]
    return CliRunner().invoke(app, ["bisect", "--repo", str(repository), *ends, *arguments])


def test_the_first_bad_commit_is_named_with_both_runs_beside_it(serve: Any, repository: Path) -> None:
    service = serve()
    done = bisect(repository, "--suite", "gsm8k", "--limit", "50")
    assert done.exit_code == 0, done.output
    assert f"The first bad commit is {service.shas[PLANTED]}" in done.output
    assert "Change [bold]9" in done.output
    assert "Ann, 2026-01-01" in done.output
    assert "commit 9 says fail" in done.output
    assert "commit 8 says pass" in done.output
    body = json.loads(service.asked[0].content)
    assert body["candidate"]["source"] == f"git:file://{repository}@{service.shas[service.places[0]]}"
    assert (body["suite"], body["limit"]) == ("gsm8k", 50)


def test_a_package_of_the_repository_is_bisected_as_a_package(serve: Any, repository: Path) -> None:
    service = serve()
    done = bisect(repository, "--package", "src/mine/", "--architectures", "Mine")
    assert done.exit_code == 0, done.output
    candidate = json.loads(service.asked[0].content)["candidate"]
    sha = service.shas[service.places[0]]
    assert candidate["external_package"] == f"git+file://{repository}@{sha}#subdirectory=src/mine"
    assert "source" not in candidate


def test_a_repeated_command_finds_its_runs_and_another_or_anew_makes_new_ones(serve: Any, repository: Path) -> None:
    service = serve()
    for arguments in ([], [], ["--limit", "7"], ["--anew"]):
        assert bisect(repository, *arguments).exit_code == 0
    keys = [one.headers["idempotency-key"] for one in service.asked if "idempotency-key" in one.headers]
    first, again, limited, anew = (
        keys[start : start + len(keys) // 4] for start in range(0, len(keys), len(keys) // 4)
    )
    assert first == again
    assert not set(first) & {*limited, *anew}


def test_steps_that_decide_nothing_are_passed_by(serve: Any, repository: Path) -> None:
    service = serve(others={7: "error", 10: "inconclusive"})
    done = bisect(repository, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["first_bad"]["sha"] == service.shas[PLANTED]
    assert [step["place"] for step in found["steps"]] == service.places
    assert 7 in service.places


def test_what_cannot_be_narrowed_down_is_a_range_with_its_reason(serve: Any, repository: Path) -> None:
    service = serve(others={8: "error", 9: "incomparable"})
    done = bisect(repository)
    assert done.exit_code == 2
    assert "gave neither pass nor fail" in done.output
    for place in (8, 9, 10):
        assert f"  {service.shas[place][:12]}" in done.output
    few = bisect(repository, "--runs", "2", "--json")
    assert few.exit_code == 2
    assert json.loads(few.stdout)["why"] == "no further runs are permitted"
    assert len(json.loads(few.stdout)["steps"]) == 2


def test_ends_are_run_only_when_they_shall_be(serve: Any, repository: Path) -> None:
    service = serve(planted=99)
    done = bisect(repository, "--verify")
    assert done.exit_code == 2
    assert "the bad end passes" in done.output
    assert service.places == [LENGTH - 1]
    service = serve(planted=1)
    assert "taken as good without a run" in bisect(repository).output
    assert not {0, LENGTH - 1} & set(service.places)


def test_a_cancelled_run_that_is_found_again_is_retried(serve: Any, repository: Path) -> None:
    service = serve()
    bisect(repository)
    for made in service.runs.values():
        made["jobs"][0]["state"] = "cancelled"
    bisect(repository)
    retried = [request.url.path for request in service.asked if request.url.path.endswith("/retry")]
    assert len(retried) == len(set(service.places))


def test_a_body_that_the_service_reads_in_another_way_now_is_told_with_the_option_that_helps(
    serve: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    refusal = problem(422, "idempotency_key_reused", "this key belongs to another body", "use a new key")
    monkeypatch.setattr(service, "_submitted", lambda request: refusal)
    said = bisect(repository)
    assert said.exit_code == 2
    assert "--anew" in said.stderr


def test_the_line_follows_first_parents_and_only_from_an_ancestor(repository: Path) -> None:
    address = address_of(str(repository))
    line = line_between(address, "main~15", "main")
    assert [commit.subject for commit in line] == [subject_of(number) for number in range(LENGTH)]
    assert [commit.subject for commit in line_between("https://example.org/x", "main~1", "main", clone=repository)] == [
        "Change [bold]14",
        "Change [bold]15",
    ]
    with pytest.raises(InvalidSubmissionError, match="side came to main by a merge"):
        line_between(address, "side", "main")
    with pytest.raises(InvalidSubmissionError, match="no ancestor"):
        line_between(address, "other", "main")
    with pytest.raises(InvalidSubmissionError, match="the same"):
        line_between(address, "main", "main")
    with pytest.raises(InvalidSubmissionError, match="no commit '--help'"):
        line_between(address, "--help", "main")


def test_what_git_cannot_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmissionError, match="no commit"):
        line_between(f"file://{tmp_path}", "a", "b")
    with pytest.raises(InvalidSubmissionError, match="no repository"):
        address_of(str(tmp_path / "nothing"))
    with pytest.raises(CodeFetchError, match="git clone"):
        line_between(f"https://127.0.0.1:9/{tmp_path.name}", "a", "b")
