"""`plumbline samples`: items with both sides' answers."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import ROOT
from cli.errors import readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.text import cell, visible


class Flip(StrEnum):
    """How the sides disagree."""

    ANY = "any"
    LOST = "lost"
    GAINED = "gained"
    NONE = "none"


@readable
def samples(
    run: RunArgument,
    flip: Annotated[
        Flip | None, typer.Option(help="lost: only the baseline is right; gained: only the candidate.")
    ] = None,
    unparsed: Annotated[bool, typer.Option("--unparsed", help="Only items in which nothing was found.")] = False,
    workload: Annotated[str | None, typer.Option(help="Default: the suite's first that has items.")] = None,
    metric: Annotated[str | None, typer.Option(help="Default: the metric that decides.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Show items with both sides' answers."""
    client = client_of(server)
    found: list[dict[str, Any]] = []
    path: str | None = f"{ROOT}/submissions/{run}/samples"
    query = {"flip": flip, "unparsed": unparsed or None, "workload": workload, "metric": metric}
    first: dict[str, Any] = {**query, "limit": min(limit, 100)}
    while path is not None and len(found) < limit:
        page = client.get(path, **first)
        found, path, first = found + page["items"], page["next"], {}
    if as_json:
        print(json.dumps(found[:limit]))
        return
    for item in found[:limit]:
        _print(Console(highlight=False), item)
    if not found:
        print("no item is like that")


def _print(console: Console, item: dict[str, Any]) -> None:
    title = f"{item['task']}/{item['doc_id']}  {item['flip'] or ''}  gold answer: {item['gold']}"
    console.rule(cell(title), align="left")
    question = (item["prompt"] or "").rstrip().rpartition("\n\n")[2]
    console.print(visible(question), markup=False)
    for side in ("candidate", "baseline"):
        answer = item[side]
        judged = {None: "not judged", 0.0: "wrong"}.get(answer["value"], "right")
        console.print(f"{side}: {judged}, found {answer['extracted']!r}{how_found(answer)}", style="bold", markup=False)
        console.print(visible(answer["text"] or ""), markup=False)


def how_found(answer: dict[str, Any]) -> str:
    """Return by which rule the answer was found, and how likely each choice was, where that is known."""
    rule = f" ({answer['how']})" if answer.get("how") else ""
    likely = answer.get("log_probabilities")
    return f"{rule}, log-probabilities {', '.join(f'{value:.3f}' for value in likely)}" if likely else rule
