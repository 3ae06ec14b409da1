"""The folds that say how a report came about: versions, settings, timings, and how to repeat it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.fingerprint import Fingerprints
from evals.preflight.findings import PREFLIGHT
from evals.render.escape import block, code, plain
from evals.render.tables import bullets, fold, table
from evals.result import Report, SideSummary

NOT_RECORDED = "not recorded"
SUBMIT_COMMAND = "submit_command"
"""The key in a side's settings under which the equivalent `plumbline submit ...` stands."""


def provenance_folds(report: Report) -> Iterator[str]:
    """Yield the folds about both sides, without the empty ones."""
    sides = (report.candidate, report.baseline)
    versions = _side_by_side("package", *(side.versions for side in sides))
    hardware = _side_by_side("host", *({"hardware": side.hardware} if side.hardware else {} for side in sides))
    if versions or hardware:
        yield fold("Versions and hardware", "\n\n".join(part for part in (versions, hardware) if part))
    settings = _side_by_side("setting", *(_settings(side) for side in sides))
    if settings:
        yield fold("Settings", settings)
    yield from _fingerprints(report.fingerprints)
    yield from _preflights(sides)
    if any(side.timings_s for side in sides):
        yield fold("Timings and cost", _timings(sides))
    if report.companions:
        yield fold("Further jobs", _companions(report.companions))
    yield fold("How to reproduce", _reproduce(report))


def _side_by_side(noun: str, candidate: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    if not candidate and not baseline:
        return ""
    rows = (
        (plain(key, 80), _cell(candidate.get(key)), _cell(baseline.get(key)))
        for key in sorted(candidate.keys() | baseline.keys())
    )
    return table((noun, "candidate", "baseline"), rows, numbers_from=3)


def _cell(value: Any) -> str:
    if value is None:
        return NOT_RECORDED
    return code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), 200)


def _settings(side: SideSummary) -> dict[str, Any]:
    return {key: value for key, value in side.settings.items() if key not in (SUBMIT_COMMAND, PREFLIGHT)}


def _fingerprints(held: Sequence[Fingerprints]) -> Iterator[str]:
    """Yield what differs between the sides of each workload, whether it forbids a comparison or not."""
    if not held:
        return
    rows = [
        (plain(one.workload, 60), code(one.candidate_sha256[:12]), code((one.baseline_sha256 or "none")[:12]))
        for one in held
    ]
    lines = [f"{plain(one.workload, 60)}: {plain(said, 300)}" for one in held for said in one.allowed]
    told = f"\n\nWhat may differ in such a comparison, and does:\n\n{bullets(lines)}" if lines else ""
    yield fold("Fingerprints", table(("workload", "candidate", "baseline"), rows, numbers_from=3) + told)


def _preflights(sides: Sequence[SideSummary]) -> Iterator[str]:
    """Yield what the static check of a side's own model code found, if there was one."""
    for side in sides:
        findings = side.settings.get(PREFLIGHT)
        if isinstance(findings, list | tuple):
            lines = [f"- {code(str(line), 300)}" for line in findings] or ["Nothing was found."]
            yield fold(f"Preflight of the {side.role}'s model code", "\n".join(lines))


def _timings(sides: tuple[SideSummary, SideSummary]) -> str:
    phases = list(dict.fromkeys(phase for side in sides for phase in side.timings_s))
    rows = [(plain(phase, 60), *(_seconds(side.timings_s.get(phase)) for side in sides)) for phase in phases]
    rows.append(("**total**", *(_seconds(sum(side.timings_s.values()) if side.timings_s else None) for side in sides)))
    if any(_gpu_hours(side) is not None for side in sides):
        rows.append(("**GPU hours**", *(_number(_gpu_hours(side), 3) for side in sides)))
    return table(("phase", "candidate", "baseline"), rows)


def _seconds(value: float | None) -> str:
    return NOT_RECORDED if value is None else f"{value:,.1f} s"


def _number(value: float | None, digits: int) -> str:
    return NOT_RECORDED if value is None else f"{value:,.{digits}f}"


def _gpu_hours(side: SideSummary) -> float | None:
    gpus = side.settings.get("gpus")
    if not isinstance(gpus, int) or gpus == 0 or not side.timings_s:
        return None
    return gpus * sum(side.timings_s.values()) / 3600


def _companions(sides: Sequence[SideSummary]) -> str:
    rows = (
        (
            plain(side.role, 20),
            code(side.engine, 60),
            _cell(side.settings["dtype"]) if "dtype" in side.settings else "–",
            plain(side.state, 40) + (f": {plain(_message(side), 300)}" if side.error else ""),
            _cell(side.settings["command"]) if side.settings.get("command") else "–",
            _seconds(sum(side.timings_s.values()) if side.timings_s else None),
        )
        for side in sides
    )
    return table(("job", "engine", "dtype", "state", "launch", "took"), rows, numbers_from=6)


def _message(side: SideSummary) -> str:
    return str((side.error or {}).get("message", "no message was recorded"))


def _reproduce(report: Report) -> str:
    command = report.candidate.settings.get(SUBMIT_COMMAND)
    how = block(command) if isinstance(command, str) else f"The command was {NOT_RECORDED}."
    return (
        f"{how}\n\nRun {code(report.run_id, 80)}, reported {plain(report.created_at, 40)} "
        f"by Plumbline {plain(report.plumbline_version, 40)}."
    )
