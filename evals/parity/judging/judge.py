"""Judge whether two servers serve the same model, out of what was heard from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.bootstrap import quantile
from evals.parity.judging.checks import decode_check, self_check, tokens_check, without, without_flush
from evals.parity.judging.divergence import margin_noise
from evals.parity.judging.dtypes import incomparable, other_dtypes, silent_dtypes
from evals.parity.judging.fixed import SHAPE
from evals.parity.judging.greedy import greedy_lineups
from evals.parity.judging.pairing import Lineup, Scores, line_up, records_of
from evals.parity.judging.positions import scores_of
from evals.parity.judging.prefill import Spell, prefill_check
from evals.parity.judging.severity import worst_of
from evals.parity.judging.sides import against, other_facts
from evals.parity.judging.summary import cached_tokens, coverage_of, headline_of, left_out_of
from evals.parity.judging.tolerance import LEAST_FLOOR, Near, Tolerance, tolerance_of
from evals.parity.records import CACHED_FROM, Mode, Observation, Record
from evals.parity.settings import ParitySettings

LEAST_MARGINS = 100
"""Fewer greedy tokens say too little about how far margins are off."""

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
    judge = _Judge(settings, candidate, baseline, reference, dtype, notes, spell)
    checks = [judge.tokens(), judge.prefill(), judge.decode(), judge.output()]
    if settings.self_checks:
        checks.append(judge.batch())
    if settings.self_checks and cached_tokens(candidate) != 0:
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
        coverage=(*coverage_of(candidate, checks), *_not_asked(settings, checks), *silent_dtypes(candidate, baseline)),
        left_out=left_out_of({CANDIDATE: candidate, BASELINE: baseline, REFERENCE: reference, CHUNKED: chunked}),
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
    ) -> None:
        self.settings, self.spell = settings, spell
        self.candidate, self.baseline = candidate, baseline
        self.truth, self.name = (baseline, BASELINE) if reference is None else (reference, REFERENCE)
        self.alone = records_of(candidate)
        self.lineup = against(candidate, self.truth, (CANDIDATE, self.name))
        self.floor_lineup = None if reference is None else against(baseline, reference, (BASELINE, REFERENCE))
        self.floor: Mapping[str, Scores] | None = None
        if self.floor_lineup is not None:
            self.floor = scores_of(self.floor_lineup, settings.compared_k)
        self.tolerance = tolerance_of(settings, dtype, calibrated=reference is not None, notes=notes)
        self.near = _near(self.tolerance, self.floor_lineup, self.floor)

    def tokens(self) -> ParityCheck:
        return tokens_check(self.candidate, self.baseline, self.spell)

    def prefill(self) -> ParityCheck:
        title = f"Prefill log-probabilities against {self.name}"
        beside = () if self.floor_lineup is None else self.floor_lineup.reasons
        lineup = replace(self.lineup, reasons=(*self.lineup.reasons, *beside))
        return prefill_check("prefill", title, lineup, self.floor, self.tolerance, self.settings, self.spell)

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
        return self._self("batch", "Batch of many against batch of one", records, 0)

    def cache(self) -> ParityCheck:
        records = records_of(self.candidate, Mode.CACHED)
        return without_flush(self._self("cache", "Prefix cache against cold", records, CACHED_FROM), self.candidate)

    def chunk(self, chunked: Observation | None, notes: Sequence[str]) -> ParityCheck:
        title = f"Prefill in chunks of {self.settings.chunk_tokens:,} tokens against whole"
        if chunked is None:
            return without("chunk", title, notes or ("it was not measured",))
        names = (CHUNKED, CANDIDATE)
        reasons = (*other_facts(chunked, self.candidate, names), *other_dtypes(chunked, self.candidate, names))
        return self._self("chunk", title, records_of(chunked), self.settings.chunk_tokens + 1, reasons)

    def _self(
        self, name: str, title: str, ours: Mapping[str, Record], least: int, reasons: tuple[str, ...] = ()
    ) -> ParityCheck:
        """Judge records of the candidate's prompts of at least so many tokens against those it was asked alone."""
        alone = {prompt: one for prompt, one in self.alone.items() if len(one.prompt_ids) >= least}
        lineup = line_up(
            {prompt: ours[prompt] for prompt in alone if prompt in ours}, alone, ("this way", "alone"), partly=True
        )
        lineup = Lineup(pairs=lineup.pairs, reasons=(*reasons, *lineup.reasons))
        missing = [prompt for prompt in alone if prompt not in ours]
        return self_check(
            name, title, lineup, self.floor, self.tolerance, self.near, self.settings, self.spell, missing
        )


def _not_asked(settings: ParitySettings, checks: Sequence[ParityCheck]) -> tuple[str, ...]:
    if not settings.self_checks:
        return ("the candidate was not compared with itself: the workload does not ask for it",)
    names = {check.name for check in checks}
    words = []
    if "cache" not in names:
        words.append("the candidate took nothing from a prefix cache: cached and cold were not compared")
    if "chunk" not in names:
        words.append("prefill in chunks was not compared: no server with small chunks was measured")
    return tuple(words)


def _near(tolerance: Tolerance, floor: Lineup | None, scores: Mapping[str, Scores] | None) -> Near:
    """Return when greedy tokens part at a near tie.

    With a floor: by how far the baseline's margins are off at p99, or its log-probabilities where there are too few.
    """
    if tolerance.factor is None or floor is None:
        return Near(allowed=tolerance.fixed, doubtful=SHAPE["max"] * tolerance.fixed)
    noise = np.asarray(margin_noise(floor))
    if len(noise) < LEAST_MARGINS:
        noise = np.concatenate([np.abs(one.ours - one.theirs) for one in (scores or {}).values()] or [noise])
    known = noise[np.isfinite(noise)]
    allowed = tolerance.factor * max(quantile(known, 0.99) if len(known) else 0.0, LEAST_FLOOR)
    return Near(allowed=allowed, doubtful=allowed)
