"""How often each verdict comes when the truth is known: equal engines, and true drops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.characteristics.designs import GSM8K, MMLU, MMMU, Counts, Design, counts
from evals.statistics.clusters import mean_of_groups
from evals.statistics.evidence import Evidence, of_shares, weaker

DESIGNS = tuple(
    Design(
        name=name, sizes=sizes, margin=margin, discordance=discordance, drop=drop, spread=1.0 if len(sizes) > 1 else 0.0
    )
    for name, sizes, margin, drops in (
        ("GSM8K-1319", GSM8K, 0.02, (0.0, 0.03, 0.05)),
        ("MMLU-14042", MMLU, 0.01, (0.0, 0.01, 0.02)),
        ("MMMU-900", MMMU, 0.03, (0.0, 0.03, 0.06)),
    )
    for drop in drops
    for discordance in (0.02, 0.04, 0.08)
    if drop <= discordance
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold shares of draws: of each verdict, of a significant drop (interval wholly below 0), and of coverage."""

    passed: float
    undecided: float
    failed: float
    below_zero: float
    covered: float


@cache
def _items(won: int, lost: int, n: int, margin: float) -> Evidence:
    return of_shares(won, lost, n, margin)


def evidence(design: Design, won: Counts, lost: Counts) -> Evidence:
    """Return what one draw says, by the code that judges runs."""
    n = design.n
    items = _items(int(won.sum()), int(lost.sum()), n, design.margin)
    if len(design.sizes) == 1:
        return items
    found = weaker(items, of_counts(design, won, lost))
    assert found is not None
    return found


def of_counts(design: Design, won: Counts, lost: Counts) -> Evidence | None:
    """Return what the groups say: `evals.statistics.evidence.of_groups` from counts."""
    sizes = np.asarray(design.sizes)
    centre = float((won - lost).sum() / design.n)
    sums = won - lost - sizes * centre
    squares = won + lost - 2 * centre * (won - lost) + sizes * centre**2
    mean = mean_of_groups(centre, design.sizes, sums.tolist(), squares.tolist())
    if mean is None:
        return None
    p_pass, p_fail = mean.p_values(-design.margin)
    return Evidence(interval=mean.interval(), p_pass=p_pass, p_fail=p_fail)


def outcome(design: Design, draws: int, seed: int) -> Outcome:
    """Simulate a design."""
    rng = np.random.default_rng([seed, 1])
    won, lost = counts(design, draws, rng)
    ends = np.array([_ends(design, *row) for row in zip(won, lost, strict=True)])
    low, high = ends[:, 0], ends[:, 1]
    passed, failed = low > -design.margin, high < -design.margin
    return Outcome(
        passed=float(passed.mean()),
        undecided=float((~passed & ~failed).mean()),
        failed=float(failed.mean()),
        below_zero=float((high < 0).mean()),
        covered=float(((low <= -design.drop) & (-design.drop <= high)).mean()),
    )


def _ends(design: Design, won: Counts, lost: Counts) -> tuple[float, float]:
    interval = evidence(design, won, lost).interval
    return interval.low, interval.high


def table(draws: int, seed: int) -> list[str]:
    """Return the verdicts of all designs as a Markdown table."""
    lines = [
        "| benchmark | margin | discordant | true drop | PASS | INCONCLUSIVE | FAIL | interval below 0 | not PASS |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for design in DESIGNS:
        found = outcome(design, draws, seed)
        shares = (found.passed, found.undecided, found.failed, found.below_zero, 1 - found.passed)
        lines.append(
            f"| {design.name} | {100 * design.margin:g} pp | {100 * design.discordance:g} % | "
            f"{100 * design.drop:g} pp | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"
        )
    return lines
