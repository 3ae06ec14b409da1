"""Regressions as their pages show them: the list, one with its suspects and log, and the forms; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.history_view import code_of, size_of
from dashboard.links import compare, history_of, with_query
from dashboard.triage_forms import FORMS, TriageForm
from dashboard.words import lineage_title, moment
from db.history import PointRecord
from db.regressions import ChangeRecord
from evals.code_sources import COMMIT, GitCode
from evals.formatting import one_line
from evals.history.states import ChangeAction, actions_of
from evals.history.words import amount, bracket
from evals.lineage import Lineage, lineage_from


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """A change in one line. blamed: the commit that it was assigned to, "" for none."""

    id: str
    state: str
    title: str
    lineage: str
    metric: str
    size: str
    levels: str
    since: str
    codes: str
    blamed: str
    worse: bool


@dataclass(frozen=True, kw_only=True)
class AroundRow:
    """A point beside a change."""

    run_id: str
    ended: str
    code: str
    value: str
    interval: str
    after: bool


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """One entry of a change's log."""

    at: str
    actor: str
    action: str
    state: str
    commit: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The code between the last good and the first bad point.

    commits: what git log takes, "" where the two are no commits. address: the range on the forge, "" where unknown.
    flips: the address of the items that flipped between the runs, "" where nothing has items.
    """

    last: str
    first: str
    commits: str
    address: str
    compare: str
    flips: str


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """All that the page of a change shows."""

    row: ChangeRow
    headline: str
    lineage: Lineage
    history: str
    n: str
    p: str
    fix: str
    seen: str
    last_run: str
    first_run: str
    around: tuple[AroundRow, ...]
    suspects: Suspects
    log: tuple[LogRow, ...]
    forms: tuple[TriageForm, ...]


def change_row(change: ChangeRecord, blamed: str = "") -> ChangeRow:
    """Return a change in one line."""
    lineage = lineage_from(change.lineage)
    return ChangeRow(
        id=change.id,
        state=change.state.value,
        title=lineage_title(lineage),
        lineage=one_line(change.lineage, 400),
        metric=one_line(change.metric, 80),
        size=size_of(change),
        levels=f"{amount(change.before, change.unit)} → {amount(change.after, change.unit)}",
        since=moment(change.first_at),
        codes=f"{code_of(change.last_code)} … {code_of(change.first_code)}",
        blamed=code_of(blamed) if blamed else "",
        worse=change.worse,
    )


def change_view(
    change: ChangeRecord, sides: tuple[Sequence[PointRecord], Sequence[PointRecord]], code: GitCode | None
) -> ChangeView:
    """Return the page's content. sides: the points before and after; code: where the candidate's code came from."""
    blamed = next((event.commit for event in reversed(change.events) if event.action is ChangeAction.ASSIGN), None)
    row = change_row(change, blamed or "")
    went = "worse" if change.worse else "better"
    before, after = sides
    return ChangeView(
        row=row,
        headline=f"{row.metric} went {went} by {row.size.lstrip('+−')}: {row.levels}",
        lineage=lineage_from(change.lineage),
        history=history_of(change.lineage, metric=change.metric),
        n=f"{change.n_before} points before, {change.n_after} after",
        p="< 0.0001" if change.p < 0.0001 else f"{change.p:.4f}",
        fix=f"{code_of(change.fix_commit)} on {moment(change.fixed_at)}" if change.fix_commit else "",
        seen=moment(change.seen_at),
        last_run=change.last_run_id,
        first_run=change.first_run_id,
        around=tuple(_around(one, after=False) for one in before) + tuple(_around(one, after=True) for one in after),
        suspects=_suspects(change, code),
        log=tuple(
            LogRow(
                at=moment(event.at),
                actor=one_line(event.actor, 80),
                action=event.action.value,
                state=event.state.value,
                commit=code_of(event.commit) if event.commit else "",
                reason=event.reason,
            )
            for event in reversed(change.events)
        ),
        forms=tuple(FORMS[action] for action in actions_of(change.state)),
    )


def _around(record: PointRecord, *, after: bool) -> AroundRow:
    point = record.point
    return AroundRow(
        run_id=record.run_id,
        ended=moment(record.finished_at),
        code=code_of(point.version if point.source in (None, "installed") and point.version else point.source),
        value=amount(point.value, point.unit),
        interval=bracket(point.low, point.high, point.unit) or "no interval known",
        after=after,
    )


def _flips(change: ChangeRecord) -> str:
    if change.unit != "share":
        return ""
    workload = lineage_from(change.lineage).workload.partition("@")[0]
    sides = {"left": change.last_run_id, "right": change.first_run_id}
    return with_query("/compare/samples", sides | {"workload": workload, "metric": change.metric, "flip": "any"})


def _suspects(change: ChangeRecord, code: GitCode | None) -> Suspects:
    last, first = change.last_code or "", change.first_code or ""
    commits = f"{last}..{first}" if COMMIT.fullmatch(last) and COMMIT.fullmatch(first) else ""
    forge = code.url.removesuffix(".git") if code and code.url.startswith("https://github.com/") else ""
    return Suspects(
        last=code_of(last),
        first=code_of(first),
        commits=commits,
        address=f"{forge}/compare/{last}...{first}" if commits and forge else "",
        compare=compare(change.last_run_id, change.first_run_id),
        flips=_flips(change),
    )
