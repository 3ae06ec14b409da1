"""The history of a lineage as its page shows it: series with their points, levels, changes and baselines; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.words import moment
from db.history import PointRecord
from db.promotions import Action, PromotionRecord
from db.regressions import ChangeRecord
from db.series import Series
from evals.formatting import one_line
from evals.history.noise import LEAST_REPEATS
from evals.history.points import RunKind
from evals.history.series import minimal_step
from evals.history.words import amount, bracket, step
from evals.spec import Role

KINDS = {
    RunKind.NIGHTLY: "nightly",
    RunKind.MAIN: "main",
    RunKind.PULL_REQUEST: "pull request",
    RunKind.OTHER: "other",
}


@dataclass(frozen=True, kw_only=True)
class PointRow:
    """A point in one line. notes: what is special about it, in words; counted: whether the analysis reads it."""

    run_id: str
    ended: str
    value: str
    interval: str
    n: str
    kind: str
    code: str
    counted: bool
    partial: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SeriesView:
    """A metric in one setup: the chart and its table. place: its number on the page, from 1."""

    place: int
    metric: str
    setup: str
    unit: str
    better: str
    noise: str
    least: str
    changes: tuple[ChangeLine, ...]
    rows: tuple[PointRow, ...]


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """A change of level in one line."""

    id: str
    state: str
    size: str
    since: str
    codes: str


def series_views(
    series: Sequence[Series],
    records: Sequence[PointRecord],
    changes: Sequence[ChangeRecord],
    promotions: Sequence[PromotionRecord],
) -> tuple[SeriesView, ...]:
    """Return what there is to show of each series that has points, the one with the newest point first."""
    grouped: dict[tuple[str, str], list[PointRecord]] = {}
    for record in records:
        grouped.setdefault((record.point.metric, record.point.setup), []).append(record)
    shown = [one for one in series if (one.metric, one.setup) in grouped]
    shown.sort(key=lambda one: grouped[one.metric, one.setup][-1].finished_at, reverse=True)
    return tuple(
        _series(place, one, grouped[one.metric, one.setup], changes, promotions)
        for place, one in enumerate(shown, start=1)
    )


def _series(
    place: int,
    series: Series,
    records: Sequence[PointRecord],
    changes: Sequence[ChangeRecord],
    promotions: Sequence[PromotionRecord],
) -> SeriesView:
    own = [one for one in changes if (one.metric, one.setup) == (series.metric, series.setup)]
    return SeriesView(
        place=place,
        metric=one_line(series.metric, 80),
        setup=series.setup,
        unit="%" if series.unit == "share" else series.unit,
        better="higher" if series.direction.value == "higher" else "lower",
        noise=_noise(series),
        least=_amount_of_change(minimal_step(series.relative, series.noise), series.relative),
        changes=tuple(change_line(one) for one in own),
        rows=tuple(_row(record, own, promotions) for record in reversed(records)),
    )


def _row(record: PointRecord, changes: Sequence[ChangeRecord], promotions: Sequence[PromotionRecord]) -> PointRow:
    point = record.point
    notes = [f"{_state(one)} begins here" for one in changes if one.first_run_id == record.run_id and record.counted]
    notes += [
        ("became the baseline" if one.action is Action.PROMOTED else "was demoted") + f" on {moment(one.at)[:10]}"
        for one in reversed(promotions)
        if one.result.run_id == record.run_id and one.result.role is point.side
    ]
    if point.side is Role.BASELINE:
        notes.append("measured as the baseline of its run")
    if point.reused:
        notes.append("answers were taken from an earlier job")
    if not record.counted:
        notes.append("not in the analysis")
    return PointRow(
        run_id=record.run_id,
        ended=moment(record.finished_at),
        value=amount(point.value, point.unit),
        interval=bracket(point.low, point.high, point.unit) or "no interval known",
        n=f"{point.n:,}",
        kind=KINDS[record.kind],
        code=code_of(point.version if point.source in (None, "installed") and point.version else point.source),
        counted=record.counted,
        partial=one_line(point.partial or "", 200),
        notes=tuple(notes),
    )


def change_line(change: ChangeRecord) -> ChangeLine:
    """Return a change of level in one line."""
    return ChangeLine(
        id=change.id,
        state=change.state.value,
        size=size_of(change),
        since=moment(change.first_at),
        codes=f"{code_of(change.last_code)} … {code_of(change.first_code)}",
    )


def size_of(change: ChangeRecord) -> str:
    """Return a change's size with its interval."""
    return step(change.unit, before=change.before, size=change.size, low=change.low, high=change.high)


def code_of(text: str | None) -> str:
    """Return a commit by its first twelve digits, a version as it is."""
    if not text:
        return "unknown"
    return text[:12] if len(text) >= 40 and set(text) <= set("0123456789abcdef") else one_line(text, 60)


def _state(change: ChangeRecord) -> str:
    return "an improvement" if not change.worse else f"a regression ({change.state.value})"


def _noise(series: Series) -> str:
    if series.noise is None:
        return f"not known: that takes {LEAST_REPEATS} repeats of the same code"
    return (
        f"{_amount_of_change(series.noise.deviation, series.noise.relative)} (standard deviation, out of "
        f"{series.noise.repeats} repeats)"
    )


def _amount_of_change(size: float, relative: bool) -> str:
    return f"{100 * size:.2g} {'%' if relative else 'pp'}"
