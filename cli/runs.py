"""`plumbline list, report, cancel, retry`: look at runs and act on them."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.client import ROOT
from cli.errors import readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.outcome import point_to_logs
from cli.tables import print_report
from cli.text import cell
from db.codec import from_json
from evals.result import Report

_STYLES = {"pass": "green", "fail": "red", "inconclusive": "yellow", "incomparable": "magenta", "error": "magenta"}


class ReportFormat(StrEnum):
    """The forms in which a report is printed; pr-description is the section for a new model's pull request."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    PR_DESCRIPTION = "pr-description"


@readable
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    state: Annotated[str | None, typer.Option(help="Only queued, running, reporting or finished ones.")] = None,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """List runs, newest first."""
    page = client_of(server).get(f"{ROOT}/submissions", limit=limit, state=state)
    if as_json:
        print(json.dumps(page["items"]))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("run", "verdict", "model", "engines", "suite", "submitted (UTC)"):
        table.add_column(title, no_wrap=title != "model", overflow="fold")
    for run in page["items"]:
        table.add_row(*_cells(run))
    Console().print(table)


@readable
def report(
    run: RunArgument,
    format: Annotated[ReportFormat | None, typer.Option("--format", help="How; text by default.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The same as --format markdown.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Print a run's report."""
    client = client_of(server)
    path = f"{ROOT}/submissions/{run}/report"
    form = format or (ReportFormat.MARKDOWN if markdown else ReportFormat.JSON if as_json else ReportFormat.TEXT)
    if form in (ReportFormat.MARKDOWN, ReportFormat.PR_DESCRIPTION):
        print(client.get_text(path, format=form.value)[0])
        return
    found = client.get(path)
    if form is ReportFormat.JSON:
        print(json.dumps(found))
        return
    about = client.get(f"{ROOT}/submissions/{run}")
    console = Console()
    print_report(console, from_json(Report, found), about["links"]["page"])
    point_to_logs(console, about)


@readable
def cancel(run: RunArgument, server: Server = None) -> None:
    """Cancel a run: waiting jobs end at once, running engines are stopped."""
    about = client_of(server).post(f"{ROOT}/submissions/{run}/cancel")
    if about["state"] == "finished":
        print(f"Run {run} has already ended: {about['verdict']}")
        return
    stopping = sum(job["state"] == "running" for job in about["jobs"])
    print(f"Run {run} is cancelled; {stopping} running job(s) are being stopped")


@readable
def retry(run: RunArgument, server: Server = None) -> None:
    """Repeat a finished run's failed and cancelled jobs; nothing that was answered is asked again."""
    about = client_of(server).post(f"{ROOT}/submissions/{run}/retry")
    waiting = [job["role"] for job in about["jobs"] if job["state"] != "succeeded"]
    print(f"Run {run} repeats: {', '.join(waiting)}. Follow it: plumbline watch {run}")


def _baseline(asked: dict[str, Any]) -> str:
    engine = str(asked["baseline"]["kind"])
    source = (asked.get("baseline_from") or {}).get("kind", engine)
    return engine if source == engine else f"{engine} ({source})"


def _cells(run: dict[str, Any]) -> list[str]:
    asked = run["submission"]
    word = run["verdict"] or run["state"]
    style = _STYLES.get(word)
    return [
        run["id"],
        f"[{style}]{word}[/]" if style else word,
        cell(asked["model"]["path"].rstrip("/").rpartition("/")[2]),
        cell(f"{asked['candidate']['kind']} / {_baseline(asked)}"),
        cell(asked["suite"]),
        run["created_at"][:19].replace("T", " "),
    ]
