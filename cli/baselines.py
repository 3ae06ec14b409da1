"""`plumbline baselines`: the accepted results, who accepted them, and accepting and taking back."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.client import ROOT
from cli.errors import readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.text import cell, visible

app = typer.Typer(help="List, accept and take back the results that runs are held against.", no_args_is_help=True)

Lineage = Annotated[str, typer.Argument(metavar="LINEAGE", help="As `plumbline baselines list` prints it.")]
Reason = Annotated[str, typer.Option(help="Why; it stays in the history.")]
Workload = Annotated[str | None, typer.Option(help="Only this one.", show_default="all")]


@app.command("list")
@readable
def list_all(
    model: Annotated[str | None, typer.Option(help="Only this model's, as it was submitted.")] = None,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """List the baseline of every lineage."""
    found = client_of(server).get(f"{ROOT}/baselines", model=model)["items"]
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False, soft_wrap=True)
    for item in found:
        console.print(cell(item["lineage"]["key"]), style="bold")
        console.print(f"  {cell(_line(item))}")
    if not found:
        print("no result was accepted yet: plumbline baselines promote RUN")


@app.command()
@readable
def show(lineage: Lineage, server: Server = None, as_json: JsonFlag = False) -> None:
    """Show a lineage's baseline with its values and its fingerprint."""
    found = client_of(server).get(f"{ROOT}/baselines", lineage=lineage)["items"]
    if as_json:
        print(json.dumps(found[0] if found else None))
        return
    console = Console(highlight=False, soft_wrap=True)
    if not found:
        console.print("this lineage has no baseline", markup=False)
        return
    item = found[0]
    console.print(_line(item), markup=False)
    for name, value in item["metrics"].items():
        console.print(visible(f"  {name}: {value['value']:.6g} {value['unit']}, n = {value['n']}"), markup=False)
    console.print(f"  fingerprint {item['fingerprint_sha256'][:12]}", markup=False)
    for name, value in sorted(item["fingerprint"].items()):
        console.print(visible(f"    {name}: {_fact(value)}"), markup=False)


@app.command()
@readable
def promote(
    run: RunArgument,
    reason: Reason,
    workload: Workload = None,
    despite_verdict: Annotated[
        bool, typer.Option("--despite-verdict", help="Also what failed or was incomparable.")
    ] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Accept what a finished run's candidate measured as the baseline of its lineages."""
    body = {"reason": reason, "workload": workload, "despite_verdict": despite_verdict}
    found = client_of(server).post(f"{ROOT}/submissions/{run}/promote", body)["items"]
    _tell(found, f"nothing changed: run {run} is the baseline already", as_json=as_json)


@app.command()
@readable
def demote(
    run: RunArgument, reason: Reason, workload: Workload = None, server: Server = None, as_json: JsonFlag = False
) -> None:
    """Take a run's baselines back; what was accepted before is the baseline again."""
    body = {"reason": reason, "workload": workload}
    found = client_of(server).post(f"{ROOT}/submissions/{run}/demote", body)["items"]
    _tell(found, "nothing changed", as_json=as_json)


@app.command()
@readable
def history(lineage: Lineage, server: Server = None, as_json: JsonFlag = False) -> None:
    """Show who promoted and demoted what in a lineage, the newest first."""
    found = client_of(server).get(f"{ROOT}/baselines/history", lineage=lineage)["items"]
    if as_json:
        print(json.dumps(found))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("when (UTC)", "what", "run", "who", "reason"):
        table.add_column(title, overflow="fold")
    for item in found:
        who = item["actor"] if item["by"] == "person" else f"rule: {item['actor']}"
        table.add_row(_time(item["at"]), item["action"], item["run"], cell(who), cell(item["reason"]))
    Console().print(table)


def _tell(found: list[dict[str, Any]], nothing: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False, soft_wrap=True)
    for item in found:
        console.print(visible(f"{item['action']}: {item['lineage']['key']} (run {item['run']})"), markup=False)
    if not found:
        console.print(nothing, markup=False)


def _line(item: dict[str, Any]) -> str:
    deciding = (f"{value['value']:.4g}, n = {value['n']}" for value in item["metrics"].values() if value["decides"])
    partial = f"; {item['partial']}" if item["partial"] else ""
    by = item["actor"] if item["by"] == "person" else f"the rule {item['actor']!r}"
    return visible(
        f"run {item['run']} of {_time(item['finished_at'])}: {'; '.join(deciding)}; "
        f"{item['verdict'] or 'not judged'}{partial}; accepted by {by}: {item['reason']}"
    )


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {held}" for name, held in sorted(value.items())) or "none"
    return "unknown" if value is None else str(value)


def _time(text: str) -> str:
    return text[:16].replace("T", " ")
