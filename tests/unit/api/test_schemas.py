"""The form of a submission: what is filled in, and which mistake is named."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from api.schemas import SubmissionRequest
from api.submission import to_submission
from db.settings import Settings
from evals.errors import InvalidSubmissionError, PolicyError

GOOD: dict[str, Any] = {"model": "/models/m", "candidate": {"engine": "sglang"}, "suite": "demo"}


def _with(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def test_the_shortest_submission_gets_transformers_as_its_baseline() -> None:
    submission = to_submission(SubmissionRequest.model_validate(GOOD), Settings())
    assert submission.model.path == "/models/m"
    assert (submission.candidate.kind, submission.candidate.device, submission.candidate.gpus) == ("sglang", "cpu", 0)
    assert (submission.baseline.kind, submission.baseline.device) == ("hf", "cpu")


def test_the_baseline_follows_the_candidates_device_and_dtype() -> None:
    candidate = {"engine": "sglang", "device": "cuda", "dtype": "bfloat16", "args": {"tp-size": 2}}
    submission = to_submission(SubmissionRequest.model_validate(_with(candidate=candidate)), Settings())
    assert submission.candidate.gpus == 2
    assert (submission.baseline.device, submission.baseline.dtype, submission.baseline.gpus) == ("cuda", "bfloat16", 1)


def test_a_remote_baseline_takes_nothing_of_this_host() -> None:
    request = _with(
        candidate={"engine": "sglang", "device": "cuda"},
        baseline={"engine": "remote", "base_url": "http://engine:8000", "served_model": "m"},
    )
    baseline = to_submission(SubmissionRequest.model_validate(request), Settings()).baseline
    assert (baseline.device, baseline.gpus, baseline.served_model) == ("cpu", 0, "m")


@pytest.mark.parametrize(
    ("request_body", "place"),
    [
        (_with(extra=1), ("extra",)),
        (_with(model=""), ("model", "path")),
        (_with(model="--port=1"), ("model", "path")),
        (_with(model="a\x00b"), ("model", "path")),
        (_with(model={"path": "m", "revision": "-x"}), ("model", "revision")),
        (_with(model="x" * 1025), ("model", "path")),
        (_with(limit=0), ("limit",)),
        (_with(limit=10**30), ("limit",)),
        (_with(tags=["t"] * 21), ("tags",)),
        (_with(tags=["line\nbreak"]), ("tags", 0)),
        (_with(suite="\ud800"), ("suite",)),
        (_with(candidate={"engine": "sglang", "gpus": -1}), ("candidate", "gpus")),
        (_with(candidate={"engine": "sglang", "args": {"x": None}}), ("candidate", "args", "x")),
        (_with(candidate={"engine": "sglang", "args": {"x": [1]}}), ("candidate", "args", "x")),
        (_with(candidate={"engine": "sglang", "args": {"x": 2**64}}), ("candidate", "args", "x")),
        (_with(candidate={"engine": "sglang", "args": {"x": "\udfff"}}), ("candidate", "args", "x")),
        (_with(pull_request={"repository": "no-owner", "number": 1}), ("pull_request", "repository")),
    ],
)
def test_a_wrong_field_is_named(request_body: dict[str, Any], place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        SubmissionRequest.model_validate(request_body)
    assert place in [item["loc"] for item in caught.value.errors()]


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        (_with(suite="dmo"), "suite"),
        (_with(candidate={"engine": "vllm"}), "candidate.kind"),
        (_with(candidate={"engine": "sglang", "args": {"host": "0.0.0.0"}}), "candidate.args.host"),
        (_with(candidate={"engine": "sglang", "args": {"a\x00": 1}}), "candidate.args.a\x00"),
        (_with(candidate={"engine": "sglang", "args": {"x": json.loads("NaN")}}), "candidate.args.x"),
        (_with(candidate={"engine": "sglang", "args": {"tp-size": "2"}, "device": "cuda"}), "candidate.args.tp-size"),
        (_with(baseline={"engine": "remote"}), "baseline.base_url"),
        (_with(baseline={"engine": "remote", "base_url": "file:///etc/passwd"}), "baseline.base_url"),
    ],
)
def test_what_no_engine_can_do_is_refused(request_body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        to_submission(SubmissionRequest.model_validate(request_body), Settings())
    assert caught.value.details["field"] == field


def test_code_comes_only_from_the_operators_folders() -> None:
    request = _with(candidate={"engine": "sglang", "external_package": "/elsewhere/package"})
    with pytest.raises(PolicyError):
        to_submission(SubmissionRequest.model_validate(request), Settings())


def test_early_stopping_is_refused_where_nothing_can_stop() -> None:
    body = {"model": "m", "candidate": {"engine": "sglang"}, "early_stop": True}
    assert to_submission(SubmissionRequest.model_validate({**body, "suite": "demo"}), Settings()).early_stop
    with pytest.raises(InvalidSubmissionError) as caught:
        to_submission(SubmissionRequest.model_validate({**body, "suite": "parity"}), Settings())
    assert caught.value.details["field"] == "early_stop"
