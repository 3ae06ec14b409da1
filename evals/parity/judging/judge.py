"""Judge whether two servers serve the same model, out of what was heard from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evals.formatting import plural
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.asked import alone_in_its_batch, no_chunks, not_asked, not_compared, opened
from evals.parity.judging.checks import decode_check, self_check, tokens_check, without, without_flush
from evals.parity.judging.dtypes import incomparable, no_reference, other_dtypes, silent_dtypes
from evals.parity.judging.greedy import greedy_lineups
from evals.parity.judging.near import fixed_near_ties, near_ties
from evals.parity.judging.pairing import Lineup, Scores, line_up, records_of
from evals.parity.judging.positions import scores_of
from evals.parity.judging.prefill import Spell, prefill_check
from evals.parity.judging.severity import worst_of
from evals.parity.judging.sides import against, other_facts, room_words, with_room, without_room
from evals.parity.judging.summary import coverage_of, headline_of, left_out_of
from evals.parity.judging.tolerance import tolerance_of
from evals.parity.records import CACHED_FROM, CHUNK, KEEPS_NO_CACHE, PREFIX_CACHE, Mode, Observation, Record
from evals.parity.settings import ParitySettings

CANDIDATE, BASELINE, REFERENCE, CHUNKED = "the candidate", "the baseline", "the reference", "the chunked one"


def ids_in_words(ids: Sequence[int]) -> str:
    """Return token ids for a reader who has no tokenizer."""
    return " ".join(f"<{token}>" for token in ids)


def judge_parity(
    workload: str,
    settings: ParitySettings,
    *,
    candidate: Observation,
    baseline: Observation,
    reference: Observation | None,
    chunked: Observation | None,
    dtype: str,
    notes: Sequence[str] = (),
    spell: Spell = ids_in_words,
    chunk_notes: Sequence[str] | None = (),
) -> ParityResult:
    """Return what a parity workload found.

    dtype: the served one; sides that say they served in different ones are incomparable. With a reference (the
    baseline's engine in float32) errors are the candidate's against it, and the baseline's are the noise floor;
    without, the candidate is held against the baseline under a fixed tolerance. chunked: the candidate with small
    prefill chunks. notes: why there is no reference. spell: texts of token ids. chunk_notes: why there is no chunked
    one, which is inconclusive; None where there was to be none.
    """
    differing = other_dtypes(candidate, baseline, (CANDIDATE, BASELINE))
    if differing:
        return incomparable(workload, differing)
    if reference is not None and (unfit := no_reference(reference)):
        reference, notes = None, (*notes, *(f"{REFERENCE} cannot be used: {reason}" for reason in unfit))
    heard = {CANDIDATE: candidate, BASELINE: baseline, REFERENCE: reference, CHUNKED: chunked}
    (candidate, baseline, *others), lost = with_room([candidate, baseline, *([reference] if reference else [])])
    reference = others[0] if others else None
    judge = _Judge(settings, candidate, baseline, reference, dtype, notes, spell, lost)
    checks = [judge.tokens(), judge.prefill(), judge.decode(), judge.output()]
    if settings.self_checks:
        checks.append(judge.batch())
    if settings.self_checks and candidate.notes.get(PREFIX_CACHE) != KEEPS_NO_CACHE:
        checks.append(judge.cache())
    if settings.self_checks and chunk_notes is not None:
        checks.append(judge.chunk(chunked, chunk_notes))
    verdict = worst_of(check.verdict for check in checks)
    return ParityResult(
        workload=workload,
        verdict=verdict,
        headline=headline_of(verdict, checks),
        calibration=judge.tolerance.words,
        checks=tuple(checks),
        coverage=(
            *coverage_of(candidate, checks),
            *room_words(lost),
            *not_compared(settings, checks),
            *silent_dtypes(candidate, baseline),
        ),
        left_out=left_out_of(heard),
    )


class _Judge:
    """Hold what all checks of one workload share."""

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

    def tokens(self) -> ParityCheck:
        return tokens_check(self.candidate, self.baseline, self.spell)

    def prefill(self) -> ParityCheck:
        title = f"Prefill log-probabilities against {self.name}"
        beside = () if self.floor_lineup is None else self.floor_lineup.reasons
        lineup = replace(self.lineup, reasons=(*self.lineup.reasons, *beside))
        found = prefill_check("prefill", title, lineup, self.floor, self.tolerance, self.settings, self.spell)
        sides = (
            (self.candidate, self.truth) if self.floor_lineup is None else (self.candidate, self.truth, self.baseline)
        )
        return opened(found, not_asked(self.settings, sides, self.lost))

    def decode(self) -> ParityCheck:
        return decode_check(self.lineup, self.floor_lineup, self.near, self.name, self.spell)

    def output(self) -> ParityCheck:
        ours, floor = greedy_lineups(self.lineup, self.floor_lineup)
        title = f"Log-probabilities of greedy tokens against {self.name}"
        if not ours.pairs:
            return without("output", title, ("no greedy token was the same on both sides",))
        beside = None if floor is None else scores_of(floor, self.settings.compared_k)
        return prefill_check("output", title, ours, beside, self.tolerance, self.settings, self.spell)

    def batch(self) -> ParityCheck:
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
