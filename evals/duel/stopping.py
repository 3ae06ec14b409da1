"""When a duel has seen enough: looks at fixed numbers of rounds, and nothing in between.

Whoever looks at an interval again and again until it says something is wrong more often than the interval admits.
Here the looks are fixed before the first round, and the error of 5 % is shared out over them (Bonferroni's inequality),
so that the chance that any look's interval of one ratio is wrong is at most 5 %, wherever the duel stops. That holds
for each ratio by itself. A duel fails by a single one: with several levels or figures, the chance of a wrong fail is at
most the sum of theirs. It passes only when all pass: a wrong pass is no likelier than that of the ratio that is bad.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

from evals.duel.ratios import estimate, logs_of, verdict_of
from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.settings import ServingSettings, levels, unseen_spread
from evals.duel.spoiling import GONE, THE_CLIENT
from evals.duel.words import listed
from evals.metrics import SERVING_METRICS, Metric
from evals.outcome import Verdict
from evals.statistics.interval import CONFIDENCE

_STEP, _MOST_LOOKS = 1.6, 4
_FAULTY = 0.5
_FEW_SPOILED = 3

BROKEN_PASSES = 2
"""How many passes must lose more than half before that is the server's way and no accident."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Say how far a duel is.

    lacking: the levels that need a further round before the next look; empty when it is over. stopped: why, in words.
    look: of the last look, how many rounds it took; 0 before the first one. given_up: levels of which too many rounds
    do not count.
    """

    lacking: tuple[int, ...]
    look: int
    given_up: tuple[int, ...] = ()
    stopped: str = ""


def deciding(settings: ServingSettings) -> tuple[Metric, ...]:
    """Return what decides: TTFT and output throughput; with a rate, throughput is what was offered, and E2E decides."""
    return tuple(
        SERVING_METRICS[name] for name in ("ttft_p50", "output_tokens_per_s" if settings.rate is None else "e2e_p50")
    )


def looks(settings: ServingSettings) -> tuple[int, ...]:
    """Return at how many rounds the ratios are looked at: from min_rounds to max_rounds, each half as many again.

    They are even where the bounds allow it, so that blocks of two rounds are whole.
    """
    least, most = settings.min_rounds, settings.max_rounds
    steps = min(_MOST_LOOKS - 1, ceil(log(most / least) / log(_STEP) - 0.05))
    found = {least, most}
    for step in range(1, steps):
        found.add(2 * round(least * (most / least) ** (step / steps) / 2))
    return tuple(sorted(one for one in found if least <= one <= most))


def confidence(settings: ServingSettings) -> float:
    """Return the confidence of each look's intervals, at which all of them hold together with 95 %."""
    return 1 - (1 - CONFIDENCE) / len(looks(settings))


def is_given_up(passes: Sequence[Pass], level: int) -> bool:
    """Tell whether so many rounds of a level do not count that no more are run.

    Three are allowed, and one more for every two that count: given up, more than a third of all do not.
    """
    counted = len(counting(passes, level))
    spoiled = len(pairs_of(passes, level)) - counted
    return spoiled > _FEW_SPOILED + counted / 2


def pairs_of(passes: Sequence[Pass], level: int) -> list[tuple[Pass, Pass]]:
    """Return candidate's and baseline's passes of each measured round that both sides have, in order of rounds."""
    found = {(one.round, one.side): one for one in passes if one.level == level and one.round >= 0}
    rounds = sorted({round for round, _ in found})
    whole = [round for round in rounds if (round, CANDIDATE) in found and (round, BASELINE) in found]
    return [(found[round, CANDIDATE], found[round, BASELINE]) for round in whole]


def counting(passes: Sequence[Pass], level: int) -> list[tuple[Pass, Pass]]:
    """Return those of `pairs_of` of which neither pass was spoiled or broken: what is left of one says nothing."""
    return [pair for pair in pairs_of(passes, level) if not any(one.spoiled or lost(one) for one in pair)]


def standing(settings: ServingSettings, passes: Sequence[Pass], margin: float) -> Standing:
    """Return how far a duel is, out of nothing but its passes, so that one that was broken off goes on alike."""
    counts = {level: counting(passes, level) for level in levels(settings)}
    given_up = tuple(level for level in counts if is_given_up(passes, level))
    running = [level for level in counts if level not in given_up]
    if not running:
        return Standing(lacking=(), look=0, given_up=given_up, stopped="too many rounds do not count")
    last = 0
    for look in looks(settings):
        lacking = tuple(level for level in running if len(counts[level]) < look)
        if lacking:
            broken = _breakdown(passes)
            return Standing(lacking=() if broken else lacking, look=last, given_up=given_up, stopped=broken)
        last = look
        stopped = _found(settings, [counts[level][:look] for level in running], look, margin)
        if stopped:
            return Standing(lacking=(), look=look, given_up=given_up, stopped=stopped)
    stopped = f"the last look, after {last} rounds"
    return Standing(lacking=(), look=last, given_up=given_up, stopped=stopped)


def _found(settings: ServingSettings, groups: list[list[tuple[Pass, Pass]]], look: int, margin: float) -> str:
    """Say why a look is the last one; nothing when a further one may still decide something."""
    verdicts: Counter[Verdict | None] = Counter()
    for pairs in groups:
        for metric in deciding(settings):
            ours, theirs = ([one.values.get(metric.name) for one in side] for side in zip(*pairs, strict=True))
            logs = logs_of(ours, theirs)
            interval = estimate(logs, confidence(settings), unseen=unseen_spread(settings)).interval if logs else None
            verdicts[verdict_of(metric, interval, margin) if logs else None] += 1
    if verdicts[Verdict.INCONCLUSIVE]:
        return ""
    if verdicts[None]:
        return f"after {look} rounds all was decided but what the servers do not tell"
    return f"all deciding ratios were decided at the look after {look} rounds"


def _breakdown(passes: Sequence[Pass]) -> str:
    """Say which side lost more than half of two measured passes at one level; a single one is run again."""
    for level in sorted({one.level for one in passes}):
        pairs = pairs_of(passes, level)
        for place, side in enumerate((CANDIDATE, BASELINE)):
            rounds = [pair[place].round + 1 for pair in pairs if lost(pair[place])]
            if len(rounds) >= BROKEN_PASSES:
                return f"the {side} lost more than half of the answers of rounds {listed(rounds)}"
    return ""


def lost(one: Pass) -> bool:
    """Tell whether a server that was there gave more than half of a pass's requests no whole answer."""
    return one.whole < _FAULTY * one.requests and GONE not in one.spoiled and not client_spoiled(one)


def client_spoiled(one: Pass) -> bool:
    """Tell whether a pass's client was its limit, so that its faults may be the client's."""
    return any(reason.startswith(THE_CLIENT) for reason in one.spoiled)
