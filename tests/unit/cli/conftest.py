"""A double of the service behind the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

import cli.options
from cli.client import Client
from cli.commits import line_between
from tests.unit.cli.bisect_world import LENGTH, PLANTED, Bisected, subject_of
from tests.unit.cli.service_double import ServiceDouble


@pytest.fixture
def service(home: Path, monkeypatch: pytest.MonkeyPatch) -> ServiceDouble:
    double = ServiceDouble()

    def connect(url: str, token: str | None) -> Client:
        return Client(url, token, transport=httpx.MockTransport(double))

    monkeypatch.setattr(cli.options, "Client", connect)
    monkeypatch.setattr("cli.watch.time.sleep", lambda seconds: None)
    monkeypatch.delenv("PLUMBLINE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return double


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
