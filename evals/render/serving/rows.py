"""What decides of a serving workload: one row for each level, with the figures of both sides and their ratio."""

from __future__ import annotations

from dataclasses import dataclass

from evals.duel.results import Ratio, ServingResult
from evals.outcome import Verdict
from evals.render.serving.words import (
    confidence_words,
    deciding_names,
    head_words,
    level_words,
    levels_of,
    ratio_words,
    value_words,
)


@dataclass(frozen=True, kw_only=True)
class DecidingFigure:
    """One figure at one level in words; verdict is None where it was not measured."""

    candidate: str
    baseline: str
    ratio: str
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class LevelRow:
    """One level in words, its figures in the order of `deciding_names`."""

    level: str
    figures: tuple[DecidingFigure, ...]


def level_rows(result: ServingResult) -> list[LevelRow]:
    """Return one row for each level, none where nothing decides."""
    names = deciding_names(result)
    found = {(ratio.level, ratio.name): ratio for ratio in result.ratios if ratio.decides}
    return [
        LevelRow(level=level_words(level), figures=tuple(_figure(name, found.get((level, name))) for name in names))
        for level in levels_of(result)
        if names
    ]


def level_heads(result: ServingResult, sides: tuple[str, str] = ("candidate", "baseline")) -> tuple[str, ...]:
    """Return the heads of a table of level rows; sides: how both are called."""
    confidence = confidence_words(ratio for ratio in result.ratios if ratio.decides)
    heads = ["in flight"]
    for name in deciding_names(result):
        heads += [f"{head_words(name)}, {sides[0]}", sides[1], f"ratio [{confidence}]"]
    return tuple(heads)


def _figure(name: str, ratio: Ratio | None) -> DecidingFigure:
    return DecidingFigure(
        candidate=value_words(ratio.candidate if ratio else None, name),
        baseline=value_words(ratio.baseline if ratio else None, name),
        ratio=ratio_words(ratio),
        verdict=ratio.verdict if ratio else None,
    )
