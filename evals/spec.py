"""What is asked for: frozen values, and the fingerprint that says which of them may be compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from evals.baseline import BaselineSource

Scalar = str | int | float | bool

CUSTOM_SUITE = "custom"
"""The suite's name of a submission that names its workloads itself."""


class Role(StrEnum):
    """Which side of a comparison a job measures.

    REFERENCE and CHUNKED are companions that parity workloads bring along: the baseline's engine in float32, and the
    candidate's engine with small prefill chunks. DUEL measures both sides of serving workloads in one job.
    """

    CANDIDATE = "candidate"
    BASELINE = "baseline"
    REFERENCE = "reference"
    CHUNKED = "chunked"
    DUEL = "duel"


class Api(StrEnum):
    """Through which endpoint a benchmark's prompts go."""

    COMPLETIONS = "completions"
    CHAT = "chat"


class DataSource(StrEnum):
    """Where a benchmark's items come from."""

    HUB = "hub"
    LOCAL = "local"
    DEMO = "demo"
    SUBSET = "subset"


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
    source: where the engine's own code comes from; external_package: a Python package whose `EntryClass` SGLang
    shall load, as a folder or in a repository (both: see `evals.code_sources`). external_processor: whether that
    package brings a multimodal processor too; None finds it in the package's files. architectures: override of the
    config's list. base_url, served_model and capabilities: for kind remote only.
    """

    kind: str
    args: dict[str, Scalar] = field(default_factory=dict)
    dtype: str = "auto"
    device: str = "cpu"
    gpus: int = 0
    source: str = "installed"
    external_package: str | None = None
    external_processor: bool | None = None
    architectures: tuple[str, ...] = ()
    base_url: str | None = None
    served_model: str | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Name one benchmark with every setting that can change its score.

    benchmark: an lm-eval task or group, or "sgl-eval/NAME". limit: the first n items (None: all); of a group, of each
    of its tasks. few_shot: None keeps the task's own. max_tokens, temperature, top_p, top_k and min_p: None keeps the
    task's own. repeats: how often each item is asked, with the seeds seed, seed + 1 ...; more than one needs a
    temperature. chat_template_args: handed to the chat template (`{"enable_thinking": true}`). think_end: what ends
    a thinking model's thoughts; only what follows is judged. revision: a hub dataset's commit instead of the pinned
    one. margin: the non-inferiority margin, as a share. metric: the "metric,filter" that decides; the others are
    reported beside it. concurrency: requests in flight; None finds it from the engine. early_stop: ask in a random
    order, and no more items than pass or fail takes (see `evals.accuracy.gate`). options: the settings of a workload
    that is no accuracy benchmark (see `evals.parity.settings`).
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
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int = 1234
    repeats: int = 1
    chat_template_args: dict[str, Scalar] = field(default_factory=dict)
    think_end: str | None = None
    revision: str | None = None
    concurrency: int | None = None
    early_stop: bool = False
    options: dict[str, Scalar] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Return the hash of all that decides whether two scores may be compared (not: how many at once)."""
        settings = asdict(self)
        for irrelevant in ("concurrency", "early_stop", "margin", "name", "metric"):
            del settings[irrelevant]
        return digest(settings)


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """Point at the pull request that a submission belongs to, and at the comment that asked for it."""

    repository: str
    number: int
    head_sha: str | None = None
    comment_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Hold what a client asks for: a model, a candidate engine, a baseline engine and a suite.

    baseline: of a stored one, the engine that measured it; of a published one, an engine of that kind.
    baseline_from: where it comes from; None: the engine is launched for this run.
    workloads: named in the submission itself, instead of a suite's; `suite` is then CUSTOM_SUITE. early_stop: of all
    workloads that can do so. use_cache: whether
    answers that the same engine, model and settings gave before may be used again.
    """

    model: ModelSpec
    candidate: EngineSpec
    baseline: EngineSpec
    suite: str
    workloads: tuple[Workload, ...] = ()
    limit: int | None = None
    early_stop: bool = False
    use_cache: bool = True
    tags: tuple[str, ...] = ()
    pull_request: PullRequest | None = None
    baseline_from: BaselineSource | None = None

    @property
    def baseline_words(self) -> str:
        """Return what the candidate is held against: "hf", "sglang (stored)", "published"."""
        kind = self.baseline_from.kind if self.baseline_from else None
        return self.baseline.kind if kind in (None, self.baseline.kind) else f"{self.baseline.kind} ({kind})"

    @property
    def launches_baseline(self) -> bool:
        """Tell whether a job of the run measures the baseline."""
        return self.baseline_from is None or self.baseline_from.is_launched

    @property
    def asked_limit(self) -> int | None:
        """Return the smallest number of items that it asks of any task; None where all are asked everywhere."""
        own = (self.limit, *(workload.limit for workload in self.workloads))
        return min((limit for limit in own if limit is not None), default=None)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """Hold one engine launch and the workloads that run on it; a duel launches its opponent too."""

    role: Role
    model: ModelSpec
    engine: EngineSpec
    workloads: tuple[Workload, ...]
    use_cache: bool = True
    opponent: EngineSpec | None = None


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hex digits."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
