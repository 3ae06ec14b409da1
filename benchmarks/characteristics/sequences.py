"""How often a sequence that is looked at after every item is wrong, and how many items it takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from benchmarks.characteristics.designs import GSM8K, MMLU, MMMU, Design, group_differences
from evals.outcome import Verdict
from evals.statistics.evidence import of_shares
from evals.statistics.interval import CONFIDENCE
from evals.statistics.ordering import stratified_order
from evals.statistics.sequential import EARLY_CONFIDENCE, STAKES, WEIGHTS, decide_sequentially

Items = NDArray[np.int8]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Hold simulated runs: when the sequence would pass and fail each (NEVER if it does not), and the verdicts.

    fixed: of all items together, without looking. ended: of the sequence, and of all items where it decided nothing.
    All items are judged by their own interval here; with subjects the service takes the wider one, which errs less.
    """

    passed_at: NDArray[np.int64]
    failed_at: NDArray[np.int64]
    fixed: list[Verdict]
    ended: list[Verdict]


def items(design: Design, draws: int, rng: np.random.Generator) -> Items:
    """Return differences of -1, 0 and 1 by draw and item, in a stratified order of their groups."""
    groups = np.repeat(np.arange(len(design.sizes)), design.sizes)
    names = [f"{group:03d}" for group in groups.tolist()]
    order = [np.asarray(stratified_order(names, int(rng.integers(2**32)))) for _ in range(min(draws, 20))]
    differences = group_differences(design, draws, rng)
    # The subjects are these very ones: what they have in common is the drop, exactly.
    differences -= differences @ np.asarray(design.sizes)[:, None] / design.n + design.drop
    taken = np.stack([differences[draw][groups[order[draw % len(order)]]] for draw in range(draws)])
    discordance = np.maximum(design.discordance, np.abs(taken))
    at = rng.random(taken.shape)
    return np.where(at < (discordance + taken) / 2, 1, np.where(at < discordance, -1, 0)).astype(np.int8)


def crossed_at(differences: Items, mean: float, needed: float) -> NDArray[np.int64]:
    """Return after how many items the capital of betting on more than `mean` first reaches exp(needed).

    What `PairedSequence` says after each item, for many sequences at once (a test holds the two together).
    """
    first, weights = np.full(len(differences), NEVER), np.asarray(WEIGHTS)
    gains = np.log1p(np.multiply.outer(np.array([-1, 0, 1]) - mean, np.asarray(STAKES)) / (1 + mean))
    for draw, row in enumerate(differences):
        paths = np.cumsum(gains[row + 1], axis=0)
        reached = np.flatnonzero(np.exp(paths - needed) @ weights >= 1)
        if len(reached):
            first[draw] = reached[0] + 1
    return first


def simulated(design: Design, draws: int, seed: int, *, confidence: float = EARLY_CONFIDENCE) -> Runs:
    """Simulate runs of a design, looked at after every item."""
    differences = items(design, draws, np.random.default_rng([seed, 4]))
    needed = log(2 / (1 - confidence))
    passed_at = crossed_at(differences, -design.margin, needed)
    failed_at = crossed_at(-differences, design.margin, needed)
    _agree(design, differences, passed_at, failed_at, confidence)
    won, lost = (differences == 1).sum(axis=1).tolist(), (differences == -1).sum(axis=1).tolist()
    pairs = list(zip(won, lost, strict=True))
    fixed = [_verdict(design, *pair, CONFIDENCE) for pair in pairs]
    at_the_end = [_verdict(design, *pair, EARLY_CONFIDENCE) for pair in pairs]
    ended = [
        at_the_end[draw] if ours == theirs else Verdict.PASS if ours < theirs else Verdict.FAIL
        for draw, (ours, theirs) in enumerate(zip(passed_at.tolist(), failed_at.tolist(), strict=True))
    ]
    return Runs(passed_at=passed_at, failed_at=failed_at, fixed=fixed, ended=ended)


def _agree(
    design: Design,
    differences: Items,
    passed_at: NDArray[np.int64],
    failed_at: NDArray[np.int64],
    confidence: float,
) -> None:
    """Make sure that what is simulated is what `decide_sequentially` does."""
    for draw in range(min(2, len(differences))):
        found = decide_sequentially(differences[draw].tolist(), design.margin, confidence=confidence)
        at = min(int(passed_at[draw]), int(failed_at[draw]))
        if (NEVER if found.decided_at is None else found.decided_at) != at:
            raise AssertionError(f"{design.name}: simulated {at}, decided {found.decided_at}")


def _verdict(design: Design, won: int, lost: int, confidence: float) -> Verdict:
    interval = of_shares(won, lost, design.n, design.margin, confidence=confidence).interval
    if interval.low > -design.margin:
        return Verdict.PASS
    return Verdict.FAIL if interval.high < -design.margin else Verdict.INCONCLUSIVE


AT_THE_MARGIN = tuple(
    Design(name=name, sizes=sizes, margin=margin, discordance=discordance, drop=margin, spread=spread, own=own)
    for name, sizes, margin in (("GSM8K-1319", GSM8K, 0.02), ("MMLU-14042", MMLU, 0.01), ("MMMU-900", MMMU, 0.03))
    for discordance in (0.04, 0.08)
    for spread, own in ((0.0, 0.0), *(((1.0, 0.0),) if len(sizes) > 1 else ()))
)
"""A true drop of exactly the margin, where wrong passes and wrong fails are most frequent."""

CASES = (
    *(Design(name="MMLU-14042", sizes=MMLU, margin=0.01, discordance=share) for share in (0.02, 0.04, 0.08)),
    Design(name="MMLU-14042", sizes=MMLU, margin=0.01, discordance=0.06, drop=0.03, spread=1.0),
    *(Design(name="GSM8K-1319", sizes=GSM8K, margin=0.02, discordance=share) for share in (0.02, 0.04, 0.08)),
    *(Design(name="GSM8K-1319", sizes=GSM8K, margin=0.02, discordance=drop + 0.04, drop=drop) for drop in (0.06, 0.1)),
    *(Design(name="MMMU-900", sizes=MMMU, margin=0.03, discordance=share) for share in (0.02, 0.04, 0.08)),
    Design(name="MMMU-900", sizes=MMMU, margin=0.03, discordance=0.14, drop=0.10, spread=0.5),
)
CLEAR_Z = 5.0
"""A case is clear when the truth lies so many standard errors of all items from the margin: a fixed n then decides
practically every run."""


def is_clear(design: Design) -> bool:
    """Tell whether all items together decide a design practically always."""
    error = ((design.discordance - design.drop**2) / design.n) ** 0.5
    return abs(design.margin - design.drop) >= CLEAR_Z * error


def error_table(draws: int, seed: int) -> list[str]:
    """Return how often a sequence at 95 % ever passes or fails at the very margin: at most 2.5 % each."""
    lines = [
        "| benchmark | discordant | subjects' drops | sequence ever PASS | ever FAIL | early stopping PASS | FAIL |",
        "|---|---|---|---|---|---|---|",
    ]
    for design in AT_THE_MARGIN:
        alone = simulated(design, draws, seed, confidence=CONFIDENCE)
        early = simulated(design, draws, seed + 1)
        ever = ((alone.passed_at < NEVER).mean(), (alone.failed_at < NEVER).mean())
        wrong = (early.ended.count(Verdict.PASS) / draws, early.ended.count(Verdict.FAIL) / draws)
        drops = f"0 to {200 * design.drop:g} pp" if design.spread else "all alike"
        lines.append(
            f"| {design.name} | {100 * design.discordance:g} % | {drops} | "
            + " | ".join(f"{100 * float(share):.1f} %" for share in (*ever, *wrong))
            + " |"
        )
    return lines


def saving_table(draws: int, seed: int) -> list[str]:
    """Return how many items the decision takes, and the median over the clear cases."""
    lines = [
        "| benchmark | margin | discordant | true drop | clear | right at a fixed n | right with early stopping "
        "| wrong | decided on the way | items taken (median) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    clear = []
    for design in CASES:
        runs = simulated(design, draws, seed)
        right, wrong = (Verdict.FAIL, Verdict.PASS) if design.drop > design.margin else (Verdict.PASS, Verdict.FAIL)
        at = np.minimum(runs.passed_at, runs.failed_at)
        taken = float(np.median(np.minimum(at, design.n))) / design.n
        clear += [taken] if is_clear(design) else []
        shares = (
            runs.fixed.count(right) / draws,
            runs.ended.count(right) / draws,
            runs.ended.count(wrong) / draws,
            float((at < NEVER).mean()),
            taken,
        )
        lines.append(
            f"| {design.name} | {100 * design.margin:g} pp | {100 * design.discordance:g} % "
            f"| {100 * design.drop:g} pp | {'yes' if is_clear(design) else 'no'} | "
            + " | ".join(f"{100 * share:.1f} %" for share in shares)
            + " |"
        )
    return [*lines, f"\nIn the median of {len(clear)} clear cases {100 * float(np.median(clear)):.1f} % of the items."]
