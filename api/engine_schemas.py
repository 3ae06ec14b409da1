"""What clients send of each side: an engine, or where else the baseline comes from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.fields import Argument, Location, Name, StrictRequest


class _EngineSettings(StrictRequest):
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


class EngineRequest(_EngineSettings):
    """An engine and how it is started; what is left out has the default that is named."""

    engine: Name = Field(description="sglang, hf or remote", examples=["sglang"])


class PublishedRequest(StrictRequest):
    """A score that somebody published, with what is known of its certainty: its items, or its standard error."""

    value: float = Field(ge=0, le=1, description="As a share.", examples=[0.847])
    n: int | None = Field(default=None, ge=1, le=100_000_000, description="Over how many items.", examples=[1319])
    stderr: float | None = Field(default=None, gt=0, le=1, description="Its standard error, as a share.")
    source: Location | None = Field(default=None, description="Whose value it is.", examples=["the model's card"])


class BaselineRequest(_EngineSettings):
    """One of: an engine that is launched for the run, the accepted result of the lineage, a run, a published value."""

    engine: Name | None = Field(default=None, description="sglang, hf or remote: launched for this run.")
    stored: bool = Field(
        default=False,
        description="The latest accepted result of the same model and workload on the candidate's engine (on that of "
        "backfill, if given).",
    )
    backfill: EngineRequest | None = Field(
        default=None, description="With stored: the engine that is launched where nothing is stored."
    )
    run: Annotated[str, StringConstraints(pattern="^r[0-9a-z]{1,63}$")] | None = Field(
        default=None, description="A run whose candidate is the baseline, of whatever verdict."
    )
    published: PublishedRequest | None = Field(
        default=None, description="A published value of the only workload; it is compared without pairs."
    )
