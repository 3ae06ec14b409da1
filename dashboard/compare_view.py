"""Two runs beside each other as their page shows them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboard.compare_serving import ServingCompared
from dashboard.links import with_query
from dashboard.report_view import ComparisonRow, comparison_row
from dashboard.words import moment, short_model, standing
from db.runs import RunRecord
from evals.formatting import metric_name, nats
from evals.parity.strips import Strip, Strips
from evals.render.plots.heat import SHOWN, heat_plot
from evals.result import Comparison

NAMES = ("left run", "right run")


@dataclass(frozen=True, kw_only=True)
class RunChoice:
    """A run in the picker."""

    id: str
    words: str


@dataclass(frozen=True, kw_only=True)
class RunSide:
    """One of the two runs; measured: which of its sides is compared, with its engine."""

    id: str
    word: str
    style: str
    model: str
    measured: str
    created: str
    headline: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """What became of the pairs under one metric: (count, address of the items) by who is right."""

    metric: str
    both: tuple[str, str]
    only_right: tuple[str, str]
    only_left: tuple[str, str]
    neither: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class WorkloadCompared:
    """A workload with items that both runs have; differing: what forbids the comparison, allowed: what does not."""

    workload: str
    rows: tuple[ComparisonRow, ...]
    matrices: tuple[Matrix, ...]
    differing: tuple[str, ...]
    allowed: tuple[str, ...]
    items: str


@dataclass(frozen=True, kw_only=True)
class StripRow:
    """A prompt's difference in words."""

    prompt: str
    positions: str
    median: str
    worst: str
    worst_at: str


@dataclass(frozen=True, kw_only=True)
class ParityCompared:
    """A parity workload of both runs: the strips as a picture and as rows; reasons: why some or all have none."""

    workload: str
    picture: Markup | None
    rows: tuple[StripRow, ...]
    more: int
    reasons: tuple[str, ...]
    differing: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CompareView:
    """The whole page; left, right: None until chosen. missing: what only one of them measured, in words."""

    choices: tuple[RunChoice, ...]
    left: RunSide | None
    right: RunSide | None
    swap: str = ""
    workloads: tuple[WorkloadCompared, ...] = ()
    serving: tuple[ServingCompared, ...] = ()
    parity: tuple[ParityCompared, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def run_choice(run: RunRecord) -> RunChoice:
    """Return a run as the picker shows it."""
    asked = run.submission
    words = (
        moment(run.created_at)[:16],
        short_model(asked.model.path),
        asked.candidate.kind,
        asked.suite,
        standing(run)[0],
        run.id,
    )
    return RunChoice(id=run.id, words=" · ".join(words))


def run_side(run: RunRecord, measured: str) -> RunSide:
    """Return one of the runs in words."""
    word, style = standing(run)
    return RunSide(
        id=run.id,
        word=word,
        style=style,
        model=run.submission.model.path,
        measured=measured,
        created=moment(run.created_at),
        headline=run.headline or "",
    )


def workload_compared(
    workload: str,
    comparisons: Sequence[Comparison],
    *,
    query: dict[str, str],
    differing: Sequence[str],
    allowed: Sequence[str],
) -> WorkloadCompared:
    """Return a workload's metrics; query: what every address of items carries (left, right)."""
    return WorkloadCompared(
        workload=workload,
        rows=tuple(comparison_row(one) for one in comparisons),
        matrices=tuple(_matrix(one, query) for one in comparisons if one.pairs),
        differing=tuple(differing),
        allowed=tuple(allowed),
        items=with_query("/compare/samples", query | {"workload": workload}),
    )


def _matrix(comparison: Comparison, query: dict[str, str]) -> Matrix:
    assert comparison.pairs is not None
    metric = metric_name(comparison.metric.name, comparison.filter)
    here = query | {"workload": comparison.workload, "metric": metric}

    def cell(count: int, flip: str) -> tuple[str, str]:
        return f"{count:,}", with_query("/compare/samples", here | {"flip": flip})

    pairs = comparison.pairs
    return Matrix(
        metric=metric,
        both=cell(pairs.both_right, "none"),
        only_right=cell(pairs.only_candidate, "gained"),
        only_left=cell(pairs.only_baseline, "lost"),
        neither=cell(pairs.neither, "none"),
    )


def parity_compared(
    workload: str, found: Strips, *, differing: Sequence[str] = (), allowed: Sequence[str] = ()
) -> ParityCompared:
    """Return the strips of a parity workload, and what else differs between the sides."""
    return ParityCompared(
        workload=workload,
        picture=Markup(heat_plot(workload, found.strips, NAMES)) if found.strips else None,
        rows=tuple(_strip_row(one) for one in found.strips[:SHOWN]),
        more=max(0, len(found.strips) - SHOWN),
        reasons=found.reasons,
        differing=tuple(differing),
        allowed=tuple(allowed),
    )


def _strip_row(strip: Strip) -> StripRow:
    return StripRow(
        prompt=strip.prompt,
        positions=f"{strip.positions:,}",
        median=nats(strip.median),
        worst=nats(strip.worst),
        worst_at=f"{strip.worst_at:,}",
    )
