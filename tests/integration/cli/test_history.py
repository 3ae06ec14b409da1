"""`plumbline history, regressions, schedules` against the real application on a real Postgres."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

import cli.options
from api.app import create_app
from cli.client import Client
from cli.main import app
from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole, ensure_local_token
from tests.integration.api.world import token_of
from tests.integration.db.history_world import LINEAGE, METRIC, add_nights, analyse, commit

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def service(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands reach the application without a port, with the token that `plumbline up` leaves."""
    with transaction() as session:
        ensure_local_token(session, settings())
    server = TestClient(create_app(), raise_server_exceptions=False)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        got = server.request(request.method, path, headers=dict(request.headers), content=request.content)
        return httpx.Response(got.status_code, headers=dict(got.headers), content=got.content)

    def connect(url: str, token: str | None) -> Client:
        return Client(url, token, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(cli.options, "Client", connect)
    monkeypatch.setenv("COLUMNS", "220")


def plumbline(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def raised() -> str:
    add_nights([100.0] * 20 + [120.0] * 5)
    (change,) = analyse()
    return change.id


def test_the_history_shows_points_with_intervals_and_marks_the_change_between_its_commits() -> None:
    change_id = raised()
    assert LINEAGE.key in plumbline("history").output
    shown = plumbline("history", "serving@").output
    lines = shown.splitlines()
    (mark,) = [number for number, line in enumerate(lines) if change_id in line]
    assert "▲ +19.9 % [" in lines[mark]
    assert "100 ms over 20 → 119.9 ms over 5" in lines[mark]
    assert commit(19)[:12] in lines[mark - 1]
    assert "2026-01-20 02:00" in lines[mark - 1]
    assert "2026-01-21 02:00" in lines[mark + 1]
    assert "119.7 ms [118.7, 120.7]" in lines[mark + 1]
    assert "noise: unknown" in shown
    assert "steps of 5.0 % count" in shown


def test_the_history_for_programs() -> None:
    raised()
    rows = list(csv.DictReader(io.StringIO(plumbline("history", LINEAGE.key, "--csv").output)))
    assert [row["metric"] for row in rows] == [METRIC] * 25
    found = json.loads(plumbline("history", LINEAGE.key, "--json", "--limit", "2").output)
    assert len(found["series"][0]["points"]) == 2


def test_a_name_that_fits_no_lineage_or_several_says_so() -> None:
    add_nights([100.0])
    add_nights([100.0], first=1, hardware="4 cores", lineage=LINEAGE.key.replace("2 cores", "4 cores"))
    several, none = plumbline("history", "serving"), plumbline("history", "mmlu")
    assert (several.exit_code, none.exit_code) == (2, 2)
    assert "2 lineages contain 'serving'" in several.output
    assert "no run has measured" in none.output


def test_a_regression_is_acknowledged_fixed_and_reopened() -> None:
    change_id = raised()
    assert change_id in plumbline("regressions", "list").output
    early = plumbline("regressions", "fix", change_id, "--commit", "f" * 40)
    assert early.exit_code == 2
    assert "acknowledge it first" in early.output
    assert "acknowledged" in plumbline("regressions", "acknowledge", change_id, "--reason", "a known cost").output
    assert "ffffffffffff" in plumbline("regressions", "fix", change_id, "--commit", "f" * 40).output
    plumbline("regressions", "reopen", change_id, "--reason", "still slow")
    shown = plumbline("regressions", "show", change_id).output
    assert "local command line: acknowledge, a known cost" in shown
    assert "analysis: open" in shown
    assert commit(19)[:12] + ".." + commit(20)[:12] in shown
    listed = json.loads(plumbline("regressions", "list", "--state", "reopened", "--json").output)
    assert [one["id"] for one in listed] == [change_id]
    assert json.loads(plumbline("regressions", "list", "--state", "open", "--json").output) == []


def test_a_schedule_lives_with_the_local_token(tmp_path: Path) -> None:
    added = plumbline("schedules", "add", "n", "--cron", "0 2 * * *", "--model", "org/name", "--suite", "demo")
    assert added.exit_code == 0, added.output
    assert "02:00 UTC" in added.output
    body = {"model": "org/name", "candidate": {"engine": "sglang"}, "suite": "demo", "tags": ["main"]}
    (tmp_path / "body.json").write_text(json.dumps(body))
    arguments = ("--cron", "0 3 * * *", "--submission", str(tmp_path / "body.json"))
    assert plumbline("schedules", "add", "m", *arguments).exit_code == 0
    assert "rests" in plumbline("schedules", "disable", "n").output
    listed = plumbline("schedules", "list").output
    assert "disabled" in listed
    assert "0 3 * * *" in listed
    assert "next due" in plumbline("schedules", "enable", "n").output
    run = json.loads(plumbline("schedules", "run-now", "m", "--json").output)
    assert run["submission"]["tags"] == ["main"]
    assert "removed" in plumbline("schedules", "remove", "n").output
    assert [one["name"] for one in json.loads(plumbline("schedules", "list", "--json").output)] == ["m"]
    wrong = plumbline("schedules", "add", "x", "--cron", "nightly", "--model", "org/name")
    assert wrong.exit_code == 2
    assert "cron" in wrong.output
    assert plumbline("schedules", "add", "x", "--cron", "0 2 * * *").exit_code == 2


def test_a_submitter_may_not_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_TOKEN", token_of(TokenRole.SUBMITTER))
    refused = plumbline("schedules", "add", "n", "--cron", "0 2 * * *", "--model", "org/name")
    assert refused.exit_code == 2
    assert "maintainer" in refused.output
