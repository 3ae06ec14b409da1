"""The list of lineages as its page shows it: filters, newest values, states and small lines; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.links import history_of
from dashboard.spark import Spark, spark
from dashboard.words import lineage_title, moment
from db.lineage_list import NewestValue
from evals.formatting import one_line
from evals.history.states import ChangeState
from evals.history.words import amount, bracket
from evals.lineage import Lineage

PAGE = 50
Known = tuple[Lineage, int, datetime]
"""A lineage, the number of its runs, and when the newest ended."""

_STATES = (
    (ChangeState.REOPENED, "reopened", "reopened"),
    (ChangeState.OPEN, "open", "regression"),
    (ChangeState.ACKNOWLEDGED, "acknowledged", "acknowledged"),
    (ChangeState.FIXED, "fixed", "fixed"),
)


@dataclass(frozen=True, kw_only=True)
class LineageFilter:
    """Which lineages are shown; "" means all. workload: a part of its name."""

    model: str = ""
    engine: str = ""
    hardware: str = ""
    workload: str = ""

    def takes(self, lineage: Lineage) -> bool:
        """Tell whether a lineage is wanted."""
        exact = (
            (self.model, lineage.model),
            (self.engine, lineage.engine),
            (self.hardware, lineage.hardware),
        )
        return all(wanted in ("", own) for wanted, own in exact) and self.workload in lineage.workload


@dataclass(frozen=True, kw_only=True)
class LineageRow:
    """A lineage in one line. style, word: its state; more: metrics beside the one shown."""

    address: str
    title: str
    lineage: str
    runs: int
    newest: str
    metric: str
    value: str
    interval: str
    partial: str
    more: int
    style: str
    word: str
    spark: Spark | None


@dataclass(frozen=True, kw_only=True)
class LineagesView:
    """A page of lineages. models, engines, hardware: what filters offer, (value, word). total: how many they take."""

    rows: tuple[LineageRow, ...]
    models: tuple[tuple[str, str], ...]
    engines: tuple[tuple[str, str], ...]
    hardware: tuple[tuple[str, str], ...]
    total: int
    page: int
    pages: int


def page_of(known: Sequence[Known], wanted: LineageFilter, page: int) -> list[Known]:
    """Return the lineages of a page, counted from 1."""
    return [one for one in known if wanted.takes(one[0])][(page - 1) * PAGE : page * PAGE]


def lineages_view(
    known: Sequence[Known],
    wanted: LineageFilter,
    newest: Mapping[str, NewestValue],
    states: Mapping[str, Counter[str]],
    *,
    page: int,
) -> LineagesView:
    """Return the page's content. newest, states: of the lineages on it."""
    total = sum(wanted.takes(lineage) for lineage, _, _ in known)
    return LineagesView(
        rows=tuple(_row(one, newest.get(one[0].key), states.get(one[0].key)) for one in page_of(known, wanted, page)),
        models=_options(lineage.model for lineage, _, _ in known),
        engines=_options(lineage.engine for lineage, _, _ in known),
        hardware=_options(lineage.hardware for lineage, _, _ in known),
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE)),
    )


def _options(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, one_line(value, 60)) for value in sorted(set(values)))


def _row(one: Known, newest: NewestValue | None, states: Counter[str] | None) -> LineageRow:
    lineage, runs, at = one
    style, word = _state(states or Counter())
    return LineageRow(
        address=history_of(lineage.key),
        title=lineage_title(lineage),
        lineage=one_line(lineage.key, 400),
        runs=runs,
        newest=moment(at),
        metric=one_line(newest.metric, 80) if newest else "",
        value=amount(newest.value, newest.unit) if newest else "not measured",
        interval=bracket(newest.low, newest.high, newest.unit) if newest else "",
        partial=one_line(newest.partial or "", 200) if newest else "",
        more=newest.metrics - 1 if newest else 0,
        style=style,
        word=word,
        spark=spark(newest.trail, newest.unit) if newest else None,
    )


def _state(states: Counter[str]) -> tuple[str, str]:
    """Return the (style, word) of the worst change of a lineage."""
    for state, style, word in _STATES:
        if states[state]:
            return style, word if states[state] == 1 else f"{states[state]} × {word}"
    return "", "no regression known"
