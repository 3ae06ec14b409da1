"""What a parity workload found: checks with their verdicts, and what a reviewer wants to see of them."""

from __future__ import annotations

from dataclasses import dataclass

from evals.outcome import Verdict

ALL = "all"
"""The group of all prompts."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Hold one statistic of an error over positions, beside the same statistic of the noise floor (nats).

    name: "p50", "p90", "p99", "max", "mean", and the same of the divergence as "KL p50". group: "all", the kind of
    prompts, or one prompt. ratio, low, high: error over floor with its 95 % interval over prompts; None where no floor
    was measured. limit: the largest ratio, or without a floor the largest error, that passes; None for what is only
    shown. n: positions; prompts: how many prompts.
    """

    name: str
    group: str
    error: float
    floor: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    verdict: Verdict | None = None
    n: int
    prompts: int


@dataclass(frozen=True, kw_only=True)
class WorstPosition:
    """Name a position at which the sides differ most; before: the last tokens' texts or ids before it.

    position counts from 0 in a prompt `of` so many tokens. candidate, reference: log-probabilities of the token;
    None where the side gave no finite number. floor: how far the baseline is off there.
    """

    prompt: str
    mode: str
    position: int
    of: int
    token: str
    before: str
    candidate: float | None
    reference: float | None
    floor: float | None


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Name the first greedy token in which two sides part; margin: between both tokens under the reference (nats).

    benign: whether the margin is no larger than two allowed errors: a near tie. open: whether nobody can say that it
    is or is not. margin is a lower bound when `at_least`.
    """

    prompt: str
    position: int
    candidate_token: str
    reference_token: str
    common_text: str
    margin: float
    at_least: bool
    allowed: float
    benign: bool
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenDifference:
    """Show how two servers turned one text into tokens; diff: lines of a unified diff over tokens.

    form: "text", "chat", or "prompt" where the same request became different prompt tokens.
    """

    prompt: str
    form: str
    candidate_count: int
    reference_count: int
    diff: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParityCheck:
    """Judge one question of parity.

    name: tokens, prefill, decode, output, batch, cache or chunk. value: the telling number in `unit` ("nats", "share"),
    of n of `what`; floor and limit in the same unit. statistic: which one it is ("p99", "p90 of image"). reasons: why
    it is no pass. notes: what else a reviewer wants to know.
    """

    name: str
    title: str
    verdict: Verdict
    value: float | None
    unit: str
    n: int
    floor: float | None = None
    limit: float | None = None
    statistic: str = ""
    what: str = "position"
    spreads: tuple[Spread, ...] = ()
    worst: tuple[WorstPosition, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    token_differences: tuple[TokenDifference, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParityResult:
    """Hold a parity workload's checks and the sentence that sums them up.

    calibration: how the tolerance was found, in words. coverage: prompts, positions, longest prompt, and the like, in
    words. left_out: prompts that were not asked, with reasons.
    """

    workload: str
    verdict: Verdict
    headline: str
    calibration: str
    checks: tuple[ParityCheck, ...]
    coverage: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
