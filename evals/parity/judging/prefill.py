"""Judge the log-probabilities of two sides' prompts: the prefill itself, and the candidate against itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evals.formatting import one_line, percent, plural
from evals.outcome import Verdict
from evals.parity.findings import ALL, ParityCheck, Spread, WorstPosition
from evals.parity.judging.bootstrap import quantile
from evals.parity.judging.calibrated import against_floor
from evals.parity.judging.coverage import too_few
from evals.parity.judging.fixed import within
from evals.parity.judging.pairing import Bools, Lineup, Scores
from evals.parity.judging.positions import Positions, flat, scores_of
from evals.parity.judging.severity import worst_of
from evals.parity.judging.spread_words import misses, of_whom, telling
from evals.parity.judging.tolerance import LEAST_FLOOR, Tolerance
from evals.parity.judging.worst import worst_positions
from evals.parity.records import Record
from evals.parity.settings import ParitySettings

Spell = Callable[[Sequence[int]], str]
BROKEN_SHOWN = 5


def prefill_check(
    name: str,
    title: str,
    lineup: Lineup,
    floor: Mapping[str, Scores] | None,
    tolerance: Tolerance,
    settings: ParitySettings,
    spell: Spell,
) -> ParityCheck:
    """Return the judgement over all positions of a lineup, ours against theirs; floor: by prompt, if it was measured.

    A position without a finite number fails on our side, and makes the check incomparable on the other. Too few
    positions are no pass.
    """
    found, lacking = flat(scores_of(lineup, settings.compared_k), floor)
    ours, theirs = _unsound(found)
    sound = found.only(~ours & ~theirs)
    spreads = _spreads(sound, tolerance, settings.seed) if len(sound) else ()
    lacking = (*lacking, *too_few(name, prompts=sound.asked(), positions=len(sound)))
    reasons = (*_broken(found, ours), *misses(spreads), *_unusable(found, theirs), *lineup.reasons, *lacking)
    records = {pair.ours.prompt: pair.ours for pair in lineup.pairs}
    return _with_number(
        ParityCheck(
            name=name,
            title=title,
            verdict=_verdict(spreads, bool(ours.any()), bool(theirs.any() or lineup.reasons), bool(lacking)),
            value=None,
            unit="nats",
            n=len(sound),
            spreads=(*spreads, *_divergences(sound)),
            worst=(*_broken_positions(found, ours, records, spell), *worst_positions(sound, records, spell)),
            reasons=reasons,
            notes=_notes(sound),
        )
    )


def _unsound(positions: Positions) -> tuple[Bools, Bools]:
    """Return where our side, and where what it is held against, gives no finite number, of shape (n,) each."""
    theirs = ~np.isfinite(positions.theirs)
    for floor in (positions.floor, positions.kl_floor):
        theirs |= False if floor is None else ~np.isfinite(floor)
    return (~np.isfinite(positions.ours) | ~np.isfinite(positions.kl)) & ~theirs, theirs


def _spreads(positions: Positions, tolerance: Tolerance, seed: int) -> tuple[Spread, ...]:
    if tolerance.factor is None:
        return within(positions, tolerance.fixed)
    return against_floor(positions, tolerance.factor, seed)


def _verdict(spreads: Sequence[Spread], broken: bool, incomparable: bool, lacking: bool) -> Verdict:
    verdicts = [spread.verdict for spread in spreads if spread.verdict is not None]
    if lacking:
        verdicts.append(Verdict.INCONCLUSIVE)
    if broken:
        verdicts.append(Verdict.FAIL)
    if incomparable:
        verdicts.append(Verdict.INCOMPARABLE)
    return worst_of(verdicts)


def _with_number(check: ParityCheck) -> ParityCheck:
    """Add the statistic that tells most about the verdict."""
    spread = telling(check.spreads)
    if spread is None:
        return check
    scale = 1.0 if spread.floor is None else max(spread.floor, LEAST_FLOOR)
    return replace(
        check,
        value=spread.error,
        floor=spread.floor,
        limit=None if spread.limit is None else spread.limit * scale,
        statistic=f"{spread.name}{of_whom(spread)}",
    )


def _divergences(positions: Positions) -> tuple[Spread, ...]:
    """Return the spreads of the Kullback-Leibler divergence, which are shown and decide nothing."""
    if not len(positions):
        return ()
    return tuple(
        Spread(
            name=f"KL {name}",
            group=ALL,
            error=quantile(positions.kl, share),
            floor=None if positions.kl_floor is None else quantile(positions.kl_floor, share),
            n=len(positions),
            prompts=positions.asked(),
        )
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    )


def _notes(positions: Positions) -> tuple[str, ...]:
    if not len(positions):
        return ()
    floor = positions.agrees_floor
    beside = "" if floor is None else f" (noise floor: {percent(float(floor.mean()))})"
    notes = [f"both put the same token first at {percent(float(positions.agrees.mean()))} of the positions{beside}"]
    if positions.bounded:
        notes.append(
            f"{plural(positions.bounded, 'token')} of the KL divergence were beyond what a side recorded and took its "
            "least probability, an upper bound"
        )
    return tuple(notes)


def _broken(positions: Positions, broken: Bools) -> tuple[str, ...]:
    places = np.flatnonzero(broken)
    if not len(places):
        return ()
    named = ", ".join(_place(positions, place) for place in places[:3])
    return (f"the candidate gives no finite number at {plural(len(places), 'position')} (first: {named})",)


def _unusable(positions: Positions, broken: Bools) -> tuple[str, ...]:
    places = np.flatnonzero(broken)
    if not len(places):
        return ()
    named = _place(positions, places[0])
    return (f"what it is held against gives no finite number at {plural(len(places), 'position')} (first: {named})",)


def _place(positions: Positions, place: int) -> str:
    name = positions.prompts[int(positions.owner[place])]
    return f"position {int(positions.position[place]):,} of {one_line(name, 80)}"


def _broken_positions(
    positions: Positions, broken: Bools, records: Mapping[str, Record], spell: Spell
) -> tuple[WorstPosition, ...]:
    first = np.flatnonzero(broken)[:BROKEN_SHOWN]
    chosen = np.zeros(len(positions), dtype=bool)
    chosen[first] = True
    return worst_positions(positions.only(chosen), records, spell)
