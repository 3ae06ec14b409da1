"""`plumbline regressions`: list, show, acknowledge, assign, fix and reopen."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.changes import STYLES, between, levels, step
from cli.client import ROOT
from cli.errors import readable
from cli.options import JsonFlag, Server, client_of
from cli.table import new_table
from cli.text import visible

app = typer.Typer(help="Look at changes for the worse, and decide about them.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="A regression's id.")]
Reason = Annotated[str, typer.Option(help="Why; it stays in the log.")]


@app.command("list")
@readable
def list_all(
    state: Annotated[list[str] | None, typer.Option(help="open, acknowledged, fixed or reopened; repeatable.")] = None,
    improvements: Annotated[bool, typer.Option("--improvements", help="Changes for the better, too.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """List regressions, the newest first."""
    query = {"state": state or None, "improvements": improvements or None}
    items = client_of(server).get(f"{ROOT}/regressions", **query)["items"]
    if as_json:
        print(json.dumps(items))
        return
    table = new_table("Regressions", "id", "state", "since (UTC)", "size [95 %]", "between", "metric", numbers=False)
    for item in items:
        table.add_row(
            item["id"],
            Text(item["state"], style=STYLES[item["state"]]),
            item["first_at"][:16].replace("T", " "),
            step(item),
            between(item),
            Text(visible(f"{item['metric']} of {item['lineage']}")),
        )
    Console(highlight=False).print(table)


@app.command()
@readable
def show(regression: Id, server: Server = None, as_json: JsonFlag = False) -> None:
    """Show a regression with its figures and its log."""
    _print(client_of(server).get(f"{ROOT}/regressions/{regression}"), as_json)


@app.command()
@readable
def acknowledge(regression: Id, reason: Reason, server: Server = None, as_json: JsonFlag = False) -> None:
    """Say that a regression is known, and why it stands."""
    _print(client_of(server).post(f"{ROOT}/regressions/{regression}/acknowledge", {"reason": reason}), as_json)


@app.command()
@readable
def fix(
    regression: Id,
    commit: Annotated[str, typer.Option(help="The commit that mends it.")],
    reason: Annotated[str | None, typer.Option(help="More about it.")] = None,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Name the commit that mends an acknowledged regression."""
    body = {"commit": commit, "reason": reason}
    _print(client_of(server).post(f"{ROOT}/regressions/{regression}/fix", body), as_json)


@app.command()
@readable
def assign(
    regression: Id,
    commit: Annotated[str, typer.Option(help="The commit that is to blame.")],
    reason: Annotated[str | None, typer.Option(help="More about it.")] = None,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Name the commit that brought a regression."""
    body = {"commit": commit, "reason": reason}
    _print(client_of(server).post(f"{ROOT}/regressions/{regression}/assign", body), as_json)


@app.command()
@readable
def reopen(regression: Id, reason: Reason, server: Server = None, as_json: JsonFlag = False) -> None:
    """Say that a fixed regression is there again."""
    _print(client_of(server).post(f"{ROOT}/regressions/{regression}/reopen", {"reason": reason}), as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(found["state"], style=STYLES[found["state"]]), Text(f"{found['id']}: {step(found)}"))
    console.print(visible(f"{found['metric']} of {found['lineage']}"), markup=False)
    console.print(f"{levels(found)}", markup=False)
    console.print(f"between run {found['last_run']} and run {found['first_run']}: {between(found)}", markup=False)
    for event in found["events"]:
        commit = f" {event['commit'][:12]}" if event["commit"] else ""
        said = f"  {event['at'][:16].replace('T', ' ')} {event['actor']}: {event['action']}{commit}"
        console.print(visible(f"{said}, {event['reason']}" if event["reason"] else said), markup=False)
