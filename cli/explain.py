"""`plumbline explain`: a verdict's reasons in order of weight, and a flip opened where its two texts part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client import ROOT, Client
from cli.errors import readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.samples import how_found
from cli.table import STYLES, new_table
from cli.text import cell, visible
from db.codec import from_json
from evals.errors import InvalidSubmissionError
from evals.formatting import answer_line, item_name, one_line
from evals.result import Comparison, Flip, Report
from evals.spec import Role
from evals.verdict import WORDS

_NOT_FOUND = "nothing found"


@readable
def explain(
    run: RunArgument,
    item: Annotated[str | None, typer.Argument(metavar="ITEM", help="An item to open, as TASK/NUMBER.")] = None,
    workload: Annotated[str | None, typer.Option(help="The item's workload.", show_default="the first")] = None,
    metric: Annotated[str | None, typer.Option(help="By which it is judged.", show_default="what decides")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many flips.")] = 10,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Say why a run got its verdict; with an item show both answers and the first token in which they part."""
    client, console = client_of(server), Console(highlight=False)
    if item is not None:
        found = _item(client, run, item, workload=workload, metric=metric)
        print(json.dumps(found)) if as_json else _print_item(console, found)
        return
    body = client.get(f"{ROOT}/submissions/{run}/report")
    report = from_json(Report, body)
    if as_json:
        print(json.dumps({"verdict": body["verdict"], "headline": report.headline, "reasons": report.reasons}))
        return
    console.print(
        Text(f"{WORDS[report.verdict]}:", style=STYLES[report.verdict]), visible(report.headline), markup=False
    )
    for number, reason in enumerate(report.reasons, 1):
        console.print(visible(f"{number}. {reason}"), markup=False, soft_wrap=True)
    _print_flips(console, report, limit)


def worst_flips(comparisons: Iterable[Comparison]) -> list[tuple[Comparison, Flip]]:
    """Return the flips of what decides, the worst first: lost with a wrong answer, lost without one, then gained."""
    flips = [(one, flip) for one in comparisons if one.decides for flip in one.flips]
    return sorted(flips, key=lambda pair: (pair[1].right == Role.CANDIDATE, pair[1].candidate_extracted is None))


def _print_flips(console: Console, report: Report, limit: int) -> None:
    flips = worst_flips(report.comparisons)
    if not flips:
        return
    table = new_table("\nFlips, the worst first", "item", "workload", "right", *("candidate", "baseline"), "reference",
                      numbers=False)  # fmt: skip
    for comparison, flip in flips[:limit]:
        answers = (flip.candidate_extracted, flip.baseline_extracted)
        shown = [cell(_NOT_FOUND if answer is None else one_line(answer, 40)) for answer in answers]
        name = cell(item_name((flip.task, flip.doc_id)))
        table.add_row(name, cell(comparison.workload), flip.right, *shown, cell(answer_line(flip.gold)))
    console.print(table)
    if len(flips) > limit:
        console.print(f"... and {len(flips) - limit:,} more: --limit {len(flips)}")
    comparison, worst = flips[0]
    words = ["plumbline explain", report.run_id, item_name((worst.task, worst.doc_id)), "--workload"]
    console.print(visible(f"Open one: {' '.join([*words, comparison.workload])}"), markup=False, soft_wrap=True)


def _item(client: Client, run: str, item: str, *, workload: str | None, metric: str | None) -> dict[str, Any]:
    task, slash, number = item.rpartition("/")
    if not slash or not number.isdecimal():
        raise InvalidSubmissionError(f"{item!r} names no item", remedy="write TASK/NUMBER, such as gsm8k/17")
    path = f"{ROOT}/submissions/{run}/samples/{task}/{number}"
    found: dict[str, Any] = client.get(path, workload=workload, metric=metric)
    return found


def _print_item(console: Console, found: dict[str, Any]) -> None:
    sample, parted = found["sample"], found["divergence"]
    name = f"{sample['task']}/{sample['doc_id']}  {sample['flip'] or 'no flip'}  {sample['metric']}"
    console.rule(cell(name), align="left")
    console.print(visible((sample["prompt"] or "").rstrip().rpartition("\n\n")[2]), markup=False)
    table = Table(show_lines=True, expand=True)
    table.add_column("", no_wrap=True)
    for side in (Role.CANDIDATE, Role.BASELINE):
        table.add_column(side.value, ratio=1, overflow="fold")
    sides = [sample[side] for side in (Role.CANDIDATE, Role.BASELINE)]
    table.add_row("judged", *(_judged(side) for side in sides))
    table.add_row("found", *(cell(_found(side)) for side in sides))
    table.add_row("text", *(_marked(sample[side]["text"], parted, side) for side in (Role.CANDIDATE, Role.BASELINE)))
    console.print(table)
    console.print(cell(f"gold answer: {answer_line(sample['gold'] or '')}"))
    console.print(visible(_parting(parted, sides)), markup=False, soft_wrap=True)


def _judged(side: dict[str, Any]) -> str:
    return {None: "not judged", 0.0: "wrong"}.get(side["value"], "right")


def _found(side: dict[str, Any]) -> str:
    return f"{_NOT_FOUND if side['extracted'] is None else repr(side['extracted'])}{how_found(side)}"


def _marked(text: str | None, parted: dict[str, Any] | None, side: str) -> Text:
    """Return a text with marks around what differs first."""
    if text is None or parted is None:
        return Text(visible(text or "no answer was recorded"))
    start = parted["character"]
    end = start + len(parted[side]["differing"])
    marked = Text(visible(text[:start]))
    marked.append(f"»{visible(text[start:end])}«", style="bold reverse")
    return marked.append(visible(text[end:]))


def _parting(parted: dict[str, Any] | None, sides: list[dict[str, Any]]) -> str:
    if parted is not None:
        ours, theirs = (parted[side]["differing"] or "the end" for side in (Role.CANDIDATE, Role.BASELINE))
        by = "by the model's tokenizer" if parted["unit"] == "token" else "the model's tokenizer does not lie here"
        where = f"{parted['unit']} {parted['position'] + 1:,} ({by})"
        return f"They part at {where}: {ours!r} from the candidate, {theirs!r} from the baseline."
    if any(side["text"] is None for side in sides):
        return "A side has no answer on record."
    if all(side["log_probabilities"] for side in sides):
        return "Nothing was written: the choice that is most likely is the answer."
    return "The texts are equal."
