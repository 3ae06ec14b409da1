"""What the overview shows first: open regressions, and what runs now; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.runs_view import RunRow
from dashboard.words import day, short_model
from db.regressions import ChangeRecord
from evals.history.words import step


@dataclass(frozen=True, kw_only=True)
class RegressionRow:
    """An open regression in a few lines."""

    id: str
    state: str
    metric: str
    model: str
    where: str
    size: str
    since: str
    code: str


@dataclass(frozen=True, kw_only=True)
class NewsView:
    """Open regressions and runs that go on. more_regressions, more_running: how many there are beyond those shown."""

    regressions: tuple[RegressionRow, ...] = ()
    more_regressions: int = 0
    running: tuple[RunRow, ...] = ()
    more_running: int = 0


def news(regressions: Sequence[ChangeRecord], in_all: int, running: Sequence[RunRow], *, shown: int) -> NewsView:
    """Return what is shown; in_all: the number of open regressions. running: one more than shown, if there is one."""
    return NewsView(
        regressions=tuple(_regression(one) for one in regressions),
        more_regressions=in_all - len(regressions),
        running=tuple(running[:shown]),
        more_running=len(running[shown:]),
    )


def _regression(change: ChangeRecord) -> RegressionRow:
    model, *others = change.lineage.split(" | ")
    return RegressionRow(
        id=change.id,
        state=change.state.value,
        metric=change.metric,
        model=short_model(model),
        where=", ".join([others[0].partition("@")[0], *others[1:]]) if others else "",
        size=step(change.unit, before=change.before, size=change.size, low=change.low, high=change.high),
        since=day(change.first_at),
        code=change.first_code or "unknown code",
    )
