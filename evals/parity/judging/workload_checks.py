"""All checks of one parity workload, out of what its servers said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evals.formatting import plural
from evals.parity.findings import ParityCheck
from evals.parity.judging.asked import alone_in_its_batch, no_chunks, not_asked, opened
from evals.parity.judging.checks import decode_check, self_check, tokens_check, without, without_flush
from evals.parity.judging.dtypes import other_dtypes
from evals.parity.judging.greedy import greedy_lineups
from evals.parity.judging.near import fixed_near_ties, near_ties
from evals.parity.judging.pairing import Lineup, Scores, line_up, records_of
from evals.parity.judging.positions import scores_of
from evals.parity.judging.prefill import Spell, prefill_check
from evals.parity.judging.sides import against, other_facts, without_room
from evals.parity.judging.tolerance import tolerance_of
from evals.parity.records import CACHED_FROM, CHUNK, KEEPS_NO_CACHE, PREFIX_CACHE, Mode, Observation, Record
from evals.parity.settings import ParitySettings

CANDIDATE, BASELINE, REFERENCE, CHUNKED = "the candidate", "the baseline", "the reference", "the chunked one"


class WorkloadChecks:
    """Make the checks of one workload; hold what they share."""

    def __init__(
        self,
        settings: ParitySettings,
        candidate: Observation,
        baseline: Observation,
        reference: Observation | None,
        dtype: str,
        notes: Sequence[str],
        spell: Spell,
        lost: Sequence[str],
    ) -> None:
        self.settings, self.spell, self.lost = settings, spell, lost
        self.candidate, self.baseline = candidate, baseline
        self.truth, self.name = (baseline, BASELINE) if reference is None else (reference, REFERENCE)
        self.alone = records_of(candidate)
        self.lineup = against(candidate, self.truth, (CANDIDATE, self.name))
        self.floor_lineup = None if reference is None else against(baseline, reference, (BASELINE, REFERENCE))
        self.floor: Mapping[str, Scores] | None = None
        if self.floor_lineup is not None:
            self.floor = scores_of(self.floor_lineup, settings.compared_k)
        self.tolerance = tolerance_of(settings, dtype, calibrated=reference is not None, notes=notes)
        if self.floor_lineup is not None:
            self.near = near_ties(self.tolerance, self.floor_lineup, self.floor)
        else:
            self.near = fixed_near_ties(self.tolerance.fixed, dtype, self.lineup, settings)

    def checks(self, chunked: Observation | None, chunk_notes: Sequence[str] | None) -> list[ParityCheck]:
        """Return all checks that are to be made; see `judge_parity` for the arguments."""
        checks = [self.tokens(), self.prefill(), self.decode(), self.output()]
        if not self.settings.self_checks:
            return checks
        checks.append(self.batch())
        if self.candidate.notes.get(PREFIX_CACHE) != KEEPS_NO_CACHE:
            checks.append(self.cache())
        if chunk_notes is not None:
            checks.append(self.chunk(chunked, chunk_notes))
        return checks

    def tokens(self) -> ParityCheck:
        """Hold the token ids that both servers made of the same texts against each other."""
        return tokens_check(self.candidate, self.baseline, self.spell)

    def prefill(self) -> ParityCheck:
        """Judge the prompts' log-probabilities."""
        title = f"Prefill log-probabilities against {self.name}"
        beside = () if self.floor_lineup is None else self.floor_lineup.reasons
        lineup = replace(self.lineup, reasons=(*self.lineup.reasons, *beside))
        found = prefill_check("prefill", title, lineup, self.floor, self.tolerance, self.settings, self.spell)
        sides = (
            (self.candidate, self.truth) if self.floor_lineup is None else (self.candidate, self.truth, self.baseline)
        )
        return opened(found, not_asked(self.settings, sides, self.lost))

    def decode(self) -> ParityCheck:
        """Judge the greedy tokens."""
        return decode_check(self.lineup, self.floor_lineup, self.near, self.name, self.spell)

    def output(self) -> ParityCheck:
        """Judge the log-probabilities of greedy tokens that are the same on both sides."""
        ours, floor = greedy_lineups(self.lineup, self.floor_lineup)
        title = f"Log-probabilities of greedy tokens against {self.name}"
        if not ours.pairs:
            return without("output", title, ("no greedy token was the same on both sides",))
        beside = None if floor is None else scores_of(floor, self.settings.compared_k)
        return prefill_check("output", title, ours, beside, self.tolerance, self.settings, self.spell)

    def batch(self) -> ParityCheck:
        """Compare what was asked many at once with what was asked alone."""
        records = records_of(self.candidate, Mode.TOGETHER)
        found = self._self("batch", "Batch of many against batch of one", records, 0)
        return opened(found, alone_in_its_batch(self.candidate))

    def cache(self) -> ParityCheck:
        """Compare what came from the cache at least in part; prompts of which nothing did were asked cold again."""
        title = "Prefix cache against cold"
        records = records_of(self.candidate, Mode.CACHED)
        cold = [prompt for prompt, record in records.items() if not record.cached_tokens]
        if len(cold) == len(records):
            silent = any(records[prompt].cached_tokens is None for prompt in cold)
            why = "does not say how much came from its prefix cache" if silent else "took nothing from a prefix cache"
            return without_flush(without("cache", title, (f"the candidate {why}",)), self.candidate)
        found = self._self("cache", title, records, CACHED_FROM, leave=cold)
        if cold:
            left = f"nothing came from the cache of {plural(len(cold), 'prompt')}, which is not compared here"
            found = replace(found, notes=(*found.notes, left))
        return without_flush(found, self.candidate)

    def chunk(self, chunked: Observation | None, notes: Sequence[str]) -> ParityCheck:
        """Compare prefill in small chunks with the whole; notes: why there is none."""
        size = self.settings.chunk_tokens if chunked is None else chunked.limits.get(CHUNK, 0)
        title = f"Prefill in chunks{f' of {size:,} tokens' if size > 0 else ''} against whole"
        if chunked is None:
            return without("chunk", title, notes or ("it was not measured",))
        whole = no_chunks(chunked, self.candidate)
        if whole:
            return without("chunk", title, whole)
        names = (CHUNKED, CANDIDATE)
        reasons = (*other_facts(chunked, self.candidate, names), *other_dtypes(chunked, self.candidate, names))
        leave = tuple(without_room(chunked))
        return self._self("chunk", title, records_of(chunked), size + 1, reasons, leave=leave)

    def _self(
        self,
        name: str,
        title: str,
        ours: Mapping[str, Record],
        least: int,
        reasons: tuple[str, ...] = (),
        *,
        leave: Sequence[str] = (),
    ) -> ParityCheck:
        """Judge records of the candidate's prompts of at least so many tokens against those it was asked alone.

        leave: prompts that are not to be compared.
        """
        left = frozenset(leave)
        alone = {
            prompt: one for prompt, one in self.alone.items() if len(one.prompt_ids) >= least and prompt not in left
        }
        lineup = line_up(
            {prompt: ours[prompt] for prompt in alone if prompt in ours}, alone, ("this way", "alone"), partly=True
        )
        lineup = Lineup(pairs=lineup.pairs, reasons=(*reasons, *lineup.reasons))
        missing = [prompt for prompt in alone if prompt not in ours]
        return self_check(
            name, title, lineup, self.floor, self.tolerance, self.near, self.settings, self.spell, missing
        )
