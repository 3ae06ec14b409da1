"""What clients send: the submission's JSON form, with lengths and ranges."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from evals.spec import Api, DataSource

_ONE_LINE = r"^[^\u0000-\u001f\u007f]+$"
_NO_OPTION = r"^[^\u0000-\u001f\u007f-][^\u0000-\u001f\u007f]*$"  # an engine must not take a model for an option


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 4096:
        raise ValueError("an argument's value has at most 4096 characters")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("the text is no Unicode")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("the number does not fit into 64 bits")
    if not isinstance(value, str | int | float | bool):
        raise ValueError("an argument's value is a text, a number, true or false")
    return value


def _as_object(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _name(length: int) -> Any:
    return StringConstraints(min_length=1, max_length=length, pattern=_ONE_LINE)


Name = Annotated[str, _name(64)]
Location = Annotated[str, _name(1024)]
ModelPath = Annotated[str, StringConstraints(max_length=1024, pattern=_NO_OPTION)]
Argument = Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelRequest(_Request):
    """The model under test."""

    path: ModelPath = Field(
        description="An absolute folder on the worker's host, or a hub name.", examples=["Qwen/Qwen3-0.6B"]
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/][A-Za-z0-9._/-]{0,127}$")] | None = Field(
        default=None, description="A branch, tag or commit of a hub model."
    )


class EngineRequest(_Request):
    """An engine and how it is started; what is left out has the default that is named."""

    engine: Name = Field(description="sglang, hf or remote", examples=["sglang"])
    args: dict[Annotated[str, StringConstraints(max_length=128)], Argument] = Field(
        default_factory=dict,
        max_length=100,
        description="The engine's own command-line arguments without dashes; true means a bare flag.",
        examples=[{"mem-fraction-static": 0.5}],
    )
    dtype: Name | None = Field(
        default=None,
        description="auto, float32, bfloat16 or float16. Default: auto; for the baseline, the candidate's.",
    )
    device: Name | None = Field(
        default=None,
        description="cpu or cuda. Default: cpu, whatever the host has; for the baseline, the candidate's.",
    )
    gpus: int | None = Field(
        default=None, ge=0, le=64, description="GPUs that the job holds. Default: as many as the arguments need."
    )
    source: Location | None = Field(
        default=None,
        description="SGLang's own code, where the operator permits it: installed, git:URL@REF, or wheel:/path/file.whl "
        "on the worker's host. Default: installed.",
        examples=["git:https://github.com/sgl-project/sglang@refs/pull/123/head"],
    )
    external_package: Location | None = Field(
        default=None,
        description="A Python package with SGLang model classes, where the operator permits it: a folder on the "
        "worker's host, or git+URL@REF#subdirectory=FOLDER.",
    )
    external_processor: bool | None = Field(
        default=None,
        description="Whether the package brings a multimodal processor. Default: found in its files.",
    )
    architectures: list[Name] = Field(
        default_factory=list, max_length=8, description="Replaces the model config's list of architectures."
    )
    base_url: Location | None = Field(default=None, description="Where a remote engine listens.")
    served_model: Location | None = Field(default=None, description="The model's name at a remote engine.")
    capabilities: list[Name] = Field(default_factory=list, max_length=16, description="What a remote engine can do.")


class WorkloadRequest(_Request):
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
    options: dict[Annotated[str, StringConstraints(max_length=64)], Argument] = Field(
        default_factory=dict,
        max_length=50,
        description="The settings of parity or of an engine's own check; accuracy benchmarks have none.",
        examples=[{"tolerance": 0.01}],
    )


class PullRequestRequest(_Request):
    """The pull request that a submission belongs to."""

    repository: Annotated[str, StringConstraints(max_length=140, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")] = Field(
        examples=["sgl-project/sglang"]
    )
    number: int = Field(ge=1, le=2**31 - 1)
    head_sha: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")] | None = None


class SubmissionRequest(_Request):
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
                    "tags": ["nightly"],
                },
            ]
        }
    )

    model: Annotated[ModelRequest, BeforeValidator(_as_object, json_schema_input_type=ModelPath | ModelRequest)] = (
        Field(description="A path or hub name, or an object with path and revision.")
    )
    candidate: EngineRequest
    baseline: EngineRequest | None = Field(default=None, description="Default: hf on the candidate's device.")
    suite: Name | None = Field(default=None, examples=["demo"], description="Either a suite, or workloads.")
    workloads: list[WorkloadRequest] = Field(default_factory=list, max_length=50)
    limit: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Only the first items of each task (MMLU has 57).",
    )
    use_cache: bool = Field(default=True, description="Whether earlier answers of the same engine may be used again.")
    tags: list[Name] = Field(default_factory=list, max_length=20)
    pull_request: PullRequestRequest | None = None
