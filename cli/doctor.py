"""`plumbline doctor`: look at everything the service needs, and say which command mends what is amiss."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.checks import Finding, Level, findings
from db.settings import settings

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Check this machine; the exit status is 1 when something fails."""
    found: list[Finding] = []
    console = Console(highlight=False)
    for finding in findings(settings()):
        found.append(finding)
        if not as_json:
            console.print(_line(finding), soft_wrap=True)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    if any(finding.level is Level.FAIL for finding in found):
        raise typer.Exit(1)


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.level:<5}", style=_STYLES[finding.level])
    line.append(f"{finding.name:<18} {finding.found}", style="default")
    if finding.remedy:
        line.append(f"\n{'':<24} -> {finding.remedy}", style="bold")
    return line
