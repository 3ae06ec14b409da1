"""The items that flipped, as a run's page lists them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.links import with_query
from dashboard.samples_view import item_link
from dashboard.texts import visible
from evals.formatting import answer_line, metric_name, one_line, plural
from evals.result import Comparison, Flip
from evals.spec import Role

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class FlipRow:
    """An item that one side got right and the other wrong; found: what was found in each answer."""

    item: str
    link: str
    direction: str
    candidate: str
    baseline: str
    gold: str


@dataclass(frozen=True, kw_only=True)
class FlipsView:
    """The flips of one workload; all: the address of the list of all of them."""

    workload: str
    told: str
    rows: tuple[FlipRow, ...]
    more: int
    all: str


def flips_views(run_id: str, comparisons: Sequence[Comparison]) -> tuple[FlipsView, ...]:
    """Return the flips under the deciding metrics of workloads with pairs, also where there are none."""
    return tuple(_flips(f"/runs/{run_id}/samples", one) for one in comparisons if one.decides and one.pairs)


def _flips(path: str, comparison: Comparison) -> FlipsView:
    query = {
        "workload": comparison.workload,
        "metric": metric_name(comparison.metric.name, comparison.filter),
    }
    lost = sum(_direction(flip) == "lost" for flip in comparison.flips)
    count = len(comparison.flips)
    return FlipsView(
        workload=comparison.workload,
        told=f"{plural(count, 'item')} flipped: {lost:,} lost, {count - lost:,} gained." if count else "",
        rows=tuple(_row(path, query, flip) for flip in comparison.flips[:SHOWN]),
        more=max(0, count - SHOWN),
        all=with_query(path, query | {"flip": "any"}),
    )


def _row(path: str, query: dict[str, str], flip: Flip) -> FlipRow:
    return FlipRow(
        item=visible(f"{flip.task}/{flip.doc_id}"),
        link=item_link(path, flip.task, flip.doc_id, query),
        direction=_direction(flip),
        candidate=_found(flip.candidate_extracted),
        baseline=_found(flip.baseline_extracted),
        gold=one_line(answer_line(flip.gold), 80),
    )


def _direction(flip: Flip) -> str:
    return "gained" if flip.right == Role.CANDIDATE else "lost"


def _found(extracted: str | None) -> str:
    return "nothing found" if extracted is None else one_line(extracted, 80)
