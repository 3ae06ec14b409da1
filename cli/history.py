"""`plumbline history`: the lineages, and how the values of one went."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.changes import STYLES, amount_with_interval, between, code, levels, step
from cli.client import ROOT, Client
from cli.errors import readable
from cli.options import JsonFlag, Server, client_of
from cli.table import new_table
from cli.text import visible
from evals.errors import InvalidSubmissionError


@readable
def history(
    lineage: Annotated[
        str | None, typer.Argument(metavar="LINEAGE", help="A lineage, or a part of its name; none lists them.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Only this metric.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="Only the newest points.")] = 60,
    csv: Annotated[bool, typer.Option("--csv", help="Print a line for each point.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Show a lineage's values over time, with intervals and changes of level."""
    client = client_of(server)
    if lineage is None:
        _list(client, as_json)
        return
    query = {"lineage": _whole(client, lineage), "metric": metric, "limit": limit}
    if csv:
        print(client.get_text(f"{ROOT}/history", **query, format="csv")[0], end="")
        return
    found = client.get(f"{ROOT}/history", **query)
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False)
    console.print(Text(visible(found["lineage"]["key"]), style="bold"), soft_wrap=True)
    for series in found["series"]:
        console.print()
        console.print(_table(series))
        console.print(_noise(series), markup=False, soft_wrap=True)


def _list(client: Client, as_json: bool) -> None:
    items = client.get(f"{ROOT}/lineages")["items"]
    if as_json:
        print(json.dumps(items))
        return
    table = new_table("Lineages", "model | workload | engine | hardware", "runs", "newest (UTC)")
    for item in items:
        table.add_row(Text(visible(item["lineage"]["key"])), str(item["runs"]), _time(item["newest_at"]))
    Console(highlight=False).print(table)


def _whole(client: Client, part: str) -> str:
    """Return the lineage whose name this is, or the only one that contains it."""
    keys: list[str] = [item["lineage"]["key"] for item in client.get(f"{ROOT}/lineages")["items"]]
    named = [key for key in keys if part == key] or [key for key in keys if part in key]
    if len(named) > 1:
        raise InvalidSubmissionError(
            f"{len(named)} lineages contain {part!r}", remedy="give more of its name: " + "; ".join(named[:5])
        )
    return named[0] if named else part


def _table(series: dict[str, Any]) -> Table:
    title = f"{series['metric']} (setup {series['setup']})"
    table = new_table(visible(title), "ended (UTC)", "run", "kind", "code", "value [95 %]", "n", "", numbers=False)
    changes = {change["first_run"]: change for change in series["changes"]}
    for point in series["points"]:
        change = changes.get(point["run"]) if point["counted"] else None
        if change is not None:
            style, mark = STYLES[change["state"]], "▼" if change["size"] < 0 else "▲"
            told = Text(f"{mark} {step(change)}: {levels(change)}", style=style)
            table.add_row("", Text(change["id"], style=style), change["state"], between(change), told, "", "")
        table.add_row(
            _time(point["finished_at"]),
            point["run"],
            point["kind"] if point["side"] == "candidate" else point["side"],
            code(point["version"] if point["source"] in (None, "installed") else point["source"]),
            amount_with_interval(point, series["unit"]),
            str(point["n"]),
            _note(point),
            style=None if point["counted"] else "dim",
        )
    return table


def _note(point: dict[str, Any]) -> Text:
    told = point["partial"] or ("answers of an earlier run" if point["reused"] else "")
    return Text(visible(told))


def _noise(series: dict[str, Any]) -> str:
    noise, least = series["noise"], series["minimal_step"]
    share = series["unit"] == "share"
    counts = f"steps of {100 * least:.1f} {'pp' if share else '%'} count"
    if noise is None:
        return f"noise: unknown, too few repeats of the same code; {counts}"
    unit = "%" if noise["relative"] else "pp" if share else series["unit"]
    scale = 100 if noise["relative"] or share else 1
    return (
        f"noise: {scale * noise['deviation']:.2g} {unit} between {noise['repeats']} repeats of the same code; {counts}"
    )


def _time(text: str) -> str:
    return text[:16].replace("T", " ")
