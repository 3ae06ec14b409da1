"""The commands that look at runs, against a double of the service: output, exit status, repetition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.cli.commands_world import REPORT, ending, plumbline
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, problem, run, stream


def test_a_broken_stream_is_taken_up_again(service: ServiceDouble) -> None:
    ending(service, "pass")
    whole, answers = service.answers["GET", f"/api/v1/submissions/{RUN_ID}/events"], []

    def flaky(request: httpx.Request) -> Any:
        answers.append(request)
        if len(answers) == 1:
            raise httpx.ConnectError("refused")
        return stream(("snapshot", run())) if len(answers) == 2 else whole(request)

    service.on("GET", f"/{RUN_ID}/events", flaky)
    assert plumbline("watch", RUN_ID).exit_code == 0
    assert len(answers) == 3


def test_an_interruption_says_that_the_run_goes_on(service: ServiceDouble) -> None:
    def interrupted(_: httpx.Request) -> Any:
        raise KeyboardInterrupt

    service.on("GET", f"/{RUN_ID}/events", interrupted)
    result = plumbline("watch", RUN_ID)
    assert result.exit_code == 130
    assert "goes on" in result.output
    assert f"plumbline cancel {RUN_ID}" in result.output


def test_a_failed_job_points_to_its_log(service: ServiceDouble) -> None:
    error = {"code": "out_of_memory", "message": "no memory", "remedy": "less"}
    ending(service, "error", state="failed", error=error)
    result = plumbline("watch", RUN_ID)
    assert f"plumbline logs {RUN_ID} --job candidate" in result.output


def test_an_engine_that_was_never_launched_has_no_log(service: ServiceDouble) -> None:
    ending(service, "error", state="failed", error={"code": "x", "message": "m", "remedy": "r"}, log=None)
    assert "plumbline logs" not in plumbline("watch", RUN_ID).output
    result = plumbline("logs", RUN_ID)
    assert result.exit_code == 2
    assert "has no log yet" in result.output


@pytest.mark.parametrize(
    "command",
    [["list"], ["watch", "r1"], ["report", "r1"], ["cancel", "r1"], ["retry", "r1"], ["logs", "r1"], ["samples", "r1"]],
)
def test_a_service_that_is_away_is_one_line_and_a_remedy(
    command: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.watch.PATIENCE_S", -1.0)
    monkeypatch.setenv("PLUMBLINE_URL", "http://127.0.0.1:1")
    result = plumbline(*command)
    assert result.exit_code == 2
    assert "no Plumbline answers at http://127.0.0.1:1" in result.output
    assert "plumbline up" in result.output
    assert "Traceback" not in result.output


def test_a_refusal_shows_fields_and_remedy_and_steers_no_terminal(service: ServiceDouble) -> None:
    errors = [{"location": "body", "field": "/candidate/args/port", "message": "reserved \x1b[2J"}]
    service.on("POST", "", problem(422, "invalid_submission", "one field is wrong", "leave it out", errors=errors))
    result = plumbline("submit", "--model", "hub/model")
    assert result.exit_code == 2
    assert "one field is wrong" in result.output
    assert "/candidate/args/port: reserved \ufffd[2J" in result.output
    assert "leave it out" in result.output


def test_runs_are_listed_without_markup_of_strangers(service: ServiceDouble) -> None:
    service.on("GET", "", {"items": [run("finished", "pass")], "next": None})
    result = plumbline("list")
    assert RUN_ID in result.output
    assert "[bold]tiny" in result.output


def test_a_report_comes_in_four_forms(service: ServiceDouble) -> None:
    texts = {"markdown": "**Passed**", "pr-description": "### Accuracy"}

    def answer(request: httpx.Request) -> Any:
        text = texts.get(request.url.params.get("format", ""))
        return REPORT if text is None else httpx.Response(200, text=text)

    service.on("GET", f"/{RUN_ID}/report", answer)
    service.on("GET", f"/{RUN_ID}", run("finished", "pass"))
    for flags in (["--markdown"], ["--format", "markdown"]):
        assert plumbline("report", RUN_ID, *flags).output == "**Passed**\n"
    for flags in (["--json"], ["--format", "json"]):
        assert json.loads(plumbline("report", RUN_ID, *flags).output) == REPORT
    for flags in ([], ["--format", "text"]):
        assert plumbline("report", RUN_ID, *flags).output.startswith("Passed: ")
    assert plumbline("report", RUN_ID, "--format", "pr-description").output == "### Accuracy\n"
    assert plumbline("report", RUN_ID, "--format", "prose").exit_code == 2


def test_a_followed_log_goes_on_to_the_jobs_end(service: ServiceDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.logs.time.sleep", lambda seconds: None)
    pieces = iter([("one\n", 4), ("two\n", 8), ("", 8)])
    states = iter(["running", "running", "succeeded", "succeeded"])

    def log(_: httpx.Request) -> httpx.Response:
        text, offset = next(pieces)
        return httpx.Response(200, text=text, headers={"Plumbline-Log-Offset": str(offset)})

    service.on("GET", f"/{RUN_ID}", lambda _: run("running", state=next(states)))
    service.on("GET", f"/{RUN_ID}/jobs/j-candidate/log", log)
    assert plumbline("logs", RUN_ID, "--follow").output == "one\ntwo\n"
    assert service.asked[-1].url.params["offset"] == "8"


def test_samples_are_gathered_over_pages(service: ServiceDouble) -> None:
    side = {"value": 0.0, "extracted": "3", "text": "so \x1b[31m3"}
    item = {"task": "gsm8k", "doc_id": 1, "flip": "lost", "gold": "4", "prompt": "ex\n\nQ?", "candidate": side}
    page = {"items": [{**item, "baseline": {**side, "value": 1.0}}]}

    def answer(request: httpx.Request) -> Any:
        following = f"/api/v1/submissions/{RUN_ID}/samples?cursor=gsm8k:1&flip=lost"
        return {**page, "next": None if "cursor" in request.url.params else following}

    service.on("GET", f"/{RUN_ID}/samples", answer)
    result = plumbline("samples", RUN_ID, "--flip", "lost")
    assert result.output.count("candidate: wrong, found '3'") == 2
    assert result.output.count("baseline: right") == 2
    assert "\x1b" not in result.output
    assert service.asked[1].url.params["flip"] == "lost"


def test_a_log_of_a_job_that_the_run_does_not_have_names_those_it_has(service: ServiceDouble) -> None:
    service.on("GET", f"/{RUN_ID}", run("running"))
    result = plumbline("logs", RUN_ID, "--job", "chunked")
    assert result.exit_code != 0
    assert "has no chunked job" in result.output
    assert "candidate, baseline" in result.output
