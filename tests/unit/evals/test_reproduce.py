"""The command that makes a submission again."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields, replace
from typing import Any

import pytest

from api.baselines import baseline_of
from api.schemas import SubmissionRequest
from api.submission import to_submission
from cli.baseline_option import baseline_body
from cli.submission import Side, what_to_measure
from db.settings import Settings
from evals.baseline import BaselineKind, BaselineSource, PublishedValue, StoredResult
from evals.reproduce import submit_command
from evals.spec import CUSTOM_SUITE, Api, DataSource, EngineSpec, ModelSpec, Submission, Workload

MODEL = ModelSpec(path="org/name", revision="main")
HF = EngineSpec(kind="hf")


def words(candidate: EngineSpec, baseline: EngineSpec = HF, limit: int | None = None) -> list[str]:
    command = submit_command(Submission(model=MODEL, candidate=candidate, baseline=baseline, suite="demo", limit=limit))
    head = ["plumbline", "submit", "--model", "org/name", "--revision", "main"]
    found = shlex.split(command)
    assert found[:6] == head
    return found[6:]


def test_a_local_candidate_with_all_its_options() -> None:
    candidate = EngineSpec(
        kind="sglang", args={"disable-radix-cache": True, "x": "a b", "y": 0.5}, dtype="bfloat16", device="cuda",
        gpus=2, external_package="/srv/w", architectures=("A", "B"),
    )  # fmt: skip
    assert words(candidate, EngineSpec(kind="hf", args={"batching": "stepwise"}), 20) == [
        "--engine", "sglang", "--baseline", "hf", "--suite", "demo", "--dtype", "bfloat16", "--device", "cuda",
        "--gpus", "2", "--external-package", "/srv/w", "--architectures", "A,B",
        "--engine-arg=disable-radix-cache=true", "--engine-arg=x=a b", "--engine-arg=y=0.5",
        "--baseline-arg=batching=stepwise", "--limit", "20", "--wait",
    ]  # fmt: skip


def test_remote_engines_and_the_device_of_the_local_one() -> None:
    remote = EngineSpec(kind="remote", base_url="http://h:1", served_model="m", capabilities=("chat", "images"))
    address = ["--engine-url", "http://h:1", "--served-model", "m", "--capability", "chat", "--capability", "images"]
    assert words(remote, EngineSpec(kind="hf", device="cuda", gpus=1)) == [
        "--engine", "remote", "--baseline", "hf", "--suite", "demo", "--device", "cuda", *address, "--wait"
    ]  # fmt: skip
    baseline = [
        "--baseline-url", "http://h:1", "--baseline-served-model", "m", "--baseline-capability", "chat",
        "--baseline-capability", "images",
    ]  # fmt: skip
    assert words(HF, remote) == ["--engine", "hf", "--baseline", "remote", "--suite", "demo", *baseline, "--wait"]


SMALL = Workload(name="gsm8k", benchmark="gsm8k", metric="exact_match,strict-match", margin=0.02)
FULL = Workload(
    name="it's \"mine\" $HOME", benchmark="mmmu_pro_vision_cot", metric="acc,answer-line@1", margin=0.05,
    data=DataSource.HUB, api=Api.CHAT, few_shot=0, limit=7, max_tokens=99, temperature=0.7, top_p=0.9, top_k=20,
    min_p=0.05, seed=5, repeats=4, chat_template_args={"enable_thinking": True, "level": "high"}, think_end="</think>",
    revision="main", concurrency=3, early_stop=True,
)  # fmt: skip


def asking(*workloads: Workload, **settings: Any) -> Submission:
    whole: dict[str, Any] = {"candidate": HF, "baseline": HF, "suite": CUSTOM_SUITE} | settings
    return Submission(model=ModelSpec(path="org/name"), workloads=workloads, **whole)


def test_workloads_of_a_submissions_own_are_written_with_what_is_not_by_default() -> None:
    found = shlex.split(submit_command(asking(SMALL)))
    assert "--suite" not in found
    (text,) = [word.removeprefix("--workload=") for word in found if word.startswith("--workload=")]
    assert json.loads(text) == {
        "benchmark": "gsm8k", "margin": 0.02, "metric": "exact_match,strict-match", "name": "gsm8k",
    }  # fmt: skip


def test_no_setting_of_a_workload_is_forgotten_here() -> None:
    plain = Workload(name="", benchmark="", metric="", margin=0.0)
    unset = [field.name for field in fields(Workload) if getattr(FULL, field.name) == getattr(plain, field.name)]
    # A revision goes with the hub alone, which is the default; what has a dataset takes no options.
    assert unset == ["data", "options"]


PARITY = Workload(
    name="same?", benchmark="parity", metric="parity", margin=0.0, options={"tolerance": 0.01, "images": False}
)


@pytest.mark.parametrize(
    "workloads", [(SMALL,), (FULL,), (FULL, SMALL, replace(SMALL, name="again", few_shot=0)), (PARITY, SMALL)]
)
def test_the_command_asks_for_the_same_workloads_again(workloads: tuple[Workload, ...]) -> None:
    found = shlex.split(submit_command(asking(*workloads)))
    texts = [word.removeprefix("--workload=") for word in found if word.startswith("--workload=")]
    body = {"model": "org/name", "candidate": {"engine": "hf"}, **what_to_measure(None, [], [], texts)}
    again = to_submission(SubmissionRequest.model_validate(json.loads(json.dumps(body))), Settings())
    assert (again.workloads, again.suite) == (workloads, CUSTOM_SUITE)


STORED = tuple(StoredResult(workload=name, run_id="r1", job_id="j", finished_at="2026-01-31") for name in ("a", "b"))
CARD = PublishedValue(value=0.847, n=1319, source="the card")


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (BaselineSource(kind=BaselineKind.STORED, results=STORED), "run:r1"),
        (BaselineSource(kind=BaselineKind.STORED, results=(*STORED, replace(STORED[0], run_id="r2"))), "stored"),
        (BaselineSource(kind=BaselineKind.RUN, run_id="r1", results=STORED), "run:r1"),
        (BaselineSource(kind=BaselineKind.PUBLISHED, published=CARD), "published:0.847/1319,the card"),
        (BaselineSource(kind=BaselineKind.PUBLISHED, published=PublishedValue(value=0.8, stderr=0.01)),
         "published:0.8+-0.01"),
        (BaselineSource(kind=BaselineKind.BACKFILL), "sglang"),
    ],
)  # fmt: skip
def test_a_baseline_is_named_as_it_was_found(source: BaselineSource, word: str) -> None:
    asked = asking(suite="demo", baseline=EngineSpec(kind="sglang", args={"x": 1}), baseline_from=source)
    found = shlex.split(submit_command(asked))
    assert found[found.index("--baseline") + 1] == word
    assert ("--baseline-arg=x=1" in found) == (word == "sglang")
    if source.published is not None:
        body = baseline_body(Side(engine=word, arguments_option="baseline-arg"), {}, None)
        told = SubmissionRequest.model_validate({"model": "m", "candidate": {"engine": "hf"}, "baseline": body})
        assert told.baseline is not None
        assert baseline_of(told.baseline, asked.candidate)[1] == source


def test_a_run_that_may_stop_early_may_do_so_again() -> None:
    assert "--early-stop" in shlex.split(submit_command(asking(suite="demo", early_stop=True)))
    assert "--early-stop" not in shlex.split(submit_command(asking(suite="demo")))


def test_the_cache_is_passed_by_again_where_it_was() -> None:
    assert "--no-cache" in shlex.split(submit_command(asking(suite="demo", use_cache=False)))
    assert "--no-cache" not in shlex.split(submit_command(asking(suite="demo")))
