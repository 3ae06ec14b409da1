"""What clients send: the submission's JSON form, with lengths and ranges."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from api.engine_schemas import BaselineRequest, EngineRequest
from api.fields import Argument, ModelPath, Name, StrictRequest
from evals.spec import Api, DataSource
from evals.submission_rules import REVISION


def _as_object(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class ModelRequest(StrictRequest):
    """The model under test."""

    path: ModelPath = Field(
        description="An absolute folder on the worker's host, or a hub name.", examples=["Qwen/Qwen3-0.6B"]
    )
    revision: Annotated[str, StringConstraints(pattern=REVISION)] | None = Field(
        default=None, description="A branch, tag or commit of a hub model."
    )


class WorkloadRequest(StrictRequest):
    """A benchmark with its settings; what is left out is the benchmark's own."""

    benchmark: Name = Field(
        description="A task or group of lm-eval, one of Plumbline's, sgl-eval/NAME, parity, or engine-check/NAME.",
        examples=["arc_easy", "mmmu"],
    )
    name: Name | None = Field(default=None, description="How reports call it. Default: the benchmark's name.")
    metric: Name | None = Field(
        default=None, description='What decides, as "metric,filter"; needed where a benchmark does not imply it.'
    )
    margin: float = Field(default=0.02, gt=0, le=1, description="The non-inferiority margin, as a share.")
    data: DataSource = Field(default=DataSource.HUB, description="Where the items come from.")
    api: Api = Field(default=Api.COMPLETIONS, description="Through which endpoint; pictures always go through chat.")
    few_shot: int | None = Field(default=None, ge=0, le=100)
    limit: int | None = Field(default=None, ge=1, le=1_000_000, description="The first n items, of each task.")
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1, le=1_000_000)
    min_p: float | None = Field(default=None, ge=0, le=1)
    seed: int = Field(default=1234, ge=0, le=2**31 - 1)
    repeats: int = Field(default=1, ge=1, le=256, description="How often each item is asked; needs a temperature.")
    chat_template_args: dict[Annotated[str, StringConstraints(max_length=64)], Argument] = Field(
        default_factory=dict, max_length=20, examples=[{"enable_thinking": True}]
    )
    think_end: Name | None = Field(default=None, description="What ends a model's thoughts.", examples=["</think>"])
    revision: Name | None = Field(default=None, description="A commit of the hub's dataset instead of the pinned one.")
    concurrency: int | None = Field(default=None, ge=1, le=4096, description="Default: found from the engine.")
    early_stop: bool = Field(
        default=False, description="Ask in a random order, and no more items than pass or fail takes; for gates."
    )
    options: dict[Annotated[str, StringConstraints(max_length=64)], Argument] = Field(
        default_factory=dict,
        max_length=50,
        description="The settings of parity or of an engine's own check; accuracy benchmarks have none.",
        examples=[{"tolerance": 0.01}],
    )


class PullRequestRequest(StrictRequest):
    """The pull request that a submission belongs to."""

    repository: Annotated[str, StringConstraints(max_length=140, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")] = Field(
        examples=["sgl-project/sglang"]
    )
    number: int = Field(ge=1, le=2**31 - 1)
    head_sha: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")] | None = None


class SubmissionRequest(StrictRequest):
    """What a client asks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": "/models/demo-text", "candidate": {"engine": "sglang"}, "suite": "demo", "limit": 100},
                {
                    "model": {"path": "Qwen/Qwen3-0.6B", "revision": "main"},
                    "candidate": {"engine": "sglang", "device": "cuda", "args": {"mem-fraction-static": 0.5}},
                    "baseline": {"engine": "hf", "device": "cuda"},
                    "suite": "gsm8k",
                    "tags": ["weekly"],
                },
                {
                    "model": "/models/demo-text",
                    "candidate": {"engine": "sglang"},
                    "baseline": {"stored": True, "backfill": {"engine": "sglang"}},
                    "suite": "demo",
                },
                {
                    "model": "/models/demo-text",
                    "candidate": {"engine": "sglang"},
                    "baseline": {"published": {"value": 0.847, "n": 300, "source": "the model's card"}},
                    "suite": "demo",
                },
            ]
        }
    )

    model: Annotated[ModelRequest, BeforeValidator(_as_object, json_schema_input_type=ModelPath | ModelRequest)] = (
        Field(description="A path or hub name, or an object with path and revision.")
    )
    candidate: EngineRequest
    baseline: BaselineRequest | None = Field(default=None, description="Default: hf on the candidate's device.")
    suite: Name | None = Field(default=None, examples=["demo"], description="Either a suite, or workloads.")
    workloads: list[WorkloadRequest] = Field(default_factory=list, max_length=50)
    limit: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Only the first items of each task (MMLU has 57).",
    )
    early_stop: bool = Field(
        default=False, description="The same for all workloads that can stop early; never a full score or a baseline."
    )
    use_cache: bool = Field(default=True, description="Whether earlier answers of the same engine may be used again.")
    tags: list[Name] = Field(default_factory=list, max_length=20)
    pull_request: PullRequestRequest | None = None
