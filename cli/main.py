"""The command `plumbline`: every subcommand, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import baselines, engines, github, harnesses, regressions, schedules, tokens
from cli.bisect import bisect
from cli.doctor import doctor
from cli.explain import explain
from cli.history import history
from cli.logs import logs
from cli.preflight import preflight
from cli.rescoring import rescore
from cli.runs import cancel, list_runs, report, retry
from cli.samples import samples
from cli.submit import submit
from cli.up import down, up
from cli.watch import watch

app = typer.Typer(
    name="plumbline",
    help="Compare inference engines on benchmarks, and get a verdict.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

_SERVICE, _RUNS, _HISTORY = "The service", "Runs", "History"

app.command(rich_help_panel=_SERVICE)(up)
app.command(rich_help_panel=_SERVICE)(down)
app.command(rich_help_panel=_SERVICE)(doctor)
app.add_typer(engines.app, name="engines", rich_help_panel=_SERVICE)
app.add_typer(harnesses.app, name="harnesses", rich_help_panel=_SERVICE)
app.add_typer(tokens.app, name="tokens", rich_help_panel=_SERVICE)
app.add_typer(github.app, name="github", rich_help_panel=_SERVICE)
app.command(rich_help_panel=_RUNS)(preflight)
app.command(rich_help_panel=_RUNS)(submit)
app.command(rich_help_panel=_RUNS)(watch)
app.command(rich_help_panel=_RUNS)(bisect)
app.command("list", rich_help_panel=_RUNS)(list_runs)
app.command(rich_help_panel=_RUNS)(report)
app.command(rich_help_panel=_RUNS)(rescore)
app.command(rich_help_panel=_RUNS)(explain)
app.command(rich_help_panel=_RUNS)(samples)
app.command(rich_help_panel=_RUNS)(logs)
app.command(rich_help_panel=_RUNS)(cancel)
app.command(rich_help_panel=_RUNS)(retry)
app.add_typer(baselines.app, name="baselines", rich_help_panel=_RUNS)
app.command(rich_help_panel=_HISTORY)(history)
app.add_typer(regressions.app, name="regressions", rich_help_panel=_HISTORY)
app.add_typer(schedules.app, name="schedules", rich_help_panel=_HISTORY)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"plumbline {version('plumbline')}")
        except PackageNotFoundError:
            print("plumbline (not installed)")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Compare inference engines on benchmarks, and get a verdict."""


if __name__ == "__main__":
    app()
