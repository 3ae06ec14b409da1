"""`plumbline schedules`: submissions that the service makes by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.client import ROOT, is_local
from cli.errors import readable
from cli.options import JsonFlag, Server, client_of, model_path
from cli.submission import Side, given
from cli.table import new_table
from cli.text import visible
from evals.errors import InvalidSubmissionError

app = typer.Typer(help="Let the service submit by itself, night after night.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A schedule's name.")]


@app.command()
@readable
def add(
    name: Name,
    cron: Annotated[str, typer.Option(help='Minute, hour, day, month, weekday in UTC: "0 2 * * *".')],
    submission: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON as the API takes it; - reads it.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model's folder or hub name.")] = None,
    engine: Annotated[str, typer.Option(help="The candidate: sglang or hf.")] = "sglang",
    engine_source: Annotated[str | None, typer.Option(help="Its code: installed, git:URL@REF or wheel:PATH.")] = None,
    baseline: Annotated[str, typer.Option(help="The baseline's engine.")] = "hf",
    suite: Annotated[str, typer.Option(help="What to measure.")] = "demo",
    device: Annotated[str | None, typer.Option(help="cpu or cuda.")] = None,
    gpus: Annotated[int | None, typer.Option(min=0, help="GPUs of a job.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Of its runs, beside nightly; may be repeated.")] = None,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a schedule: a submission out of a file, or out of the options."""
    client = client_of(server)
    if (submission is None) == (model is None):
        raise InvalidSubmissionError(
            "a schedule submits either a file or what the options say", remedy="give --submission FILE or --model MODEL"
        )
    if submission is not None:
        body = _read(submission)
    else:
        shared = given({"device": device})
        candidate = Side(engine=engine, arguments_option="engine-arg", gpus=gpus, source=engine_source)
        body = {
            "model": model_path(str(model), local=is_local(client.url)),
            "candidate": candidate.body(shared),
            "baseline": Side(engine=baseline, arguments_option="baseline-arg", gpus=gpus).body(shared),
            "suite": suite,
            "tags": tag or [],
        }
    made = client.post(f"{ROOT}/schedules", {"name": name, "cron": cron, "submission": body})
    _told(made, as_json, f"Schedule {name}: next due {_time(made['next_due_at'])} UTC")


@app.command("list")
@readable
def list_all(server: Server = None, as_json: JsonFlag = False) -> None:
    """List schedules."""
    items = client_of(server).get(f"{ROOT}/schedules")["items"]
    if as_json:
        print(json.dumps(items))
        return
    titles = ("cron", "next due (UTC)", "last due (UTC)", "last run", "trouble")
    table = new_table("Schedules", "name", *titles, numbers=False)
    for item in items:
        due = _time(item["next_due_at"]) if item["enabled"] else "disabled"
        trouble = Text(visible(item["last_error"] or ""))
        table.add_row(item["name"], item["cron"], due, _time(item["last_due_at"]), item["last_run"] or "–", trouble)
    Console(highlight=False).print(table)


@app.command()
@readable
def enable(name: Name, server: Server = None, as_json: JsonFlag = False) -> None:
    """Let a schedule go on from now."""
    made = client_of(server).post(f"{ROOT}/schedules/{name}/enable")
    _told(made, as_json, f"Schedule {name}: next due {_time(made['next_due_at'])} UTC")


@app.command()
@readable
def disable(name: Name, server: Server = None, as_json: JsonFlag = False) -> None:
    """Let a schedule rest."""
    _told(client_of(server).post(f"{ROOT}/schedules/{name}/disable"), as_json, f"Schedule {name} rests")


@app.command()
@readable
def remove(name: Name, server: Server = None) -> None:
    """Forget a schedule; its runs stay."""
    client_of(server).delete(f"{ROOT}/schedules/{name}")
    print(f"Schedule {name} is removed")


@app.command("run-now")
@readable
def run_now(name: Name, server: Server = None, as_json: JsonFlag = False) -> None:
    """Make a schedule's run at once."""
    run = client_of(server).post(f"{ROOT}/schedules/{name}/run")
    _told(run, as_json, f"Run {run['id']}. Follow it: plumbline watch {run['id']}")


def _read(file: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text())
    except (OSError, ValueError) as error:
        raise InvalidSubmissionError(
            f"{file} holds no submission: {error}", remedy="write the JSON that POST /api/v1/submissions takes"
        ) from None


def _told(found: dict[str, Any], as_json: bool, words: str) -> None:
    print(json.dumps(found) if as_json else words)


def _time(text: str | None) -> str:
    return text[:16].replace("T", " ") if text else "–"
