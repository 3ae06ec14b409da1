"""Baselines as their page shows them: what is accepted on each lineage, and who decided so; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.history_view import code_of
from dashboard.links import history_of, with_query
from dashboard.words import lineage_title, moment, verdict_word
from db.promotions import Action, By, PromotionRecord
from evals.formatting import one_line
from evals.history.words import amount, bracket
from evals.outcome import Verdict


@dataclass(frozen=True, kw_only=True)
class ValueLine:
    """A deciding metric of a result."""

    metric: str
    value: str
    interval: str
    n: str


@dataclass(frozen=True, kw_only=True)
class BaselineRow:
    """A promotion or demotion with its result. style, word: the verdict at the time, "" for a backfill."""

    run_id: str
    workload: str
    title: str
    lineage: str
    history: str
    promotions: str
    values: tuple[ValueLine, ...]
    style: str
    verdict: str
    partial: str
    code: str
    action: str
    promoted: bool
    actor: str
    by_rule: bool
    reason: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a form was sent with and why it was refused, so that nothing has to be typed again. troubles: by field."""

    form: str = ""
    run: str = ""
    workload: str = ""
    reason: str = ""
    despite_verdict: bool = False
    troubles: Mapping[str, str] = field(default_factory=dict)

    def trouble(self, form: str, name: str) -> str:
        """Return what is wrong with a field of a form, "" for nothing."""
        return self.troubles.get(name, "") if form == self.form else ""


def baseline_rows(found: Sequence[PromotionRecord]) -> tuple[BaselineRow, ...]:
    """Return promotions and demotions, one in a line, in the order given."""
    return tuple(_row(one) for one in found)


def _row(record: PromotionRecord) -> BaselineRow:
    result, lineage = record.result, record.result.lineage
    return BaselineRow(
        run_id=result.run_id,
        workload=result.workload,
        title=lineage_title(lineage),
        lineage=one_line(lineage.key, 400),
        history=history_of(lineage.key),
        promotions=with_query("/baselines", {"lineage": lineage.key}),
        values=tuple(_value(name, held) for name, held in result.metrics.items() if held.get("decides")),
        style=result.verdict or "",
        verdict=verdict_word(Verdict(result.verdict) if result.verdict else None),
        partial=one_line(result.partial or "", 200),
        code=code_of(result.source_commit or result.fingerprint.get("engine_version")),
        action=record.action.value,
        promoted=record.action is Action.PROMOTED,
        actor=one_line(record.actor, 80),
        by_rule=record.by is By.RULE,
        reason=record.reason,
        at=moment(record.at),
    )


def _value(name: str, held: Mapping[str, object]) -> ValueLine:
    value, low, high, unit = held.get("value"), held.get("low"), held.get("high"), str(held.get("unit", "share"))
    known = value if isinstance(value, int | float) else None
    least = low if isinstance(low, int | float) else None
    most = high if isinstance(high, int | float) else None
    return ValueLine(
        metric=one_line(name, 80),
        value="not measured" if known is None else amount(known, unit),
        interval=bracket(least, most, unit) or "no interval known",
        n=f"{held.get('n', 0):,}",
    )
