"""Both sides of a report, fact by fact, and the further jobs; pure."""

from __future__ import annotations

from dataclasses import dataclass

from evals.result import SideSummary


@dataclass(frozen=True, kw_only=True)
class FactRow:
    """A fact of both sides; a dash where one was not recorded."""

    name: str
    candidate: str
    baseline: str
    differs: bool


@dataclass(frozen=True, kw_only=True)
class CompanionRow:
    """A further job that parity asked for; error is empty when it did what it should."""

    role: str
    engine: str
    dtype: str
    state: str
    launch: str
    error: str


def companion_row(side: SideSummary) -> CompanionRow:
    """Return a companion in words."""
    return CompanionRow(
        role=side.role,
        engine=side.engine,
        dtype=str(side.settings.get("dtype", "–")),
        state=side.state,
        launch=str(side.settings.get("command") or "–"),
        error=str(side.error.get("message", "no message was recorded")) if side.error else "",
    )


def fact_rows(candidate: SideSummary, baseline: SideSummary) -> tuple[FactRow, ...]:
    """Return versions, hardware and settings of both sides, one row for each name."""
    ours, theirs = _facts(candidate), _facts(baseline)
    return tuple(
        FactRow(
            name=name,
            candidate=ours.get(name, "–"),
            baseline=theirs.get(name, "–"),
            differs=name in ours and name in theirs and ours[name] != theirs[name],
        )
        for name in dict.fromkeys([*ours, *theirs])
    )


def _facts(side: SideSummary) -> dict[str, str]:
    facts = {"engine": side.engine, "model": side.model}
    if side.origin:
        facts["measured"] = side.origin
    if side.hardware:
        facts["hardware"] = side.hardware
    if side.reused:
        facts["reused answers"] = f"{sum(side.reused.values()):,} from {', '.join(sorted(side.reused))}"
    facts |= dict(sorted(side.versions.items()))
    return facts | {name: str(value) for name, value in sorted(side.settings.items())}
