"""Baselines in the terminal: accepting, listing, taking back, and where a submission's comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

import cli.options
from api.app import create_app
from cli.client import Client
from cli.main import app
from db.tokens import TokenRole
from tests.integration.api.world import token_of
from tests.integration.workers.baseline_world import MAIN, PLAIN, finished


@pytest.fixture
def terminal(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `plumbline` against the real API with an admin's token, as the local command line has it."""
    served = TestClient(create_app(), raise_server_exceptions=False)
    token = token_of(TokenRole.ADMIN)

    def pass_on(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
        answer = served.request(request.method, path, content=request.content, headers=headers)
        return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})

    def connect(url: str, given: str | None) -> Client:
        return Client(url, token, transport=httpx.MockTransport(pass_on))

    monkeypatch.setattr(cli.options, "Client", connect)
    monkeypatch.setenv("COLUMNS", "250")
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_terminal_accepts_lists_shows_and_takes_back(terminal: Callable[..., Result]) -> None:
    run_id, _ = finished(PLAIN)
    assert "no result was accepted yet" in terminal("baselines", "list").output
    said = terminal("baselines", "promote", run_id, "--reason", "the release of May")
    assert (said.exit_code, f"(run {run_id})" in said.output) == (0, True), said.output
    lineage = said.output.removeprefix("promoted: ").partition(" (run")[0]
    listed = terminal("baselines", "list").output
    assert lineage in listed
    assert "1, n = 300; pass; accepted by a admin: the release of May" in listed
    shown = terminal("baselines", "show", lineage).output
    assert "exact_match,strict-match: 1 share, n = 300" in shown
    assert "sampling: generation g, max_tokens 128, min_p the task's own" in shown
    assert terminal("baselines", "demote", run_id, "--reason", "no").exit_code == 0
    told = terminal("baselines", "history", lineage).output
    assert [line.split()[2] for line in told.splitlines()[1:]] == ["demoted", "promoted"]
    assert "this lineage has no baseline" in terminal("baselines", "show", lineage).output


@pytest.mark.parametrize(
    ("option", "baseline"),
    [
        (["stored"], {"stored": True}),
        (
            ["stored", "--backfill", "hf", "--baseline-arg", "x=1"],
            {"stored": True, "backfill": {"engine": "hf", "args": {"x": 1}}},
        ),
        (["run:r0abc"], {"run": "r0abc"}),
        (["published:0.847/1319"], {"published": {"value": 0.847, "n": 1319}}),
        (["published:0.847+-0.01,the card"], {"published": {"value": 0.847, "stderr": 0.01, "source": "the card"}}),
    ],
)  # fmt: skip
def test_the_option_says_where_the_baseline_comes_from(
    terminal: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, option: list[str], baseline: dict[str, Any]
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("cli.submit.send", lambda client, body: sent.append(body) or {"id": "r", "links": {"page": ""}})
    said = terminal("submit", "--model", "org/m", "--baseline", *option)
    assert said.exit_code == 0, said.output
    assert sent[0]["baseline"] == baseline


@pytest.mark.parametrize(
    "option",
    [
        ["published:a lot"],
        ["published:0.8"],
        ["hf", "--backfill", "hf"],
        ["run:r0abc", "--baseline-arg", "x=1"],
    ],
)
def test_an_option_that_makes_no_sense_is_refused(terminal: Callable[..., Result], option: list[str]) -> None:
    said = terminal("submit", "--model", "org/m", "--baseline", *option)
    assert said.exit_code == 2
    assert "remedy" in said.output


def test_a_baseline_in_json(terminal: Callable[..., Result]) -> None:
    run_id, _ = finished(MAIN)
    (item,) = json.loads(terminal("baselines", "list", "--json").output)
    assert (item["run"], item["by"], item["actor"]) == (run_id, "rule", "main passed")
