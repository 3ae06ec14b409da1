"""What is asked for: frozen values, and the fingerprint that says which of them may be compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Scalar = str | int | float | bool


class Role(StrEnum):
    """Which side of a comparison a job measures."""

    CANDIDATE = "candidate"
    BASELINE = "baseline"


class Api(StrEnum):
    """Through which endpoint a benchmark's prompts go."""

    COMPLETIONS = "completions"
    CHAT = "chat"


class DataSource(StrEnum):
    """Where a benchmark's items come from."""

    HUB = "hub"
    LOCAL = "local"
    DEMO = "demo"


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Name the model under test: a local folder or a hub name, and a revision for the latter."""

    path: str
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class EngineSpec:
    """Say which engine serves the model, and how.

    kind: sglang, hf or remote. args: the engine's own command-line arguments without dashes
    (`{"mem-fraction-static": 0.5}`; True means a bare flag). gpus: how many a job holds; 0 takes a CPU slot.
    external_package: folder of a Python package whose `EntryClass` SGLang shall load; architectures: override
    of the config's list. base_url, served_model and capabilities: for kind remote only.
    """

    kind: str
    args: dict[str, Scalar] = field(default_factory=dict)
    dtype: str = "auto"
    device: str = "cpu"
    gpus: int = 0
    source: str = "installed"
    external_package: str | None = None
    architectures: tuple[str, ...] = ()
    base_url: str | None = None
    served_model: str | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Name one benchmark with every setting that can change its score.

    benchmark: an lm-eval task. limit: the first n items (None: all). few_shot: None keeps the task's own.
    max_tokens and temperature: None keeps the task's own. margin: the non-inferiority margin, as a share.
    metric: lm-eval's "metric,filter" that decides; the others are reported beside it.
    """

    name: str
    benchmark: str
    metric: str
    margin: float
    data: DataSource = DataSource.HUB
    api: Api = Api.COMPLETIONS
    few_shot: int | None = None
    limit: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int = 1234
    concurrency: int = 16

    def fingerprint(self) -> str:
        """Return the hash of all that decides whether two scores may be compared (not: how many at once)."""
        settings = asdict(self)
        for irrelevant in ("concurrency", "margin", "name"):
            del settings[irrelevant]
        return digest(settings)


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """Point at the pull request that a submission belongs to."""

    repository: str
    number: int
    head_sha: str | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Hold what a client asks for: a model, a candidate engine, a baseline engine and a suite."""

    model: ModelSpec
    candidate: EngineSpec
    baseline: EngineSpec
    suite: str
    limit: int | None = None
    tags: tuple[str, ...] = ()
    pull_request: PullRequest | None = None


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """Hold one engine launch and the workloads that run on it."""

    role: Role
    model: ModelSpec
    engine: EngineSpec
    workloads: tuple[Workload, ...]


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hex digits."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
