"""Two servers side by side: their records of the same prompts, and what keeps them from being compared."""

from __future__ import annotations

from evals.formatting import one_line, plural
from evals.parity.judging.pairing import Lineup, line_up, records_of
from evals.parity.records import Observation


def against(ours: Observation, theirs: Observation, names: tuple[str, str]) -> Lineup:
    """Line up two servers' records asked alone, and say which prompts one lacks without a reason."""
    first, second = records_of(ours), records_of(theirs)
    lineup = line_up(first, second, names)
    reasons = list(other_facts(ours, theirs, names))
    for side, records, name in ((ours, first, names[0]), (theirs, second, names[1])):
        lost = list(dict.fromkeys(prompt for prompt in (*first, *second) if prompt not in records))
        if lost:
            why = f", {one_line(side.left_out[lost[0]], 160)}" if lost[0] in side.left_out else ""
            reasons.append(
                f"{name} has no record of {plural(len(lost), 'prompt')} (first: {one_line(lost[0], 80)}{why})"
            )
    return Lineup(pairs=lineup.pairs, reasons=(*reasons, *lineup.reasons))


def other_facts(ours: Observation, theirs: Observation, names: tuple[str, str]) -> tuple[str, ...]:
    """Say in which facts two servers differ that must be equal."""
    return tuple(
        f"the {key.replace('_', ' ')} differs: {one_line(ours.facts.get(key, 'not recorded'), 80)} for {names[0]}, "
        f"{one_line(theirs.facts.get(key, 'not recorded'), 80)} for {names[1]}"
        for key in sorted({*ours.facts, *theirs.facts})
        if ours.facts.get(key) != theirs.facts.get(key)
    )
