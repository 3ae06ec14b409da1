"""`plumbline harnesses`: install, list and remove the harnesses that have a Python environment of their own."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from db.settings import settings
from evals.errors import PlumblineError
from workers.harnesses.environments import KNOWN, installed_harnesses
from workers.harnesses.install import install_harness, remove_harness

app = typer.Typer(no_args_is_help=True, help="Install, list and remove harnesses beside lm-eval, which is built in.")
console = Console()
errors = Console(stderr=True)

Harness = Annotated[str, typer.Argument(help=f"Harness: {', '.join(KNOWN)}.")]


@app.command("install")
def install_command(harness: Harness) -> None:
    """Build a harness's environment; what is up to date stays as it is."""
    _check_name(harness)
    started = time.monotonic()

    def say(line: str) -> None:
        console.print(f"[bold]{harness}[/] [dim]{time.monotonic() - started:4.0f} s[/]  {escape(line)}", soft_wrap=True)

    try:
        install_harness(harness, settings=settings(), say=say)
    except PlumblineError as error:
        errors.print(f"[red]{harness} was not installed.[/] {escape(error.message)}\n{escape(error.remedy)}")
        raise typer.Exit(1) from None


@app.command("list")
def list_command() -> None:
    """Show the harnesses of this host."""
    found = installed_harnesses(settings())
    if not found:
        console.print(f"No harness beside lm-eval is installed. Run `plumbline harnesses install {KNOWN[0]}`.")
        return
    table = Table("harness", "version", "size", "state", box=None)
    table.add_column("path", overflow="fold")
    for harness, folder, manifest in found:
        cells = ("", "", "unfinished: install it again")
        if manifest is not None:
            cells = (manifest.version, f"{manifest.size_bytes / 1e9:.1f} GB", "ready")
        table.add_row(harness, *cells, str(folder))
    console.print(table)


@app.command("remove")
def remove_command(harness: Harness) -> None:
    """Delete a harness's environment."""
    _check_name(harness)
    was_there = remove_harness(harness, settings=settings())
    console.print(f"{harness}: {'removed' if was_there else 'was not installed'}")


def _check_name(harness: str) -> None:
    if harness not in KNOWN:
        raise typer.BadParameter(f"there is no harness {harness!r} to install; use {' or '.join(KNOWN)}")
