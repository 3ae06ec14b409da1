"""The checks beside the prefill: tokens, greedy decode, and the candidate against itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evals.formatting import nats, one_line, plural
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck
from evals.parity.judging.divergence import Decodes, decodes
from evals.parity.judging.pairing import Lineup, Scores
from evals.parity.judging.prefill import Spell, prefill_check
from evals.parity.judging.severity import worst_of
from evals.parity.judging.token_differences import tokenizations
from evals.parity.judging.tolerance import Near, Tolerance
from evals.parity.records import FLUSH, Observation
from evals.parity.settings import ParitySettings


def tokens_check(candidate: Observation, baseline: Observation, spell: Spell) -> ParityCheck:
    """Judge whether both servers turn the same texts and messages into the same token ids."""
    found = tokenizations(candidate, baseline, spell)
    reasons = [
        f"{one_line(one.prompt, 80)} as {one.form}: {one.candidate_count:,} tokens from the candidate, "
        f"{one.reference_count:,} from the baseline"
        for one in found.differences[:3]
    ]
    verdicts = [Verdict.FAIL] if found.differences else [Verdict.PASS] if found.compared else []
    if found.unknown:
        verdicts.append(Verdict.INCONCLUSIVE)
        reasons.append(
            f"a side could not say what it makes of {plural(len(found.unknown), 'text')} "
            f"(first: {one_line(found.unknown[0], 80)})"
        )
    if not verdicts:
        reasons.append("no server said how it turns texts into tokens")
    return ParityCheck(
        name="tokens",
        title="Tokenizer and chat template",
        verdict=worst_of(verdicts),
        value=1 - len(found.differences) / found.compared if found.compared else None,
        unit="share",
        n=found.compared,
        limit=1.0,
        what="text",
        token_differences=found.differences,
        reasons=tuple(reasons),
    )


def decode_check(lineup: Lineup, floor: Lineup | None, near: Near, name: str, spell: Spell) -> ParityCheck:
    """Judge greedy tokens against those of `name`; floor: the baseline's own pairs with the reference."""
    found = decodes(lineup, near, spell)
    beside = decodes(floor, near, spell) if floor is not None else None
    verdict = worst_of([*_verdicts(found), *([Verdict.INCOMPARABLE] if lineup.reasons else [])])
    return ParityCheck(
        name="decode",
        title=f"Greedy tokens against {name}",
        verdict=verdict,
        value=_equal(found),
        unit="share",
        n=found.prompts,
        floor=_equal(beside) if beside is not None else None,
        what="prompt",
        divergences=found.divergences,
        reasons=(*decode_reasons(found), *lineup.reasons) if verdict is not Verdict.PASS else (),
        notes=(*_decode_notes(found), *(_floor_notes(beside) if beside is not None else ())),
    )


def self_check(
    name: str,
    title: str,
    lineup: Lineup,
    floor: Mapping[str, Scores] | None,
    tolerance: Tolerance,
    near: Near,
    settings: ParitySettings,
    spell: Spell,
    missing: Sequence[str] = (),
) -> ParityCheck:
    """Judge the candidate under other circumstances against itself alone: log-probabilities and greedy tokens.

    missing: prompts that should have been answered this way too, without which nothing is passed.
    """
    if not lineup.pairs and not lineup.reasons:
        return without(name, title, ("no prompt was asked this way",))
    prefill = prefill_check(name, title, lineup, floor, tolerance, settings, spell)
    found = decodes(lineup, near, spell)
    return replace(
        prefill,
        verdict=worst_of([prefill.verdict, *_verdicts(found), *([Verdict.INCONCLUSIVE] if missing else [])]),
        divergences=found.divergences,
        reasons=(*prefill.reasons, *decode_reasons(found), *_missing_reasons(missing)),
        notes=(*prefill.notes, *_decode_notes(found)),
    )


def without_flush(check: ParityCheck, candidate: Observation) -> ParityCheck:
    """Return the check of the prefix cache, open where the cache was not emptied: then cold prompts were not cold."""
    why = candidate.notes.get(FLUSH)
    if why is None:
        return check
    reason = (
        f"the prefix cache could not be emptied, so that no prompt is known to have been cold ({one_line(why, 80)})"
    )
    return replace(check, verdict=worst_of([check.verdict, Verdict.INCONCLUSIVE]), reasons=(*check.reasons, reason))


def _missing_reasons(missing: Sequence[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    return (f"{plural(len(missing), 'prompt')} got no answer this way (first: {one_line(missing[0], 80)})",)


def without(name: str, title: str, reasons: Sequence[str]) -> ParityCheck:
    """Return a check for which the data are missing."""
    return ParityCheck(
        name=name,
        title=title,
        verdict=Verdict.INCONCLUSIVE,
        value=None,
        unit="nats",
        n=0,
        reasons=tuple(one_line(reason, 300) for reason in reasons),
    )


def decode_reasons(found: Decodes) -> tuple[str, ...]:
    """Return what is wrong with greedy tokens, in words."""
    reasons = []
    if found.broken:
        reasons.append(
            f"the candidate gives no finite number for greedy tokens of {plural(len(found.broken), 'prompt')} "
            f"(first: {one_line(found.broken[0], 80)})"
        )
    if found.far:
        far = max(found.far, key=lambda one: one.margin)
        reasons.append(
            f"greedy tokens part in {plural(len(found.far), 'prompt')} where it is no near tie (farthest: token "
            f"{far.position:,} of {one_line(far.prompt, 80)}, {'at least ' if far.at_least else ''}"
            f"{nats(far.margin)} apart; up to {nats(2 * far.allowed)} is a near tie)"
        )
    if found.open:
        reasons.append(
            f"greedy tokens part in {plural(len(found.open), 'prompt')} where it may be a near tie or not "
            f"(first: {one_line(found.open[0].prompt, 80)})"
        )
    return tuple(reasons)


def _verdicts(found: Decodes) -> list[Verdict]:
    verdicts = [Verdict.FAIL] if found.far or found.broken else []
    verdicts += [Verdict.INCONCLUSIVE] if found.open else []
    return verdicts or ([Verdict.PASS] if found.prompts else [])


def _equal(found: Decodes) -> float | None:
    return 1 - len(found.divergences) / found.prompts if found.prompts else None


def _decode_notes(found: Decodes) -> tuple[str, ...]:
    if not found.prompts:
        return ("no greedy tokens were compared",)
    near = sum(one.benign for one in found.divergences)
    equal = found.prompts - len(found.divergences)
    words = f"greedy tokens are equal in {equal:,} of {plural(found.prompts, 'prompt')} ({found.tokens:,} tokens)"
    return (f"{words}; {near:,} part at near ties, which is benign" if near else words,)


def _floor_notes(floor: Decodes) -> tuple[str, ...]:
    parted = len(floor.divergences)
    return (f"the baseline itself parts from the reference in {parted:,} of {plural(floor.prompts, 'prompt')}",)
