"""The command that makes a submission again."""

from __future__ import annotations

import shlex

from evals.reproduce import submit_command
from evals.spec import EngineSpec, ModelSpec, Submission

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
