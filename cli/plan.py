"""What a submission would bring, in a terminal: `plumbline submit --check`."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.table import new_table
from cli.text import visible


def tell_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    """Print the answer of the API's check."""
    if as_json:
        print(json.dumps(plan))
        return
    console = Console(highlight=False)
    runs = f" of {', '.join(plan['baseline_runs'])}" if plan["baseline_runs"] else ""
    console.print(f"It would run {visible(plan['compared'])}{runs}. Nothing was submitted.", markup=False)
    jobs = new_table("Jobs", "job", "engine", "device", "dtype", "measures", numbers=False)
    for job in plan["jobs"]:
        engine = job["engine"] + (f" against {job['opponent']}" if job["opponent"] else "")
        jobs.add_row(job["role"], engine, job["device"], job["dtype"], Text(visible(", ".join(job["workloads"]))))
    console.print(jobs)
    seen = new_table("Workloads", "workload", "items", "margin", "a drop that fails", "items to pass")
    for workload in plan["workloads"]:
        seen.add_row(Text(visible(workload["name"])), *_numbers(workload))
    console.print(seen)
    for note in plan["notes"]:
        console.print(f"Note: {note}", markup=False, soft_wrap=True)


def _numbers(workload: dict[str, Any]) -> tuple[str, ...]:
    """Return what a workload could see; a dash where that is not known before the run."""
    margin, drop = workload["margin"], workload["detectable"]
    return (
        f"{workload['items']:,}" if workload["items"] else "-",
        "-" if margin is None else f"{100 * margin:g} pp",
        "-" if drop is None else f"{100 * drop:.1f} pp",
        f"{workload['needed']:,}" if workload["needed"] else "-",
    )
