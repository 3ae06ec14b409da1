"""Which of two sides' scores are pairs, and what forbids comparing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite

from evals.formatting import item_name, one_line, plural
from evals.result import Score

Item = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Hold the pairs of one metric in item order, the items without a partner, and why the sides do not match."""

    pairs: tuple[tuple[Score, Score], ...]
    only_in_candidate: tuple[Item, ...]
    only_in_baseline: tuple[Item, ...]
    reasons: tuple[str, ...]


def pair_up(candidate: Sequence[Score], baseline: Sequence[Score]) -> Pairing:
    """Pair the scores of one metric by task and document.

    An item without a partner is a reason not to compare: a missing answer is neither right nor wrong, and the items
    that one side lacks are rarely a random sample. So are an item scored twice and a value that is no number.
    """
    ours = {(score.task, score.doc_id): score for score in candidate}
    theirs = {(score.task, score.doc_id): score for score in baseline}
    only_ours, only_theirs = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
    both = sorted(item for item in ours if item in theirs)
    total = len(both) + len(only_ours) + len(only_theirs)
    reasons = (
        *_missing("candidate", only_theirs, total),
        *_missing("baseline", only_ours, total),
        *(_scored_twice("candidate", candidate) if len(ours) < len(candidate) else ()),
        *(_scored_twice("baseline", baseline) if len(theirs) < len(baseline) else ()),
        *_not_finite("candidate", candidate),
        *_not_finite("baseline", baseline),
    )
    return Pairing(
        pairs=tuple((ours[item], theirs[item]) for item in both),
        only_in_candidate=tuple(only_ours),
        only_in_baseline=tuple(only_theirs),
        reasons=reasons,
    )


def conflicts(candidate: Sequence[Score], baseline: Sequence[Score]) -> tuple[str, ...]:
    """Return why scores of one workload, over all its metrics, do not judge the same questions; empty when they do."""
    theirs = {(score.metric, score.task, score.doc_id): score for score in baseline}
    pairs = [
        (score, partner)
        for score in candidate
        if (partner := theirs.get((score.metric, score.task, score.doc_id))) is not None
    ]
    prompts = {(a.task, a.doc_id) for a, b in pairs if a.prompt_sha256 != b.prompt_sha256}
    golds = {(a.task, a.doc_id) for a, b in pairs if a.gold != b.gold}
    total = len({(a.task, a.doc_id) for a, _ in pairs})
    return (
        *_differing("prompts", prompts, total),
        *_differing("reference answers", golds, total),
    )


def items_without(metric: str, candidate: Sequence[Score], baseline: Sequence[Score]) -> tuple[str, ...]:
    """Return that items have scores on some side, but on neither one under this metric; empty when none has it."""
    scores = (*candidate, *baseline)
    judged = {(score.task, score.doc_id) for score in scores if score.metric == metric}
    every = {(score.task, score.doc_id) for score in scores}
    if not judged or judged == every:
        return ()
    return (
        f"{len(every - judged):,} of {plural(len(every), 'item')} have scores, but none under {one_line(metric, 80)} "
        f"(first: {item_name(min(every - judged))})",
    )


def uneven_repeats(candidate: Sequence[Score], baseline: Sequence[Score]) -> tuple[str, ...]:
    """Return that both sides answered items, but not equally often; empty when they did."""
    if not any(score.repeat for score in (*candidate, *baseline)):
        return ()
    ours, theirs = _repeats(candidate), _repeats(baseline)
    uneven = {key[:2] for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]}
    if not uneven:
        return ()
    total = len({key[:2] for key in ours.keys() & theirs.keys()})
    return (
        f"the two sides gave different numbers of answers to {len(uneven):,} of {plural(total, 'item')} "
        f"(first: {item_name(min(uneven))})",
    )


def _repeats(scores: Sequence[Score]) -> Counter[tuple[str, int, str]]:
    answers = {(score.task, score.doc_id, score.metric, score.repeat) for score in scores}
    return Counter((task, doc_id, metric) for task, doc_id, metric, _ in answers)


def _differing(what: str, items: Collection[Item], total: int) -> tuple[str, ...]:
    if not items:
        return ()
    first = item_name(min(items))
    return (f"the two sides had different {what} for {len(items):,} of {plural(total, 'item')} (first: {first})",)


def _missing(side: str, items: Sequence[Item], total: int) -> tuple[str, ...]:
    if not items:
        return ()
    if len(items) == total:
        return (f"the {side} has no score for any of {plural(total, 'item')}",)
    return (
        f"the {side} is partial: {len(items):,} of {plural(total, 'item')} have no score from it "
        f"(first: {item_name(items[0])}); a missing answer is not counted as a wrong one",
    )


def _scored_twice(side: str, scores: Sequence[Score]) -> tuple[str, ...]:
    twice = sorted(item for item, count in Counter((s.task, s.doc_id) for s in scores).items() if count > 1)
    if not twice:
        return ()
    return (f"the {side} has {plural(len(twice), 'item')} scored more than once (first: {item_name(twice[0])})",)


def _not_finite(side: str, scores: Sequence[Score]) -> tuple[str, ...]:
    broken = sorted((score.task, score.doc_id) for score in scores if not isfinite(score.value))
    if not broken:
        return ()
    return (f"the {side} has {plural(len(broken), 'item')} without a finite value (first: {item_name(broken[0])})",)
