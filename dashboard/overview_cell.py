"""One cell of the overview: how a workload stands on a lineage; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, log
from urllib.parse import quote

from dashboard.spark import Spark, spark
from dashboard.words import day, verdict_word
from db.overview import AcceptedValue, NewestResult
from db.work_by_cell import CellWork
from evals.history.staleness import why_stale
from evals.history.words import amount, bracket, step
from evals.result import Verdict
from evals.statistics.interval import Interval
from evals.statistics.unpaired import hybrid_interval

NEVER, STALE = "never", "stale"


@dataclass(frozen=True, kw_only=True)
class Change:
    """The newest value minus the accepted baseline's. why: why there is no such difference, else ""."""

    text: str
    style: str
    word: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One lineage. style, word: its state. was: the verdict beneath a stale state. why: what the state means here.

    run_id: the newest run's; None where nothing was ever measured. reused: whether answers of an earlier job count.
    work: (run, word) of what is measured now.
    """

    style: str
    word: str
    was: str
    why: str
    metric: str
    value: str
    interval: str
    change: Change | None
    spark: Spark | None
    history: str | None
    run_id: str | None
    finished: str
    partial: str | None
    reused: bool
    work: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class CellFacts:
    """What a cell is made of. newest: the newest release of the engine that any lineage was measured with."""

    result: NewestResult
    trail: tuple[float, ...]
    accepted: AcceptedValue | None
    newest: str | None
    failed: CellWork | None
    work: CellWork | None


def cell_of(facts: CellFacts, *, now: datetime) -> Cell:
    """Return the cell of a lineage that has a result."""
    result, accepted = facts.result, facts.accepted
    stale = why_stale(finished_at=result.finished_at, now=now, version=result.version, newest=facts.newest)
    verdict = Verdict(result.verdict) if result.verdict else None
    word, style, why, was = verdict_word(verdict), verdict.value if verdict else "none", "", ""
    if stale is not None:
        word, style, why, was = "Stale", STALE, stale, f"was: {word}"
    failed = facts.failed
    if failed is not None and failed.failed_at is not None and failed.failed_at > result.finished_at:
        word, style, why, was = "Error", "error", "a later run ended without a result", f"was: {verdict_word(verdict)}"
    return Cell(
        style=style,
        word=word,
        was=was,
        why=why,
        metric=result.metric,
        value=amount(result.value, result.unit),
        interval=bracket(result.low, result.high, result.unit),
        change=change_since(result, accepted) if accepted else None,
        spark=spark(facts.trail, result.unit, accepted.value if accepted else None),
        history=f"/history/{quote(result.lineage, safe='')}?metric={quote(result.metric, safe='')}",
        run_id=failed.run_id if failed is not None and style == "error" else result.run_id,
        finished=day(result.finished_at),
        partial=result.partial,
        reused=result.reused,
        work=_work(facts.work),
    )


def cell_without_result(failed: CellWork | None, work: CellWork | None) -> Cell:
    """Return the cell of what was never measured on this family."""
    error = failed is not None
    return Cell(
        style="error" if error else NEVER,
        word="Error" if error else "Never run",
        was="",
        why="no run has given a result yet" if error else "",
        metric="",
        value="",
        interval="",
        change=None,
        spark=None,
        history=None,
        run_id=failed.run_id if failed is not None else None,
        finished="",
        partial=None,
        reused=False,
        work=_work(work),
    )


def change_since(result: NewestResult, accepted: AcceptedValue) -> Change:
    """Return the change since the accepted baseline, with the interval of two measurements that share nothing."""
    if accepted.run_id == result.run_id:
        return Change(text="", style="", word="", why="is the baseline")
    if accepted.setup != result.setup:
        return Change(text="", style="", word="", why=f"the baseline of {day(accepted.at)} has other settings")
    size = result.value - accepted.value
    found = _interval(result, accepted)
    if found is None:
        text = step(result.unit, before=accepted.value, size=size, low=size, high=size).partition(" [")[0]
        return Change(text=text, style="", word="", why="")
    text = step(result.unit, before=accepted.value, size=size, low=found.low, high=found.high)
    if found.low <= 0 <= found.high:
        return Change(text=text, style="", word="", why="")
    better = (size > 0) == (result.direction == "higher")
    return Change(text=text, style="gained" if better else "lost", word="better" if better else "worse", why="")


def _interval(result: NewestResult, accepted: AcceptedValue) -> Interval | None:
    """Return the interval of the difference: of shares as such, of all else between logarithms."""
    values = (result.low, result.value, result.high, accepted.low, accepted.value, accepted.high)
    known = [value for value in values if value is not None]
    relative = result.unit != "share"
    if len(known) < len(values) or (relative and min(known) <= 0):
        return None
    low, value, high, base_low, base, base_high = (log(one) if relative else one for one in known)
    found = hybrid_interval(
        (value, lambda _: Interval(low=low, high=high)), (base, lambda _: Interval(low=base_low, high=base_high))
    )
    if not relative:
        return found
    return Interval(low=accepted.value * (exp(found.low) - 1), high=accepted.value * (exp(found.high) - 1))


def _work(work: CellWork | None) -> tuple[str, str] | None:
    return (work.run_id, work.state.value) if work else None
