"""How a run ended: its tables, its jobs' errors, and the exit status."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

from cli.client import ROOT, Client
from cli.errors import ServerRefusedError
from cli.tables import print_report
from db.codec import from_json
from evals.result import Report, Verdict

_STATUS = {Verdict.PASS.value: 0, Verdict.FAIL.value: 1}


def exit_status(verdict: str | None) -> int:
    """Return 0 for a pass, 1 for a fail, and 2 for everything that decided nothing."""
    return _STATUS.get(verdict or "", 2)


def print_outcome(client: Client, run: dict[str, Any], *, as_json: bool) -> None:
    """Print a finished run's report and address, or its JSON."""
    report = read_report(client, run["id"])
    if as_json:
        print(json.dumps({"run": run, "report": report}))
        return
    console = Console()
    if report is not None:
        print_report(console, from_json(Report, report), run["links"]["page"])
    else:
        console.print(f"Run {run['id']} ended without a report: {run['links']['page']}", markup=False, soft_wrap=True)
    point_to_logs(console, run)


def point_to_logs(console: Console, run: dict[str, Any]) -> None:
    """Say where the logs of failed jobs are; the report has told why they failed."""
    for job in run["jobs"]:
        if job["state"] == "failed" and job["log"]:
            console.print(f"Log: plumbline logs {run['id']} --job {job['role']}", markup=False, highlight=False)


def read_report(client: Client, run_id: str) -> dict[str, Any] | None:
    """Return a run's report, or None when there is none."""
    try:
        report: dict[str, Any] = client.get(f"{ROOT}/submissions/{run_id}/report")
    except ServerRefusedError as error:
        if error.details["problem_code"] == "no_report_yet":
            return None
        raise
    return report
