"""What was observed and what it was judged to be: samples, responses, scores, measurements, reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evals.duel.results import ServingResult
from evals.fingerprint import Fingerprints
from evals.metrics import Metric
from evals.outcome import Verdict as Verdict
from evals.parity.findings import ParityResult


@dataclass(frozen=True, kw_only=True, order=True)
class SampleKey:
    """Identify one request of one dataset item: lm-eval's task, document and request index, and the repeat."""

    task: str
    doc_id: int
    request_index: int = 0
    repeat: int = 0


@dataclass(frozen=True, kw_only=True)
class Response:
    """Keep an engine's answer as it came, with raw Unix timestamps in seconds; unknown counts are None.

    request_sha256: over everything in the request that decides the answer (see `Question`). reasoning: the thoughts
    that the engine itself told apart from the answer. log_probabilities, greedy: for a log-likelihood question, of
    each continuation in order the sum over its tokens, and whether greedy decoding would have chosen it.
    """

    key: SampleKey
    prompt_sha256: str
    request_sha256: str | None = None
    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    sent_at: float
    ended_at: float
    attempts: int = 1
    reasoning: str | None = None
    log_probabilities: tuple[float, ...] | None = None
    greedy: tuple[bool, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Score:
    """Judge one answer to a dataset item under one metric.

    metric: lm-eval's "metric,filter" ("exact_match,strict-match"). value: 0 or 1 for shares.
    extracted: what the filter found in the text, None when it found nothing (then `parsed` is False).
    how: by which rule it was found, where the scorer tells. repeat: which of the item's answers was judged.
    prompt_sha256: over all of the item's prompts in order, so that pairs can be proven to be pairs.
    """

    task: str
    doc_id: int
    metric: str
    value: float
    parsed: bool
    extracted: str | None
    gold: str
    prompt_sha256: str
    repeat: int = 0
    how: str | None = None


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Give a metric's value over n items with a 95 % interval; `unparsed` items count as wrong and are shown.

    low, high: None where the data cannot give an interval (one real value, or all of them equal and unbounded).
    """

    metric: Metric
    filter: str | None
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    unparsed: int = 0


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Count what became of the items that both sides answered."""

    both_right: int
    only_candidate: int
    only_baseline: int
    neither: int

    @property
    def n(self) -> int:
        """Return the number of pairs."""
        return self.both_right + self.only_candidate + self.only_baseline + self.neither


@dataclass(frozen=True, kw_only=True)
class Flip:
    """Name an item that one side got right and the other wrong."""

    task: str
    doc_id: int
    right: str
    candidate_extracted: str | None
    baseline_extracted: str | None
    gold: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Compare one metric of one workload, candidate minus baseline.

    difference, low, high: the paired difference and its 95 % interval, as shares; None when incomparable.
    margin: None for metrics that are reported but decide nothing. detectable_drop: the true drop that this n
    would have failed (without a margin: told from zero) with 80 % power; None when no drop would have been.
    only_in_candidate, only_in_baseline: items without a partner. pairs, flips and mcnemar_p: for shares only.
    p_pass, p_fail: one-sided p values of the true difference being worse than the margin, and of its not being so (see
    `evals.statistics.evidence`). groups: how many groups of items widened the interval. decided_after: of early
    stopping, how many items the decision took; None without it, and when all items together decided.
    """

    workload: str
    metric: Metric
    filter: str | None
    verdict: Verdict | None
    decides: bool
    candidate: Measurement | None
    baseline: Measurement | None
    pairs: Pairs | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    mcnemar_p: float | None = None
    margin: float | None = None
    detectable_drop: float | None = None
    only_in_candidate: int = 0
    only_in_baseline: int = 0
    flips: tuple[Flip, ...] = ()
    reasons: tuple[str, ...] = ()
    p_pass: float | None = None
    p_fail: float | None = None
    groups: int | None = None
    decided_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class SideSummary:
    """Describe one side of a report: which engine, in which versions, on what, and what it cost.

    timings_s: seconds by phase ("launch", "evaluate", ...). versions: package to version. error: a job's error.
    reused: how many answers were taken from which earlier job instead of asked again. origin: where a side comes from
    that no job of the run measured ("stored, run r_1 of 2026-11-25").
    """

    role: str
    engine: str
    model: str
    state: str
    versions: dict[str, str] = field(default_factory=dict)
    hardware: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    timings_s: dict[str, float] = field(default_factory=dict)
    reused: dict[str, int] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    origin: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Hold a run's comparisons and verdict, saved once and never recomputed.

    scorer: whose judgement decides, when it is another than the workloads' own. parity: what the parity workloads
    found, serving: what the serving workloads did; each of their checks and deciding ratios is among the comparisons
    too. companions: the further jobs that parity asked for. fingerprints: of both sides, for each workload.
    """

    run_id: str
    suite: str
    verdict: Verdict
    headline: str
    comparisons: tuple[Comparison, ...]
    candidate: SideSummary
    baseline: SideSummary
    created_at: str
    plumbline_version: str
    scorer: str | None = None
    reasons: tuple[str, ...] = ()
    parity: tuple[ParityResult, ...] = ()
    companions: tuple[SideSummary, ...] = ()
    serving: tuple[ServingResult, ...] = ()
    fingerprints: tuple[Fingerprints, ...] = ()
