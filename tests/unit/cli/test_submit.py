"""`plumbline submit` against a double of the service: what is sent, and what a run's end makes of the exit status."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.schemas import SubmissionRequest
from api.submission import to_submission
from db.settings import Settings
from evals.reproduce import submit_command
from evals.spec import EngineSpec, ModelSpec, Submission
from tests.unit.cli.commands_world import ending, plumbline
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, run


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
    ending(service, verdict)
    service.on("POST", "", run())
    result = plumbline("submit", "--model", "hub/model", "--wait")
    assert result.exit_code == status, result.output
    assert "candidate (sglang): launching" in result.output
    assert "gsm8k is within the margin" in result.output
    assert f"runs/{RUN_ID}" in result.output


def test_json_is_all_that_stands_on_standard_output(service: ServiceDouble) -> None:
    ending(service, "pass")
    service.on("POST", "", run())
    result = plumbline("submit", "--model", "hub/model", "--wait", "--json")
    assert json.loads(result.stdout)["report"]["verdict"] == "pass"
