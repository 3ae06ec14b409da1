"""The commands against a double of the service: output, exit status, repetition."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

import cli.options
from api.schemas import SubmissionRequest
from api.submission import to_submission
from cli.client import Client
from cli.main import app
from db.settings import Settings
from evals.reproduce import submit_command
from evals.spec import EngineSpec, ModelSpec, Submission
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, problem, run, stream

SIDE = {"role": "candidate", "engine": "sglang", "model": "m", "state": "succeeded"}
REPORT = {
    "run_id": RUN_ID,
    "suite": "demo",
    "verdict": "pass",
    "headline": "gsm8k is within the margin",
    "comparisons": [],
    "candidate": SIDE,
    "baseline": {**SIDE, "role": "baseline", "engine": "hf"},
    "created_at": "2026-01-31T12:00:00+00:00",
    "plumbline_version": "0.1.0",
}


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


def plumbline(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def _ending(service: ServiceDouble, verdict: str, **candidate: Any) -> None:
    final = run("finished", verdict, **candidate)
    service.on("GET", f"/{RUN_ID}", final)
    service.on("GET", f"/{RUN_ID}/report", {**REPORT, "verdict": verdict})
    running = run("running", state="running", phase="launching")
    service.on("GET", f"/{RUN_ID}/events", lambda _: stream(("snapshot", running), ("snapshot", final), ("end", {})))


def test_a_submission_says_what_was_asked_for(service: ServiceDouble, tmp_path: Path) -> None:
    service.on("POST", "", run())
    arguments = ["--engine", "sglang", "--baseline", "hf", "--suite", "demo", "--limit", "20", "--tag", "a"]
    engine = ["--engine-arg", "mem-fraction-static=0.5", "--engine-arg", "disable-radix-cache", "--dtype", "float32"]
    code = ["--external-package", str(tmp_path), "--architectures", "A, B", "--baseline-arg", "x=1"]
    result = plumbline("submit", "--model", str(tmp_path), *arguments, *engine, *code)
    assert result.exit_code == 0, result.output
    assert f"Run {RUN_ID}" in result.output
    assert f"http://127.0.0.1:8642/runs/{RUN_ID}" in result.output
    assert json.loads(service.asked[0].content) == {
        "model": {"path": str(tmp_path)},
        "candidate": {
            "engine": "sglang",
            "args": {"mem-fraction-static": 0.5, "disable-radix-cache": True},
            "dtype": "float32",
            "external_package": str(tmp_path),
            "architectures": ["A", "B"],
        },
        "baseline": {"engine": "hf", "args": {"x": 1}, "dtype": "float32"},
        "suite": "demo",
        "limit": 20,
        "tags": ["a"],
    }


def test_submitted_code_survives_the_way_from_a_report_to_the_same_submission(
    service: ServiceDouble, tmp_path: Path
) -> None:
    service.on("POST", "", run())
    (tmp_path / "brought").mkdir()
    settings = Settings(external_code_roots=str(tmp_path), code_repositories="https://github.com/org")
    candidate = EngineSpec(
        kind="sglang", source="git:https://github.com/org/sglang@refs/pull/7/head", external_processor=False,
        external_package="git+https://github.com/org/models@v1#subdirectory=src/brought", architectures=("New",),
    )  # fmt: skip
    for spec in (candidate, replace(candidate, external_package=str(tmp_path / "brought"), external_processor=True)):
        baseline = EngineSpec(kind="sglang", source=f"wheel:{tmp_path}/sglang-1.whl")
        asked = Submission(model=ModelSpec(path="org/name"), candidate=spec, baseline=baseline, suite="demo")
        words = [word for word in shlex.split(submit_command(asked)) if word != "--wait"]
        result = plumbline(*words[1:])
        assert result.exit_code == 0, result.output
        body = json.loads(service.asked[-1].content)
        assert to_submission(SubmissionRequest.model_validate(body), settings) == asked


def test_paths_of_submitted_code_are_made_absolute_and_addresses_are_not(
    service: ServiceDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on("POST", "", run())
    monkeypatch.chdir(tmp_path)
    code = ["--engine-source", "wheel:dist/x.whl", "--external-package", "brought", "--baseline", "sglang"]
    address = "git:https://github.com/org/sglang@main"
    result = plumbline("submit", "--model", "org/name", *code, "--baseline-source", address)
    assert result.exit_code == 0, result.output
    body = json.loads(service.asked[0].content)
    assert body["candidate"]["source"] == f"wheel:{tmp_path}/dist/x.whl"
    assert body["candidate"]["external_package"] == str(tmp_path / "brought")
    assert body["baseline"]["source"] == address


def test_remote_engines_are_described_and_get_no_option_of_this_hosts_engines(service: ServiceDouble) -> None:
    service.on("POST", "", run())
    candidate = ["--engine", "remote", "--engine-url", "http://h:1", "--served-model", "m"]
    baseline = ["--baseline-url", "http://b:1", "--baseline-served-model", "n", "--baseline-capability", "images"]
    what = ["--capability", "chat", "--capability", "images", "--gpus", "2", "--device", "cuda"]
    result = plumbline("submit", "--model", "hub/model", *candidate, *baseline, *what)
    assert result.exit_code == 0, result.output
    body = json.loads(service.asked[0].content)
    assert body["candidate"] == {
        "engine": "remote",
        "args": {},
        "gpus": 2,
        "base_url": "http://h:1",
        "served_model": "m",
        "capabilities": ["chat", "images"],
    }
    assert body["baseline"] == {
        "engine": "hf",
        "args": {},
        "base_url": "http://b:1",
        "served_model": "n",
        "capabilities": ["images"],
        "device": "cuda",
    }


def test_a_lost_answer_is_asked_for_again_with_the_same_key(service: ServiceDouble) -> None:
    def flaky(request: httpx.Request) -> Any:
        if len(service.asked) == 1:
            raise httpx.ReadError("connection reset")
        return run()

    service.on("POST", "", flaky)
    assert plumbline("submit", "--model", "hub/model").exit_code == 0
    keys = [request.headers["idempotency-key"] for request in service.asked]
    assert len(keys) == 2
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("verdict", "status"), [("pass", 0), ("fail", 1), ("inconclusive", 2), ("incomparable", 2), ("error", 2)]
)
def test_the_verdict_is_the_exit_status(service: ServiceDouble, verdict: str, status: int) -> None:
    _ending(service, verdict)
    service.on("POST", "", run())
    result = plumbline("submit", "--model", "hub/model", "--wait")
    assert result.exit_code == status, result.output
    assert "candidate (sglang): launching" in result.output
    assert "gsm8k is within the margin" in result.output
    assert f"runs/{RUN_ID}" in result.output


def test_json_is_all_that_stands_on_standard_output(service: ServiceDouble) -> None:
    _ending(service, "pass")
    service.on("POST", "", run())
    result = plumbline("submit", "--model", "hub/model", "--wait", "--json")
    assert json.loads(result.stdout)["report"]["verdict"] == "pass"


def test_a_broken_stream_is_taken_up_again(service: ServiceDouble) -> None:
    _ending(service, "pass")
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
    _ending(service, "error", state="failed", error=error)
    result = plumbline("watch", RUN_ID)
    assert f"plumbline logs {RUN_ID} --job candidate" in result.output


def test_an_engine_that_was_never_launched_has_no_log(service: ServiceDouble) -> None:
    _ending(service, "error", state="failed", error={"code": "x", "message": "m", "remedy": "r"}, log=None)
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
