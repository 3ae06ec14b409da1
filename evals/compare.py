"""Compare one workload, candidate against baseline, over the items that both answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evals.differences import Difference, difference_of
from evals.formatting import about, amount, margin_of, one_line, plural
from evals.measure import measure, metric_of, split_metric
from evals.metrics import METRICS, Direction, Metric
from evals.pairing import Pairing, conflicts, pair_up
from evals.repeats import by_item
from evals.result import Comparison, Score, Verdict
from evals.spec import Workload
from evals.statistics.interval import Interval


def compare_workload(
    *,
    workload: Workload,
    candidate: Sequence[Score],
    baseline: Sequence[Score],
    differing_settings: Sequence[str] = (),
    directions: Mapping[str, Direction] | None = None,
) -> tuple[Comparison, ...]:
    """Return one comparison for each "metric,filter" seen, the workload's own first: it alone decides.

    directions: which way metrics improve that are not known here, as the harness says. Different prompts, reference
    answers or settings (see `difference_of_settings`) make every metric of the workload incomparable; so does an item
    that one side lacks, for the metrics concerned.
    """
    unparsed = _unparsed(candidate), _unparsed(baseline)
    candidate, baseline = by_item(candidate, beside=baseline), by_item(baseline, beside=candidate)
    ours, theirs = _by_metric(candidate), _by_metric(baseline)
    others = sorted((ours.keys() | theirs.keys()) - {workload.metric})
    forbidden = (*differing_settings, *conflicts(candidate, baseline))
    heard = any(score.parsed for score in (*candidate, *baseline) if score.metric == workload.metric)
    rows = (
        _compare_metric(workload, name, ours.get(name, []), theirs.get(name, []), forbidden, directions or {})
        for name in (workload.metric, *others)
    )
    return tuple(_not_blind(_with_unparsed(row, unparsed), silent=row.decides and not heard) for row in rows)


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


def _not_blind(comparison: Comparison, *, silent: bool) -> Comparison:
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


def _compare_metric(
    workload: Workload,
    name: str,
    ours: Sequence[Score],
    theirs: Sequence[Score],
    forbidden: Sequence[str],
    directions: Mapping[str, Direction],
) -> Comparison:
    metric_key, filter_ = split_metric(name)
    metric = metric_of(metric_key, (*ours, *theirs), direction=directions.get(metric_key))
    decides = name == workload.metric
    pairing = pair_up(ours, theirs)
    reasons = (
        *forbidden,
        *pairing.reasons,
        *_unjudgeable(workload, metric, pairing, decides and metric_key not in directions),
    )
    difference = None if reasons else difference_of(pairing.pairs, metric, workload.margin if decides else 0.0)
    verdict = _verdict(difference, metric, workload.margin) if decides else None
    if verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) and difference is not None:
        reasons = (_why(verdict, difference, metric, workload.margin, len(pairing.pairs)),)
    interval = difference.interval if difference else None
    return Comparison(
        workload=workload.name,
        metric=metric,
        filter=filter_,
        verdict=verdict,
        decides=decides,
        candidate=measure(ours, metric, filter_),
        baseline=measure(theirs, metric, filter_),
        pairs=difference.pairs if difference else None,
        difference=difference.value if difference else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        mcnemar_p=difference.mcnemar_p if difference else None,
        margin=workload.margin if decides else None,
        detectable_drop=difference.detectable_drop if difference else None,
        only_in_candidate=len(pairing.only_in_candidate),
        only_in_baseline=len(pairing.only_in_baseline),
        flips=difference.flips if difference else (),
        reasons=reasons,
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


def _verdict(difference: Difference | None, metric: Metric, margin: float) -> Verdict:
    if difference is None:
        return Verdict.INCOMPARABLE
    gain = _gain(difference.interval, metric)
    if gain is None:
        return Verdict.INCONCLUSIVE
    if gain.low > -margin:
        return Verdict.PASS
    return Verdict.FAIL if gain.high < -margin else Verdict.INCONCLUSIVE


def _gain(interval: Interval | None, metric: Metric) -> Interval | None:
    if interval is None or metric.direction is Direction.HIGHER:
        return interval
    return interval.mirrored()


def _why(verdict: Verdict, difference: Difference, metric: Metric, margin: float, n: int) -> str:
    allowed = margin_of(margin, metric)
    if verdict is Verdict.FAIL:
        return f"the whole 95 % interval is worse than the margin of {allowed}"
    if difference.interval is None:
        return f"{plural(n, 'item')} with these values give no interval, so nothing can be said about the margin"
    loss = "drop" if metric.direction is Direction.HIGHER else "rise"
    if difference.detectable_drop is None:
        detectable = f"with n = {n:,} no {loss}, however large, would have been failed with 80 % power"
    else:
        drop = amount(difference.detectable_drop, metric)
        detectable = f"with n = {n:,} a true {loss} of {drop} would have been failed with 80 % power"
    return f"the 95 % interval lies on both sides of the margin of {allowed}; {detectable}; {_needed(difference)}"


def _needed(difference: Difference) -> str:
    if difference.needed is None:
        return "the observed difference equals the margin, where no number of items decides"
    return f"if the observed difference is the true one, about {about(difference.needed)} items would decide"
