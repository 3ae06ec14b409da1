"""`plumbline github`: look at the webhooks that came, and let one be worked at again."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.text import Text

from cli.client import ROOT
from cli.errors import readable
from cli.github_comment import comment
from cli.options import JsonFlag, Server, client_of
from cli.table import new_table
from cli.text import visible

app = typer.Typer(help="The bot on GitHub's pull requests.", no_args_is_help=True)
app.command()(comment)


@app.command()
@readable
def deliveries(
    state: Annotated[str | None, typer.Option(help="received, done, ignored or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """List the webhooks of GitHub that came, the newest first, with what was made of each."""
    items = client_of(server).get(f"{ROOT}/github/deliveries", state=state, limit=limit)["items"]
    if as_json:
        print(json.dumps(items))
        return
    table = new_table("Webhooks", "id", "came (UTC)", "event", "about", "by", "state", "outcome", numbers=False)
    for item in items:
        table.add_row(*(Text(visible(cell)) for cell in _cells(item)))
    Console(highlight=False).print(table)


@app.command()
@readable
def replay(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="A webhook's X-GitHub-Delivery.")],
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Let a webhook be worked at again; a command that was obeyed is not obeyed twice."""
    found = client_of(server).post(f"{ROOT}/github/deliveries/{quote(delivery, safe='')}/replay")
    if as_json:
        print(json.dumps(found))
        return
    Console(highlight=False).print(Text(visible(f"{found['id']} is {found['state']} again")))


def _cells(item: dict[str, Any]) -> tuple[str, ...]:
    event = item["event"] + (f", {item['action']}" if item["action"] else "")
    about = (item["repository"] or "–") + (f"#{item['number']}" if item["number"] else "")
    came = item["received_at"][:19].replace("T", " ")
    return item["id"], came, event, about, item["sender"] or "–", item["state"], item["outcome"] or "–"
