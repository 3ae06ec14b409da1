"""A parity workload's result in words: the headline, what was covered, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evals.formatting import nats, one_line, plural, quantity
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck
from evals.parity.judging.pairing import records_of
from evals.parity.judging.positions import group_of
from evals.parity.judging.spread_words import ratio_words
from evals.parity.records import Mode, Observation

_BEGINNINGS = {
    Verdict.FAIL: "parity fails",
    Verdict.INCOMPARABLE: "parity cannot be compared",
    Verdict.INCONCLUSIVE: "parity is not decided",
}


def headline_of(verdict: Verdict, checks: Sequence[ParityCheck]) -> str:
    """Return the sentence that sums the checks up."""
    if verdict is Verdict.PASS:
        return f"same model: {_error_words(checks[1])}; {checks[2].notes[0]}"
    concerned = [check for check in checks if check.verdict is verdict]
    first = concerned[0]
    reason = first.reasons[0] if first.reasons else "no reason was recorded"
    also = f"; also {', '.join(check.name for check in concerned[1:])}" if concerned[1:] else ""
    return f"{_BEGINNINGS.get(verdict, 'parity')}: {first.name}: {reason}{also}"


def coverage_of(candidate: Observation, checks: Sequence[ParityCheck]) -> tuple[str, ...]:
    """Return what was asked: prompts by kind, positions, lengths, and how much came from the prefix cache."""
    alone = records_of(candidate)
    if not alone:
        return ("no prompt was answered",)
    longest = max(len(record.prompt_ids) for record in alone.values())
    kinds = Counter(group_of(name) for name in alone)
    positions = next((check.n for check in checks if check.name == "prefill"), 0)
    return (
        f"{plural(len(alone), 'prompt')}, {plural(positions, 'position')}, the longest prompt has "
        f"{plural(longest, 'token')}",
        "kinds of prompts: " + ", ".join(f"{one_line(kind, 40)} {count:,}" for kind, count in kinds.items()),
        *_cache_words(candidate),
        *(f"{one_line(name, 40)}: {one_line(value, 80)}" for name, value in candidate.notes.items()),
    )


def cached_tokens(candidate: Observation) -> int | None:
    """Return how many tokens the candidate took from its prefix cache; None when it did not say."""
    told = [record.cached_tokens for record in records_of(candidate, Mode.CACHED).values()]
    known = [count for count in told if count is not None]
    return sum(known) if known else None


def left_out_of(sides: Mapping[str, Observation | None]) -> tuple[str, ...]:
    """Return which prompts were not asked of which side, with reasons."""
    words = []
    asked = {name: side for name, side in sides.items() if side is not None}
    for prompt in dict.fromkeys(prompt for side in asked.values() for prompt in side.left_out):
        of = [name for name, side in asked.items() if prompt in side.left_out]
        whom = "" if len(of) == len(asked) else f" (of {', '.join(of)} alone)"
        words.append(f"{one_line(prompt, 80)}: {one_line(asked[of[0]].left_out[prompt], 160)}{whom}")
    return tuple(words)


def _error_words(prefill: ParityCheck) -> str:
    where = f"over {plural(prefill.n, 'position')}"
    p99 = next((spread for spread in prefill.spreads if spread.name == "p99" and spread.group == "all"), None)
    if p99 is None or p99.ratio is None or p99.limit is None:
        largest = next(spread for spread in prefill.spreads if spread.name == "max" and spread.group == "all")
        most = "" if prefill.statistic == "max" else f", {nats(prefill.value)} at {prefill.statistic}"
        return f"at most {nats(largest.error)} apart {where}{most} (tolerance {nats(prefill.limit)})"
    return f"the error at p99 is {ratio_words(p99)} the noise floor {where}, limit {quantity(p99.limit)} ×"


def _cache_words(candidate: Observation) -> tuple[str, ...]:
    if not records_of(candidate, Mode.CACHED):
        return ()
    count = cached_tokens(candidate)
    if count is None:
        return ("the candidate does not say how much came from its prefix cache",)
    return (f"{plural(count, 'token')} came from the prefix cache",)
