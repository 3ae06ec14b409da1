"""`plumbline engines`: install, list and remove the engines' Python environments on this host."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from db.settings import settings
from evals.engine_rules import DEVICES
from evals.errors import PlumblineError
from workers.engines.environments import Manifest, installed
from workers.engines.install import MAIN_PACKAGE, install, remove, remove_source
from workers.sources.made import SourceManifest, made

app = typer.Typer(no_args_is_help=True, help="Install, list and remove the engines that this host can run.")

Engines = Annotated[list[str], typer.Argument(help=f"Engines: {', '.join(MAIN_PACKAGE)}.", metavar="ENGINE...")]
Device = Annotated[str, typer.Option(help=f"Device: {', '.join(DEVICES)}.")]


@app.command("install")
def install_command(
    engines: Engines,
    device: Device = "cpu",
    version: Annotated[str | None, typer.Option(help="Version of one engine in place of the pinned one.")] = None,
) -> None:
    """Build the engines' environments, all at once; what is up to date stays as it is."""
    _check_names(engines, device)
    if version is not None and len(engines) != 1:
        raise typer.BadParameter("a version belongs to one engine; install them one after another")
    with ThreadPoolExecutor(max_workers=len(engines)) as pool:
        jobs = {engine: pool.submit(_install_one, engine, device, version) for engine in dict.fromkeys(engines)}
    failed = [engine for engine, job in jobs.items() if not _finish(engine, device, job)]
    if failed:
        raise typer.Exit(1)


@app.command("list")
def list_command() -> None:
    """Show the environments of this host, and the sources that submissions brought."""
    found = installed(settings())
    if not found:
        Console().print("No engine is installed. Run `plumbline engines install sglang hf --device cpu`.")
    else:
        _show_environments(found)
    _show_sources(made(settings()))


def _show_environments(found: list[tuple[Path, Manifest | None]]) -> None:
    table = Table("engine", "device", "version", "torch", "transformers", "size", "state", box=None)
    table.add_column("path", overflow="fold")
    for folder, manifest in found:
        engine, _, device = folder.name.rpartition("-")
        table.add_row(engine, device, *_cells(manifest), str(folder))
    Console().print(table)


@app.command("remove")
def remove_command(engines: Engines, device: Device = "cpu") -> None:
    """Delete engines' environments, or sources by the names that `list` shows."""
    sources = {folder.name for folder, _ in made(settings())} & set(engines)
    _check_names([name for name in engines if name not in sources], device)
    for name in engines:
        if name in sources:
            remove_source(name, settings=settings())
            Console().print(f"{name}: removed")
            continue
        was_there = remove(name, device, settings=settings())
        Console().print(f"{name} on {device}: {'removed' if was_there else 'was not installed'}")


def _show_sources(found: list[tuple[Path, SourceManifest | None]]) -> None:
    """Show what was made ready for submissions; a layered source lies over the installed environment."""
    if not found:
        return
    table = Table("source", "engine", "device", "version", "kind", "size", box=None)
    table.add_column("from", overflow="fold")
    for folder, manifest in found:
        cells = ("", "", "", "unfinished", "", "") if manifest is None else _source_cells(manifest)
        table.add_row(folder.name, *cells)
    Console().print(table)


def _source_cells(manifest: SourceManifest) -> tuple[str, ...]:
    kind = "layered" if manifest.layered else "own environment"
    size = _size(manifest.size_bytes)
    return manifest.engine, manifest.device, manifest.version, kind, size, escape(manifest.source)


def _check_names(engines: list[str], device: str) -> None:
    unknown = [engine for engine in engines if engine not in MAIN_PACKAGE]
    if unknown:
        raise typer.BadParameter(f"there is no engine {unknown[0]!r} to install; use {' or '.join(MAIN_PACKAGE)}")
    if device not in DEVICES:
        raise typer.BadParameter(f"there is no device {device!r}; use {' or '.join(DEVICES)}")


def _install_one(engine: str, device: str, version: str | None) -> Manifest:
    started = time.monotonic()

    def say(line: str) -> None:
        Console().print(
            f"[bold]{engine:6}[/] [dim]{time.monotonic() - started:4.0f} s[/]  {escape(line)}", soft_wrap=True
        )

    return install(engine, device, settings=settings(), version=version, say=say)


def _finish(engine: str, device: str, job: Future[Manifest]) -> bool:
    """Report one install's end; tell whether it succeeded."""
    try:
        manifest = job.result()
    except PlumblineError as error:
        Console(stderr=True).print(
            f"[red]{engine} was not installed.[/] {escape(error.message)}\n{escape(error.remedy)}"
        )
        return False
    torch = manifest.versions.get("torch", "")
    if device == "cpu" and not torch.endswith("+cpu"):
        Console().print(
            f"[yellow]{engine} uses torch {torch}, which is no CPU build:[/] it works, and its unused CUDA libraries "
            f"take disk space ({_size(manifest.size_bytes)} in all)."
        )
    return True


def _cells(manifest: Manifest | None) -> tuple[str, ...]:
    if manifest is None:
        return "", "", "", "", "unfinished: install it again"
    torch, transformers = (manifest.versions.get(name, "") for name in ("torch", "transformers"))
    return manifest.version, torch, transformers, _size(manifest.size_bytes), "ready"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
