"""Compare one workload, candidate against baseline, over the items that both answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evals.deciding import reasons_for, verdict_on
from evals.differences import FEWEST_GROUPS, difference_of
from evals.formatting import one_line
from evals.measure import measure, metric_of, split_metric
from evals.metrics import METRICS, Direction, Metric
from evals.pairing import Pairing, conflicts, items_without, pair_up, uneven_repeats
from evals.repeats import by_item
from evals.result import Comparison, Score, Verdict
from evals.spec import Workload
from evals.statistics.interval import CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """Hold what holds for every metric of a workload."""

    workload: Workload
    forbidden: Sequence[str]
    unjudged: Sequence[str]
    directions: Mapping[str, Direction]
    confidence: float
    fewest_groups: int


def compare_workload(
    *,
    workload: Workload,
    candidate: Sequence[Score],
    baseline: Sequence[Score],
    differing_settings: Sequence[str] = (),
    directions: Mapping[str, Direction] | None = None,
    confidence: float = CONFIDENCE,
    fewest_groups: int = FEWEST_GROUPS,
) -> tuple[Comparison, ...]:
    """Return one comparison for each "metric,filter" seen, the workload's own first: it alone decides.

    directions: which way metrics improve that are not known here, as the harness says. Different prompts, reference
    answers, numbers of answers or settings (see `difference_of_settings`) make every metric of the workload
    incomparable; so does an item that one side lacks, for the metrics concerned, and one with scores of which none
    decides, for the deciding one. fewest_groups: from how many tasks on these are groups of items that may be alike.
    confidence: of the intervals; only a judgement that shares its error with another takes more.
    """
    unparsed = _unparsed(candidate), _unparsed(baseline)
    uneven = uneven_repeats(candidate, baseline)
    candidate, baseline = by_item(candidate, beside=baseline), by_item(baseline, beside=candidate)
    ours, theirs = _by_metric(candidate), _by_metric(baseline)
    others = sorted((ours.keys() | theirs.keys()) - {workload.metric})
    heard = any(score.parsed for score in (*candidate, *baseline) if score.metric == workload.metric)
    terms = _Terms(
        workload=workload,
        forbidden=(*differing_settings, *conflicts(candidate, baseline), *uneven),
        unjudged=items_without(workload.metric, candidate, baseline),
        directions=directions or {},
        confidence=confidence,
        fewest_groups=fewest_groups,
    )
    rows = (
        _compare_metric(terms, name, ours.get(name, []), theirs.get(name, [])) for name in (workload.metric, *others)
    )
    return tuple(not_blind(_with_unparsed(row, unparsed), silent=row.decides and not heard) for row in rows)


def _unparsed(scores: Sequence[Score]) -> Counter[str]:
    """Count the answers, not the items, in which nothing was found."""
    return Counter(score.metric for score in scores if not score.parsed)


def _with_unparsed(comparison: Comparison, counts: tuple[Counter[str], Counter[str]]) -> Comparison:
    name = comparison.metric.name if comparison.filter is None else f"{comparison.metric.name},{comparison.filter}"
    sides = (comparison.candidate, comparison.baseline)
    # What is only made of several answers, such as a majority, is in no single one's counts.
    ours, theirs = (
        side and replace(side, unparsed=count.get(name, side.unparsed))
        for side, count in zip(sides, counts, strict=True)
    )
    return replace(comparison, candidate=ours, baseline=theirs)


def not_blind(comparison: Comparison, *, silent: bool) -> Comparison:
    """Take back a pass of two sides in whose answers nothing was found: equal silence proves nothing."""
    if comparison.verdict is not Verdict.PASS or not silent:
        return comparison
    reason = "in no answer of either side was a result found: the model does not answer in the form that is asked for"
    return replace(comparison, verdict=Verdict.INCONCLUSIVE, reasons=(reason,))


def difference_of_settings(candidate_facts: Mapping[str, str], baseline_facts: Mapping[str, str]) -> tuple[str, ...]:
    """Name the facts that differ, in words; every fact handed over is one that must be equal.

    Keys are nouns ("dataset_checksum", "benchmark_fingerprint", "scorer_version"). A fact that one side alone
    recorded counts as different: what is unknown cannot be called equal.
    """
    return tuple(
        f"the {key.replace('_', ' ')} differs: {_fact(candidate_facts, key)} for the candidate, "
        f"{_fact(baseline_facts, key)} for the baseline"
        for key in sorted(candidate_facts.keys() | baseline_facts.keys())
        if candidate_facts.get(key) != baseline_facts.get(key)
    )


def _fact(facts: Mapping[str, str], key: str) -> str:
    return one_line(facts[key], 80) if key in facts else "not recorded"


def _by_metric(scores: Sequence[Score]) -> dict[str, list[Score]]:
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.metric].append(score)
    return groups


def _compare_metric(terms: _Terms, name: str, ours: Sequence[Score], theirs: Sequence[Score]) -> Comparison:
    metric_key, filter_ = split_metric(name)
    workload, directions = terms.workload, terms.directions
    metric = metric_of(metric_key, (*ours, *theirs), direction=directions.get(metric_key))
    decides = name == workload.metric
    pairing = pair_up(ours, theirs)
    reasons = (
        *terms.forbidden,
        *pairing.reasons,
        *(terms.unjudged if decides else ()),
        *_unjudgeable(workload, metric, pairing, decides and metric_key not in directions),
    )
    row = Comparison(
        workload=workload.name,
        metric=metric,
        filter=filter_,
        verdict=Verdict.INCOMPARABLE if decides else None,
        decides=decides,
        candidate=measure(ours, metric, filter_),
        baseline=measure(theirs, metric, filter_),
        margin=workload.margin if decides else None,
        only_in_candidate=len(pairing.only_in_candidate),
        only_in_baseline=len(pairing.only_in_baseline),
        reasons=reasons,
    )
    return row if reasons else _judged(row, pairing, terms)


def _judged(row: Comparison, pairing: Pairing, terms: _Terms) -> Comparison:
    """Add what the pairs say to a comparison that nothing forbids."""
    margin, n = row.margin or 0.0, len(pairing.pairs)
    difference = difference_of(
        pairing.pairs, row.metric, margin, confidence=terms.confidence, fewest_groups=terms.fewest_groups
    )
    verdict = verdict_on(difference, margin) if row.decides else None
    interval = difference.interval
    return replace(
        row,
        verdict=verdict,
        pairs=difference.pairs,
        difference=difference.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        mcnemar_p=difference.mcnemar_p,
        p_pass=difference.p_pass,
        p_fail=difference.p_fail,
        groups=difference.groups,
        detectable_drop=difference.detectable_drop,
        flips=difference.flips,
        reasons=reasons_for(verdict, difference, row.metric, margin, n, confidence=terms.confidence),
    )


def _unjudgeable(workload: Workload, metric: Metric, pairing: Pairing, decides: bool) -> tuple[str, ...]:
    if decides and metric.name not in METRICS:
        return (
            f"whether a higher {one_line(metric.name, 80)} is better is not known: add it to evals/metrics.py "
            "with its unit and direction",
        )
    if not pairing.pairs and not pairing.reasons:
        return (f"neither side has a score under {one_line(workload.metric, 80)}",)
    return ()
