"""Two servers side by side: their records of the same prompts, and what keeps them from being compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.formatting import one_line, plural
from evals.parity.judging.pairing import Lineup, line_up, records_of
from evals.parity.records import NO_ROOM, Observation

MOST_WITHOUT_ROOM = 4
"""So many prompts, the longest ones, may be too long for one side alone, and the others still pass."""


def without_room(observation: Observation) -> frozenset[str]:
    """Return the prompts that are too long for a server."""
    return frozenset(prompt for prompt, reason in observation.left_out.items() if reason.startswith(NO_ROOM))


def with_room(sides: Sequence[Observation]) -> tuple[tuple[Observation, ...], tuple[str, ...]]:
    """Return the sides without what is too long for one of them, and the prompts that others of them answered."""
    tight = frozenset[str]().union(*map(without_room, sides))
    answered = {record.prompt for side in sides for record in side.records}
    lost = tuple(sorted(tight & answered))
    if not lost:
        return tuple(sides), ()
    return tuple(_without(side, frozenset(lost)) for side in sides), lost


def _without(side: Observation, prompts: frozenset[str]) -> Observation:
    return replace(
        side,
        records=tuple(one for one in side.records if one.prompt not in prompts),
        tokenized=tuple(one for one in side.tokenized if one.prompt not in prompts),
    )


def room_words(lost: Sequence[str]) -> tuple[str, ...]:
    """Say which prompts were not compared because one side alone has room for them."""
    if not lost:
        return ()
    shown = ", ".join(one_line(prompt, 80) for prompt in lost[:MOST_WITHOUT_ROOM])
    return (f"not compared, because they are too long for one side alone: {plural(len(lost), 'prompt')} ({shown})",)


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
