"""`plumbline preflight`: check a new model file for SGLang without running it, a service or a GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import readable
from cli.options import JsonFlag
from cli.text import visible
from db.settings import settings
from evals.errors import InvalidSubmissionError
from evals.preflight.check import Preflight, check_model
from evals.preflight.findings import Finding, Severity
from workers.engines.base import package_folder
from workers.engines.environments import folder_of

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


@readable
def preflight(
    path: Annotated[Path, typer.Argument(help="A model file, or the folder of a package with model files.")],
    config: Annotated[
        Path | None, typer.Option(help="The model's config.json, or its folder; its chat template is looked at too.")
    ] = None,
    sglang: Annotated[
        Path | None, typer.Option(help="Sources of SGLang.", show_default="the installed engine's")
    ] = None,
    architectures: Annotated[
        list[str] | None,
        typer.Option("--architecture", help="Name asked for instead of the config's; may be repeated."),
    ] = None,
    processors: Annotated[Path | None, typer.Option(help="Folder of another package, with its processors.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a new model file against SGLang's guide; the exit status is 1 when there are errors."""
    values, folder = _model(config)
    found = check_model(
        path,
        sglang=sglang or _installed_sglang(),
        config=values,
        folder=folder,
        architectures=architectures or (),
        processors=processors.resolve() if processors else None,
    )
    if as_json:
        typer.echo(json.dumps(_document(found), indent=2))
    else:
        _show(found)
    if found.errors:
        raise typer.Exit(1)


def _model(config: Path | None) -> tuple[dict[str, Any] | None, Path | None]:
    """Return a config's values and the model's folder."""
    if config is None:
        return None, None
    file = config / "config.json" if config.is_dir() else config
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidSubmissionError(f"{file} cannot be read: {error}", remedy="name a model's config.json") from None
    if not isinstance(values, dict):
        raise InvalidSubmissionError(f"{file} is no JSON object", remedy="name a model's config.json")
    return values, file.resolve().parent


def _installed_sglang() -> Path:
    """Return an installed SGLang's package; any device's will do, as nothing of it runs."""
    for device in ("cuda", "cpu"):
        found = package_folder(folder_of("sglang", device, settings()), "sglang")
        if found is not None:
            return found
    raise InvalidSubmissionError(
        "there are no sources of SGLang to hold the file against",
        remedy="run `plumbline engines install sglang`, or name a checkout with --sglang",
    )


def _document(found: Preflight) -> dict[str, Any]:
    rows = [
        {
            "rule": finding.rule,
            "severity": finding.severity,
            "file": str(finding.file),
            "line": finding.line,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        for finding in found.findings
    ]
    return {"files": [str(file) for file in found.files], "models": list(found.models), "findings": rows}


def _show(found: Preflight) -> None:
    console = Console(highlight=False)
    for finding in found.findings:
        console.print(_line(finding), soft_wrap=True)
    errors, warnings = len(found.errors), len(found.findings) - len(found.errors)
    offered = f"models: {', '.join(found.models)}" if found.models else "no models; a file that others use"
    counts = f"{len(found.files)} files, {errors} errors, {warnings} warnings"
    console.print(visible(f"{counts}; {offered}"), markup=False, soft_wrap=True)


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.severity:<8}", style=_STYLES[finding.severity])
    line.append(visible(f"{finding.file}:{finding.line} [{finding.rule}]\n"), style="default")
    line.append(visible(f"{'':<8}{finding.message}\n"), style="default")
    line.append(visible(f"{'':<8}-> {finding.remedy}"), style="bold")
    return line
