"""The overview: models by workloads on one family of lineages; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.news_view import NewsView
from dashboard.overview_cell import Cell, CellFacts, cell_of, cell_without_result
from dashboard.overview_choice import Chosen
from db.overview import AcceptedValue, NewestResult
from db.work_by_cell import CellWork
from evals.history.staleness import newest_release

_STATES = ("fail", "error", "incomparable", "inconclusive", "stale", "never", "pass", "none")


@dataclass(frozen=True, kw_only=True)
class Family:
    """The lineages of one engine on one class of hardware."""

    engine: str
    hardware: str
    lineages: int
    address: str
    shown: bool

    @property
    def name(self) -> str:
        """Return it in words."""
        return f"{self.engine} on {self.hardware}"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A workload. settings: the beginning of its fingerprint, where another workload of that name stands beside it."""

    key: str
    name: str
    settings: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model; folder: its path without the name."""

    model: str
    name: str
    folder: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class OverviewView:
    """All of the page. counts: how many cells are in which state: (style, word, number)."""

    chosen: Chosen
    families: tuple[Family, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    counts: tuple[tuple[str, str, int], ...]
    engines: tuple[str, ...]
    hardware: tuple[str, ...]
    models: tuple[str, ...]
    news: NewsView
    any_result: bool

    @property
    def family(self) -> Family | None:
        """Return the family that is shown."""
        return next((family for family in self.families if family.shown), None)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the store knows of the lineages that are shown. all_results: of every family, under the same filters."""

    all_results: Sequence[NewestResult]
    trails: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    accepted: Mapping[str, AcceptedValue] = field(default_factory=dict)
    failed: Sequence[CellWork] = ()
    work: Sequence[CellWork] = ()


def family_of(results: Sequence[NewestResult], chosen: Chosen) -> tuple[str, str] | None:
    """Return the (engine, hardware) to show: what is chosen, else the one with most lineages, so that a single odd run
    hides nothing; of equal ones the one with the newest result. None without any."""
    fitting = [one for one in results if chosen.engine in ("", one.engine) and chosen.hardware in ("", one.hardware)]
    sizes = Counter((one.engine, one.hardware) for one in fitting)
    best = max(fitting, key=lambda one: (sizes[one.engine, one.hardware], one.finished_at), default=None)
    return (best.engine, best.hardware) if best else None


def shown_results(results: Sequence[NewestResult], chosen: Chosen) -> list[NewestResult]:
    """Return the results of the family that is shown, of the models that are chosen."""
    family = family_of(results, chosen)
    return [
        one
        for one in results
        if (one.engine, one.hardware) == family and chosen.model.casefold() in one.model.casefold()
    ]


def overview(chosen: Chosen, measured: Measured, news: NewsView, *, now: datetime) -> OverviewView:
    """Return the page's content."""
    family, shown = family_of(measured.all_results, chosen), shown_results(measured.all_results, chosen)
    keys = sorted({one.workload_key for one in shown})
    rows = _rows(shown, keys, family[0], measured, now) if family else ()
    return OverviewView(
        chosen=chosen,
        families=_families(measured.all_results, chosen, family),
        columns=_columns(keys),
        rows=rows,
        counts=_counts(rows),
        engines=tuple(sorted({one.engine for one in measured.all_results})),
        hardware=tuple(sorted({one.hardware for one in measured.all_results})),
        models=tuple(sorted({one.model for one in measured.all_results})),
        news=news,
        any_result=bool(measured.all_results),
    )


def _rows(
    shown: Sequence[NewestResult], keys: Sequence[str], engine: str, measured: Measured, now: datetime
) -> tuple[Row, ...]:
    newest = newest_release(one.version for one in measured.all_results if one.engine == engine)
    results = {(one.model, one.workload_key): one for one in shown}
    failed, work = _by_place(measured.failed, engine), _by_place(measured.work, engine)

    def cell(place: tuple[str, str]) -> Cell:
        result = results.get(place)
        if result is None:
            return cell_without_result(failed.get(place), work.get(place))
        facts = CellFacts(
            result=result,
            trail=measured.trails.get(result.lineage, ()),
            accepted=measured.accepted.get(result.lineage),
            newest=newest,
            failed=failed.get(place),
            work=work.get(place),
        )
        return cell_of(facts, now=now)

    models = sorted({one.model for one in shown})
    return tuple(_row(model, tuple(cell((model, key)) for key in keys)) for model in models)


def _row(model: str, cells: tuple[Cell, ...]) -> Row:
    folder, _, name = model.rstrip("/").rpartition("/")
    return Row(model=model, name=name or model, folder=folder, cells=cells)


def _by_place(work: Sequence[CellWork], engine: str) -> dict[tuple[str, str], CellWork]:
    """Return the newest job of each model and workload; work: the newest first."""
    return {(one.model, one.workload_key): one for one in reversed(work) if one.engine == engine}


def _columns(keys: Sequence[str]) -> tuple[Column, ...]:
    names = Counter(key.rpartition("@")[0] for key in keys)
    parts = [(key, *key.rpartition("@")[::2]) for key in keys]
    return tuple(Column(key=key, name=name, settings=code if names[name] > 1 else "") for key, name, code in parts)


def _families(results: Sequence[NewestResult], chosen: Chosen, shown: tuple[str, str] | None) -> tuple[Family, ...]:
    sizes = Counter((one.engine, one.hardware) for one in results)
    return tuple(
        Family(
            engine=engine,
            hardware=hardware,
            lineages=count,
            address=chosen.address(engine=engine, hardware=hardware),
            shown=(engine, hardware) == shown,
        )
        for (engine, hardware), count in sorted(sizes.items())
    )


def _counts(rows: Sequence[Row]) -> tuple[tuple[str, str, int], ...]:
    words = {cell.style: cell.word for row in rows for cell in row.cells}
    sizes = Counter(cell.style for row in rows for cell in row.cells)
    return tuple((style, words[style], sizes[style]) for style in _STATES if sizes[style])
