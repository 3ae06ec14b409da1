"""How a run came about, for the folds at the end of its page: commands, fingerprints, files to take along; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.texts import visible
from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import RunState
from evals.fingerprint import Fingerprints
from evals.render.provenance import SUBMIT_COMMAND
from evals.reproduce import submit_command
from evals.result import Report


@dataclass(frozen=True, kw_only=True)
class FingerprintRow:
    """A workload's two fingerprints; differing: what forbids a comparison, allowed: what differs without doing so."""

    workload: str
    candidate: str
    baseline: str
    differing: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CommandRow:
    """A command to copy, and what it does."""

    what: str
    command: str


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A file to take along."""

    name: str
    link: str
    what: str


def fingerprint_rows(held: Sequence[Fingerprints]) -> tuple[FingerprintRow, ...]:
    """Return the fingerprints of a report in words."""
    return tuple(
        FingerprintRow(
            workload=one.workload,
            candidate=one.candidate_sha256[:12],
            baseline=(one.baseline_sha256 or "–")[:12],
            differing=tuple(visible(said) for said in one.differing),
            allowed=tuple(visible(said) for said in one.allowed),
        )
        for one in held
    )


def commands(run: RunRecord, report: Report | None) -> tuple[CommandRow, ...]:
    """Return the commands that make a run again and look into it."""
    told = report.candidate.settings.get(SUBMIT_COMMAND) if report else None
    again = told if isinstance(told, str) else submit_command(run.submission)
    rows = [CommandRow(what="The same submission again", command=again)]
    if run.state is RunState.FINISHED:
        rows.append(CommandRow(what="Its report in a terminal", command=f"plumbline report {run.id}"))
    else:
        rows.append(CommandRow(what="Follow it in a terminal", command=f"plumbline watch {run.id}"))
    if report is not None:
        rows += [
            CommandRow(what=f"One pass of {one.workload}", command=one.reproduce)
            for one in report.serving
            if one.reproduce
        ]
    return tuple(rows)


def files(run: RunRecord, jobs: Sequence[JobRecord], report: Report | None, *, items: bool) -> tuple[FileRow, ...]:
    """Return what of a run can be taken along; items: whether it has items with answers."""
    base = f"/runs/{run.id}"
    rows = [FileRow(name="run.json", link=f"{base}/run.json", what="the submission and its jobs, with all facts")]
    if report is not None:
        rows += [
            FileRow(name="report.json", link=f"{base}/report.json", what="the whole report"),
            FileRow(name="report.md", link=f"{base}/report.md", what="the report as a pull request shows it"),
            FileRow(name="description.md", link=f"{base}/description.md", what="for a new model's pull request"),
        ]
    if items and report is not None:
        rows += [
            FileRow(name="items.csv", link=f"{base}/items.csv", what="each item's judgement on both sides"),
            FileRow(name="items.jsonl", link=f"{base}/items.jsonl", what="the same with prompts and whole answers"),
        ]
    rows += [
        FileRow(name=f"{job.role}.log", link=f"{base}/jobs/{job.id}.log", what="the end of the engine's log")
        for job in jobs
        if job.log_path
    ]
    return tuple(rows)
