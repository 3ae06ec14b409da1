"""Run a duel: warm both sides up, and measure them in turn until the looks have an answer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.duel.apart import Apart
from evals.duel.contenders import Address, Asked, Contender, DuelObserver, Outcome
from evals.duel.echo import assessed, echo_of
from evals.duel.facts import facts_of, notes_of
from evals.duel.forms import Form
from evals.duel.measuring import Slot
from evals.duel.order import order_of, processors_of
from evals.duel.results import BASELINE, CANDIDATE, Echo, Pass
from evals.duel.settings import ServingSettings, levels
from evals.duel.side import Side
from evals.duel.stopping import Standing, deciding, standing
from evals.duel.warming import cold, is_hopeless, is_warm
from evals.duel.words import at_level

_ECHO_LIMIT_S = 300.0


def run_duel(
    settings: ServingSettings,
    candidate: Contender,
    baseline: Contender,
    observer: DuelObserver,
    known: Sequence[Pass] = (),
    *,
    margin: float,
) -> Outcome:
    """Measure both sides in turn until every deciding ratio is decided, or the last look has been taken.

    known: the passes of an attempt that was broken off; its whole rounds count. margin: the workload's, which says
    what decided means. Raises EngineUnreachableError when an engine is gone, RequestRefusedError when one answers in
    no form, InternalError when the client's process ended, and what `observer.check` raises.
    """
    with Apart(observer.check) as apart:
        duel = _Duel(settings, candidate, baseline, observer, apart, known)
        echoes, unheard = _echoes(settings, apart, duel.tokenizer)
        while (now := standing(settings, duel.passes, margin)).lacking:
            duel.run_round(now)
    observer.on_progress(len(duel.passes), len(duel.passes))
    return Outcome(
        passes=tuple(duel.passes),
        echoes=tuple(assessed(echo, duel.passes) for echo in echoes),
        stopped=now.stopped,
        notes=(*notes_of(duel.sides, duel.cold), *unheard),
        facts=facts_of(settings, duel.form, duel.sides, duel.nonce),
        asked=Asked(
            nonce=duel.nonce,
            endpoint=duel.form.endpoint,
            force_lengths=duel.form.force_lengths,
            tokenizer=str(duel.tokenizer or ""),
        ),
    )


def _echoes(settings: ServingSettings, apart: Apart, tokenizer: Path | None) -> tuple[list[Echo], list[str]]:
    """Return each level's echo, and a note for each that took too long: then passes have only their own checks."""
    found, notes = [], []
    for level in levels(settings):
        try:
            found.append(apart.call(_ECHO_LIMIT_S, echo_of, settings, level, tokenizer))
        except TimeoutError:
            notes.append(
                f"there is no echo at {at_level(level)}: it took longer than {_ECHO_LIMIT_S:.0f} s; only the client's "
                "processor and lateness in each pass tell whether it was the limit"
            )
    return found, notes


class _Duel:
    """Hold what has been measured so far, and how both sides are asked."""

    def __init__(
        self,
        settings: ServingSettings,
        candidate: Contender,
        baseline: Contender,
        observer: DuelObserver,
        apart: Apart,
        known: Sequence[Pass],
    ) -> None:
        self.passes = list(known)
        self.form = Form()
        self.cold: list[str] = []
        self.tokenizer = candidate.tokenizer or baseline.tokenizer
        self.nonce = secrets.randbits(32)
        self.sides = {
            name: Side(name, contender, settings, observer, apart, self.nonce)
            for name, contender in ((CANDIDATE, candidate), (BASELINE, baseline))
        }
        self._launches = candidate.launches or baseline.launches
        self._settings = settings
        self._observer = observer
        self._is_warm = False
        self._not_warm: set[tuple[str, int]] = set()

    def run_round(self, now: Standing) -> None:
        """Run one more round at the levels that lack it; it counts only if both sides were asked in one form."""
        if not self._launches and not self._is_warm:
            self._warm_both()
        round = max((one.round + 1 for one in self.passes if one.round >= 0), default=0)
        form, where = self.form, processors_of(self._settings.seed, round)
        for side, visited, place in self._visits(round, now.lacking):
            with side.contender.measured(where) as address:
                self._agree(side, address)
                if self.form != form and place:
                    return  # the other side was asked in a form that this one does not take: the round is left undone
                form = self.form
                if self._launches:
                    self._warm(side, address, visited)
                for level in visited:
                    self._run(side, address, Slot(round=round, level=level, side=side.name, place=place))

    def _visits(self, round: int, lacking: Sequence[int]) -> Iterator[tuple[Side, Sequence[int], int]]:
        """Yield whom to visit, at which levels: launched once for all of them, else in turn at each one."""
        order = order_of(self._settings.seed, round)
        for group in [lacking] if self._launches else [[level] for level in lacking]:
            for place, name in enumerate(order):
                yield self.sides[name], group, place

    def _warm_both(self) -> None:
        where = processors_of(self._settings.seed, 0)
        for _ in range(2):  # what the second side does not take, the first is not asked either
            for side in self.sides.values():
                with side.contender.measured(where) as address:
                    self._agree(side, address)
        for level in levels(self._settings):
            for side in self.sides.values():
                with side.contender.measured(where) as address:
                    self._warm(side, address, [level])
        self._is_warm = True

    def _agree(self, side: Side, address: Address) -> None:
        """Bring the common form down to what this side takes."""
        if side.taken is None or side.taken.form != self.form:
            self.form = side.probe(address, self.form, self.tokenizer)

    def _warm(self, side: Side, address: Address, at: Sequence[int]) -> None:
        """Put passes to a side until two in a row agree; what is measured before they do does not count."""
        metrics = deciding(self._settings)
        for level in at:
            warmups: list[Pass] = []
            self._not_warm.discard((side.name, level))
            while not is_warm(warmups, metrics) and len(warmups) < self._settings.max_warmups:
                if is_hopeless(warmups):
                    break
                earlier = [one.round for one in self.passes if (one.side, one.level) == (side.name, level)]
                slot = Slot(round=min([0, *earlier]) - 1, level=level, side=side.name, place=0)
                warmups.append(self._run(side, address, slot))
            if not is_warm(warmups, metrics):
                self._not_warm.add((side.name, level))
                self.cold.append(f"the {side.name} at {at_level(level)}")

    def _run(self, side: Side, address: Address, slot: Slot) -> Pass:
        which = side.name, slot.level
        reasons = [cold(side.name)] if which in self._not_warm and slot.round >= 0 else []
        done = side.run(address, self.form, self.tokenizer, slot, reasons)
        self.passes.append(done)
        if reasons and not self._launches:  # a server that stays up gets warm by being measured
            of = [one for one in self.passes if (one.side, one.level) == which]
            self._not_warm -= {which} if is_warm(of, deciding(self._settings)) else set()
        self._observer.on_progress(len(self.passes), self._most())
        return done

    def _most(self) -> int:
        """Return how many passes there will be if every look is needed."""
        warmups = sum(one.round < 0 for one in self.passes)
        return max(len(self.passes), warmups + 2 * len(levels(self._settings)) * self._settings.max_rounds)
