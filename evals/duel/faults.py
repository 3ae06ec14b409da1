"""What lost answers mean: a server that drops requests is not faster for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.stopping import BROKEN_PASSES, client_spoiled, lost, pairs_of
from evals.formatting import plural
from evals.outcome import Verdict

_CLEAR_P = 0.01


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Say what lost answers make of a level's verdicts.

    FAIL: the candidate loses clearly more than the baseline. INCONCLUSIVE: by the baseline's, nothing can be said;
    by the candidate's (`only_pass`), it cannot pass.
    """

    verdict: Verdict
    reason: str
    only_pass: bool = False


def finding_of(passes: Sequence[Pass], level: int) -> Finding | None:
    """Return what the measured passes' lost answers mean at one level; None when nobody lost any.

    Requests of one pass share its accidents, so a small p value alone proves nothing: more answers must be lost in at
    least two rounds and in half of them, or the greater part of at least two passes while the baseline's passes of
    those rounds lost fewer.
    """
    pairs = [pair for pair in pairs_of(passes, level) if not any(client_spoiled(one) for one in pair)]
    alone = [one for one in passes if one.level == level and one.round >= 0 and not client_spoiled(one)]
    ours = [one for one in alone if one.side == CANDIDATE and one.faults]
    theirs = [one for one in alone if one.side == BASELINE and one.faults]
    if ours and _is_clear(pairs):
        told = _told(ours, [one for one in alone if one.side == CANDIDATE])
        return Finding(verdict=Verdict.FAIL, reason=f"the candidate lost {told}, clearly more than the baseline")
    if theirs:
        told = _told(theirs, [one for one in alone if one.side == BASELINE])
        return Finding(verdict=Verdict.INCONCLUSIVE, reason=f"the baseline lost {told}")
    if ours:
        told = _told(ours, [one for one in alone if one.side == CANDIDATE])
        return Finding(verdict=Verdict.INCONCLUSIVE, reason=f"the candidate lost {told}", only_pass=True)
    return None


def _is_clear(pairs: Sequence[tuple[Pass, Pass]]) -> bool:
    broken = sum(lost(ours) and not lost(theirs) for ours, theirs in pairs)
    worse = sum(_lost(ours) > _lost(theirs) for ours, theirs in pairs)
    if broken < BROKEN_PASSES and worse < max(2, len(pairs) / 2):
        return False
    ours, theirs = (list(side) for side in zip(*pairs, strict=True))
    p = more_by_chance(sum(map(_lost, ours)), _asked(ours), sum(map(_lost, theirs)), _asked(theirs))
    return p < _CLEAR_P


def more_by_chance(ours: int, of_ours: int, theirs: int, of_theirs: int) -> float:
    """Return the chance that as many of all losses or more fall on our side if both sides lose alike.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution.
    """
    losses, total = ours + theirs, of_ours + of_theirs
    whole = _log_choose(total, losses)
    most = min(losses, of_ours)
    terms = (
        exp(_log_choose(of_ours, k) + _log_choose(of_theirs, losses - k) - whole)
        for k in range(ours, most + 1)
        if losses - k <= of_theirs
    )
    return min(1.0, sum(terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _lost(one: Pass) -> int:
    return one.requests - one.whole


def _asked(passes: Sequence[Pass]) -> int:
    return sum(one.requests for one in passes)


def _told(faulty: Sequence[Pass], of: Sequence[Pass]) -> str:
    faults: Counter[str] = Counter()
    for one in faulty:
        faults.update(one.faults)
    named = ", ".join(f"{count} {fault}" for fault, count in faults.most_common(3))
    return f"{sum(faults.values()):,} of {plural(_asked(of), 'answer')} ({named})"
